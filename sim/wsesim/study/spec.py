"""A study as values: what varies, over what, and which figures are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from wsesim._version import __version__
from wsesim.hardware import override_names
from wsesim.software import software_override_names
from wsesim.units import Dimension, parse
from wsesim.workload import Workload, setting_names

Value = int | float | bool | str

_SECTIONS = (
    "model", "batch", "inference", "serving", "cluster", "precision", "hardware", "software", "recompute",
    "token_budget",
)  # fmt: skip
_NOT_VARIED = ("batch", "inference", "serving", "hardware", "software", "model.name", "model.source")


def variable_names() -> tuple[str, ...]:
    """Return every setting a study can change: those that change the answer."""
    return tuple(name for name in setting_names() if name.partition(".")[0] in _SECTIONS and name not in _NOT_VARIED)


def dimension_of_setting(name: str) -> Dimension | None:
    """Return what the setting *name* measures; None for a plain number or a word."""
    section, _, figure = name.partition(".")
    names = {"hardware": override_names, "software": software_override_names}
    return names[section]().get(figure) if section in names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A setting that varies."""

    name: str
    """Dotted: `hardware.wafer.io`."""
    values: tuple[Value, ...]
    """As they would stand in a workload."""
    log: bool = False
    """Whether they are equal ratios apart."""

    @property
    def dimension(self) -> Dimension | None:
        """What the values measure; None for plain numbers and words."""
        return dimension_of_setting(self.name)

    @property
    def column(self) -> str | None:
        """Name of the column with the values in one unit, `hardware.wafer.io_bytes_per_s`; None if there is no unit."""
        return self.name + self.dimension.suffix if self.dimension else None

    def number(self, value: Value) -> float | None:
        """Return *value* as a number in the unit we count in, or None for a word."""
        if self.dimension is not None:
            return parse(value, self.dimension)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One what-if. `load_study` makes it."""

    name: str
    question: str
    """A sentence, or nothing."""
    workload_file: str
    """As the study names it."""
    base: Workload
    """The workload that is varied, before any change."""
    data: Mapping[str, Any]
    """The same as plain data, nothing filled in: what follows from a setting must follow at each point."""
    folder: Path
    """Where relative paths of the workload start."""
    axes: tuple[tuple[Parameter, ...], ...]
    """What varies independently; the parameters of one axis step together."""
    fixed: Mapping[str, Value]
    """Settings that differ from the workload at every point."""
    figures: tuple[str, ...]
    """Names of what is kept; `wsesim.study.figures` knows them."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, in the order of the axes."""
        return tuple(parameter for axis in self.axes for parameter in axis)

    @property
    def shown(self) -> tuple[Parameter, ...]:
        """The parameters a reader needs to see: of several with the same values step by step, the first."""
        return tuple(axis[0] for axis in self.axes) if all(map(self.same, self.axes)) else self.parameters

    @staticmethod
    def same(axis: tuple[Parameter, ...]) -> bool:
        """Return whether the parameters of *axis* have the same values."""
        return len({parameter.values for parameter in axis}) == 1

    @property
    def together(self) -> tuple[str, ...]:
        """Names of the parameters that step together."""
        return tuple(parameter.name for axis in self.axes if len(axis) > 1 for parameter in axis)

    @property
    def shape(self) -> tuple[int, ...]:
        """Values of each axis."""
        return tuple(len(axis[0].values) for axis in self.axes)

    def __len__(self) -> int:
        """Return the number of points."""
        return prod(self.shape)

    def points(self) -> tuple[dict[str, Value], ...]:
        """Return the values of every point; the last axis turns fastest."""
        steps = [
            [{parameter.name: parameter.values[index] for parameter in axis} for index in range(len(axis[0].values))]
            for axis in self.axes
        ]
        return tuple({name: value for step in point for name, value in step.items()} for point in product(*steps))

    def to_json(self) -> dict[str, object]:
        """Return what makes the study as plain data."""
        return {
            "workload": dict(self.base.resolved),
            "set": dict(self.fixed),
            "vary": {parameter.name: list(parameter.values) for parameter in self.parameters},
            "together": list(self.together),
            "figures": list(self.figures),
        }

    @property
    def inputs_sha256(self) -> str:
        """Return the hash of all inputs: the version, what makes the study, and all figures."""
        figures = (*self.base.hardware.figures, *self.base.software.figures)
        numbers = [[figure.name, figure.text] for figure in figures]
        inputs = {"version": __version__, "study": self.to_json(), "figures": numbers}
        text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()
