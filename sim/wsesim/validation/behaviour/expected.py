"""What-ifs, and what is expected of their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from wsesim.answer import Level
from wsesim.errors import SpecError
from wsesim.packaged import yaml_data
from wsesim.units import ROUNDING

FILE = "behaviour.yaml"
_ORDERS = {"falls": "never rises", "rises": "never falls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What physics says of answers in a row.

    Raises:
        SpecError: it expects nothing.
    """

    order: Literal["falls", "rises"] | None = None
    """`falls`: none is above the one before it; `rises`: none below."""
    per: str | None = None
    """The setting that the figure is divided by before it is ordered."""
    ratio: tuple[float, float] | None = None
    """Bounds of the last answer over the first."""
    step: float | None = None
    """How many times its neighbour an answer may be."""
    last: tuple[float, float] | None = None
    """Bounds of the last answer, in its own unit."""

    def __post_init__(self) -> None:
        """Refuse what expects nothing."""
        if all(value is None for value in (self.order, self.ratio, self.step, self.last)):
            raise SpecError("expect", "says nothing: give order, ratio, step or last")

    def holds(self, answers: Sequence[float], per: Sequence[float]) -> bool:
        """Return whether *answers* are as expected; *per* are the numbers of the setting `per`."""
        return all(self._checks(answers, per))

    def _checks(self, answers: Sequence[float], per: Sequence[float]) -> Iterator[bool]:
        if self.order:
            ordered = [answer / n for answer, n in zip(answers, per, strict=True)] if self.per else list(answers)
            pairs = pairwise(ordered if self.order == "falls" else ordered[::-1])
            yield all(then <= now * (1 + ROUNDING) for now, then in pairs)
        if self.ratio:
            yield _within(answers[-1] / answers[0], self.ratio)
        if self.step:
            yield all(max(pair) <= self.step * min(pair) for pair in pairwise(answers))
        if self.last:
            yield _within(answers[-1], self.last)

    def __str__(self) -> str:
        """Say it in words."""
        return "; ".join(self._said())

    def _said(self) -> Iterator[str]:
        if self.order:
            yield _ORDERS[self.order] + (f", per {self.per}" if self.per else "")
        if self.ratio:
            low, high = self.ratio
            yield "last as first" if low == high == 1 else f"last {low:g} to {high:g} times first"
        if self.step:
            yield f"neighbours within {100 * (self.step - 1):.0f} %"
        if self.last:
            yield "last {:g} to {:g}".format(*self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A question, what is changed in it, and what is expected of the answers in a row."""

    title: str
    because: str
    """The physics, in a line."""
    ask: Mapping[str, Any]
    """As it would stand in a file."""
    figure: str
    vary: tuple[Mapping[str, object], ...]
    """Settings by dotted name, each asked."""
    expect: tuple[Expectation, ...]
    level: Level | None = None


@cache
def what_ifs() -> tuple[WhatIf, ...]:
    """Return those that come with the package."""
    data: list[dict[str, Any]] = yaml_data(Path(__file__).parents[1] / "data" / FILE)
    return tuple(map(_what_if, data))


def _what_if(entry: Mapping[str, Any]) -> WhatIf:
    expect = tuple(Expectation(**{key: _held(value) for key, value in one.items()}) for one in entry["expect"])
    return WhatIf(**{**entry, "vary": tuple(entry["vary"]), "expect": expect})


def _held(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _within(value: float, bounds: tuple[float, float]) -> bool:
    low, high = bounds
    return low * (1 - ROUNDING) <= value <= high * (1 + ROUNDING)
