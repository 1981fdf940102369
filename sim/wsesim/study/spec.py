"""A study as values: which settings can vary, what varies over what, and which figures are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from wsesim._version import __version__
from wsesim.answer import FigureSpec, Level
from wsesim.questions.base import Question, bounds_of
from wsesim.study.numbers import Value, as_setting, numbers_of
from wsesim.units import Dimension, parse, spelled
from wsesim.workload import SHORT, Formula, Section, dimension_of_setting, is_setting, plain, setting_names

if TYPE_CHECKING:
    from wsesim.study.optimize import OptimizeSection
    from wsesim.study.space import Space

SCENARIO = "scenario"
"""Name of the parameter whose values are sets of changes."""
MOST_NAMED, SIGNS = 3, 6
"""Of a name that tells studies apart: settings, and signs of the sum of all that is asked."""
SHOWN_ONLY = frozenset({"name", "text", "verification", "outputs", "assert"})
"""Keys that decide what is shown and checked beside an answer, never a figure of it."""
_CALLED = ("name", "source")
"""Keys of a section that say what it is called."""


def variable_names(schema: type[Section]) -> tuple[str, ...]:
    """Return every setting of a file of *schema* that a study can change, but for keys of open mappings."""
    return tuple(name for name in setting_names(schema) if is_variable(schema, name))


@cache
def is_variable(schema: type[Section], name: str) -> bool:
    """Return whether *name* is a setting that changes an answer and takes one value; a whole mapping takes many."""
    section, _, key = name.partition(".")
    if section in SHOWN_ONLY or key in _CALLED or not is_setting(schema, name):
        return False
    return bool(key) or section in SHORT or not _is_mapping(schema, section)


def _is_mapping(schema: type[Section], section: str) -> bool:
    fixed = any(name.startswith(f"{section}.") for name in setting_names(schema))
    return fixed or is_setting(schema, f"{section}.any")


@cache
def takes_list(schema: type[Section], name: str) -> bool:
    """Return whether one value of the setting *name* is a list, such as the grid of a kernel."""
    section, _, key = name.partition(".")
    holder = schema.inner(section) if key else schema
    fields = holder.model_fields.items() if holder else ()
    annotation = next((info.annotation for field, info in fields if (key or section) in (field, info.alias)), None)
    each = (annotation, *get_args(annotation))
    plain = (get_args(one)[0] if get_origin(one) is Annotated else one for one in each)
    return any(get_origin(one) is list for one in plain)


def held(name: str, value: Any) -> Any:
    """Return a value of a setting in a file as it is held: lists as tuples, a quantity spelled as all are."""
    if isinstance(value, list):
        return tuple(held(name, each) for each in value)
    return spelled(value) if isinstance(value, str) and dimension_of_setting(name) else value


def written(value: Value) -> str:
    """Print a value of a parameter: `2,048`, `1.2 Tb/s`, `cs-2`, `4 x 8`."""
    if isinstance(value, tuple):
        deep = any(isinstance(item, tuple) for item in value)
        return (", " if deep else " x ").join(map(written, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A setting that varies."""

    name: str
    """Dotted: `hardware.wafer.io`."""
    values: tuple[Value, ...]
    """As they would stand in a workload, but for lists, which are tuples."""
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

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return all(self.number(value) is not None for value in self.values)

    def number(self, value: Value) -> float | None:
        """Return *value* as a number in the unit we count in, or None for a word or a list."""
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
    base: Question
    """The question that is varied, before any change."""
    kinds: tuple[type[Question], ...]
    """Of its points: one, unless the phase varies."""
    axes: tuple[tuple[Parameter, ...], ...]
    """What varies independently; the parameters of one axis step together."""
    fixed: Mapping[str, Value]
    """Settings that differ from the workload at every point."""
    kept: tuple[FigureSpec, ...]
    """Figures of each point that stand in the table."""
    level: Level | None = None
    """That every point is answered at; None for the kind's own."""
    scenarios: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Sets of changes by their name, which is a value of the parameter `scenario`."""
    derived: Mapping[str, Formula] = field(default_factory=dict)
    """Settings that follow from others at each point, in order."""
    limits: tuple[Formula, ...] = ()
    """What a point has to keep to."""
    pareto: tuple[str, ...] = ()
    """Figures that points are weighed by; names of some that are kept."""
    sampled: str = ""
    """How points were drawn, in words, where they are no grid."""
    space: Space | None = None
    """Where points are drawn from, where they are no grid."""
    optimize: OptimizeSection | None = None
    """What is searched for; the points are not known before they are asked."""
    prune: bool = False
    """Whether points that cannot be among the best in `pareto` are left unanswered."""

    @property
    def bounds(self) -> tuple[str, ...]:
        """Why a point cannot be better than a formula says, for each kind that says so."""
        return tuple(dict.fromkeys(bounds_of(kind)[1] for kind in self.kinds))

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that are kept."""
        return tuple(spec.name for spec in self.kept)

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
        """Return the number of points, of a search the most that are asked."""
        return self.optimize.budget if self.optimize else prod(self.shape)

    def points(self) -> tuple[dict[str, Value], ...]:
        """Return the values of every point; the last axis turns fastest."""
        steps = [
            [{parameter.name: parameter.values[index] for parameter in axis} for index in range(len(axis[0].values))]
            for axis in self.axes
        ]
        return tuple({name: value for step in point for name, value in step.items()} for point in product(*steps))

    def changes(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return all settings that differ from the workload at the point of *values*.

        Raises:
            SpecError: a setting that follows from others cannot be worked out.
        """
        scenario = self.scenarios.get(str(values.get(SCENARIO)), {})
        found = {**self.fixed, **scenario, **{name: value for name, value in values.items() if name != SCENARIO}}
        for name, formula in self.derived.items():
            found[name] = as_setting(name, formula.value(numbers_of(self.base, found)))
        return found

    def broken(self, changes: Mapping[str, Value]) -> str:
        """Return what the settings of a point do not keep to; empty if they do, or a figure decides."""
        lookup, figures = numbers_of(self.base, changes), set(self.figures)
        limits = (limit for limit in self.limits if not figures & set(limit.names))
        return next((f"not {limit.text}" for limit in limits if not limit.value(lookup)), "")

    @property
    def settings(self) -> frozenset[str]:
        """Names of all settings that differ from the workload at some point."""
        scenarios = (name for changes in self.scenarios.values() for name in changes)
        varied = (parameter.name for parameter in self.parameters if parameter.name != SCENARIO)
        return frozenset({*varied, *self.fixed, *scenarios, *self.derived})

    def to_json(self) -> dict[str, object]:
        """Return what makes the study as plain data."""
        return {
            "workload": dict(self.base.asked.resolved),
            "level": self.level,
            "set": {name: plain(value) for name, value in self.fixed.items()},
            "vary": {parameter.name: plain(parameter.values) for parameter in self.parameters},
            "together": list(self.together),
            "figures": list(self.figures),
            **({"scenarios": {name: {key: plain(value) for key, value in changes.items()}
                              for name, changes in self.scenarios.items()}} if self.scenarios else {}),
            **({"derive": {name: each.text for name, each in self.derived.items()}} if self.derived else {}),
            **({"require": [each.text for each in self.limits]} if self.limits else {}),
            **({"sample": self.sampled} if self.sampled else {}),
            **({"drawn_from": [dial.words for dial in self.space.dials]} if self.space else {}),
            **({"pareto": list(self.pareto)} if self.pareto and not self.optimize else {}),
            **({"optimize": self.optimize.model_dump()} if self.optimize else {}),
            **({"prune": True} if self.prune else {}),
        }  # fmt: skip

    @property
    def told_apart(self) -> str:
        """Return a name that says what varies, and is another for whatever is asked otherwise."""
        text = json.dumps(self.to_json(), sort_keys=True, default=str)
        varied = [parameter.name.rpartition(".")[2] for parameter in self.shown[:MOST_NAMED]]
        return "-".join([self.base.asked.name, *varied, hashlib.sha256(text.encode()).hexdigest()[:SIGNS]])

    @property
    def inputs_sha256(self) -> str:
        """Return the hash of all inputs: the version, what makes the study, and all figures."""
        numbers = [[figure.name, figure.text] for figure in self.base.asked.figures]
        inputs = {"version": __version__, "study": self.to_json(), "figures": numbers}
        text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()
