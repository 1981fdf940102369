"""Constants that were set with measured rows in view: what they mean, what they were set on, and how others do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from wsesim.yamlfile import parse_yaml

FILE = "constants.yaml"
MOST = 10
"""Constants that may be calibrated in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A figure of the presets that was calibrated."""

    name: str
    """As overrides name it."""
    value: str
    """With its unit."""
    range: tuple[str, str]
    """What is physically plausible."""
    acts_on: tuple[str, ...]
    """Kinds of rows that it moves."""
    meaning: str
    set_on: str
    """The rows that show it best."""

    @property
    def whole(self) -> bool:
        """Whether it counts whole things: a bare number."""
        return " " not in self.value

    @property
    def number(self) -> float:
        """The value without its unit."""
        return float(self.value.split(" ")[0])

    def with_number(self, number: float) -> str | int:
        """Return another value in the same unit, as an override."""
        return round(number) if self.whole else f"{number:.6g} {self.value.split(' ')[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantChoice:
    """Something else that was chosen with measured rows in view."""

    what: str
    where: str
    why: str
    instead: Mapping[str, Any] = field(default_factory=dict)
    """Figures with what was chosen otherwise, as overrides; empty where it is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A group that had no say: constants as all other groups would set them, and its errors with those."""

    group: str
    values: Mapping[str, str]
    median: float
    worst: float
    median_in_view: float
    """The same with the constants as they are."""
    worst_in_view: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """The whole file."""

    calibrated: tuple[Constant, ...]
    chosen: tuple[ConstantChoice, ...]
    left_out: tuple[LeftOut, ...]


@cache
def load_constants() -> Constants:
    """Return what the file in the package says."""
    return read_constants((files("wsesim.validation") / "data" / FILE).read_text("utf-8"))


def read_constants(text: str) -> Constants:
    """Return what a file of that form says."""
    data: dict[str, Any] = parse_yaml(text, FILE).data
    return Constants(
        calibrated=tuple(_constant(entry) for entry in data["calibrated"]),
        chosen=tuple(ConstantChoice(**entry) for entry in data["chosen"]),
        left_out=tuple(_left_out(entry) for entry in data.get("left_out", ())),
    )


def _constant(entry: Mapping[str, Any]) -> Constant:
    low, high = entry["range"]
    given = {**entry, "value": str(entry["value"]), "range": (str(low), str(high)), "acts_on": tuple(entry["acts_on"])}
    return Constant(**given)


def _left_out(entry: Mapping[str, Any]) -> LeftOut:
    return LeftOut(**{**entry, "values": {name: str(value) for name, value in entry["values"].items()}})
