"""What figures an answer has, where its time goes, and what was chosen and used for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from wsesim.errors import SpecError
from wsesim.units import ROUNDING

Level = Literal["closed", "system", "cores"]
LEVELS: tuple[Level, ...] = ("closed", "system", "cores")
"""From the coarsest to the most detailed: formulas added up; systems played; kernels run on simulated cores."""
Number = int | float | bool
EMPTY: Mapping[str, Any] = MappingProxyType({})


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    DOES_NOT_FIT = "does_not_fit"
    NOT_MODELLED = "not_modelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSpec:
    """A figure that a kind of question answers with: one definition for terminal, page, JSON, sweep and row."""

    name: str
    """With its unit: `step_s`, `tokens_per_s`, `mfu`, `cycles`. Unique within a kind; the same name means the same."""
    label: str
    """What people call it: `one step`, `time per output token`."""
    meaning: str
    """One sentence: of what, over what."""
    better: Literal["less", "more", ""] = ""
    """Which way is better; empty where neither is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedFigure:
    """A number that was used, and where it comes from."""

    name: str
    text: str
    """The value with its unit, as printed."""
    source: str
    confidence: str = ""
    """H | M | L, or empty where it does not apply."""
    note: str = ""
    overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Where the time goes: seconds by cause.

    Raises:
        SpecError: on construction, where the causes do not sum to the total, or one is negative.
    """

    total_s: float
    by_cause: Mapping[str, float]
    what: str = "run"
    """What the total is of, in a word: `step`, `request`, `service`, `kernel`."""

    def __post_init__(self) -> None:
        if any(not 0 <= seconds < math.inf for seconds in self.by_cause.values()):
            raise SpecError("by_cause", f"must be finite and not negative, got {dict(self.by_cause)}")
        if abs(math.fsum(self.by_cause.values()) - self.total_s) > ROUNDING * max(self.total_s, 1e-12):
            raise SpecError("by_cause", f"sums to {math.fsum(self.by_cause.values())}, not to {self.total_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What the time could not be less than, and what comes on top by cause.

    Raises:
        SpecError: on construction, where what comes on top is negative: it would be no bound.
    """

    seconds: float
    meaning: str
    gap: Mapping[str, float]
    """Seconds from the bound to the answer by cause; they sum to the difference."""

    def __post_init__(self) -> None:
        if any(not 0 <= seconds < math.inf for seconds in self.gap.values()):
            raise SpecError("gap", f"must be finite and not negative, got {dict(self.gap)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was left open and chosen for the user by a figure, and what the best of the others would have given."""

    what: str
    """What was open: `placement`, `passes`, `replicas`."""
    chosen: str
    """In words."""
    figure: str
    """What it was chosen by, with its unit: `step_s`."""
    value: float
    others: tuple[tuple[str, float], ...] = ()
    """Each in words with its figure, the next best first; empty where nothing else fits what is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A part of what this level says otherwise than the next coarser one."""

    figure: str
    cause: str
    """In words."""
    seconds: float
    """That it adds; negative where it takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What holds a time, and what it would be with figures twice as good, asked again."""

    name: str
    """`datapath`, `off-wafer links`; several joined by ` + ` tie: none alone brings what they bring together."""
    figures: tuple[str, ...]
    """That were doubled, or halved where less is better; names of machine and software."""
    saved_s: float
    """Of the whole; negative where the time grows."""
    by_cause: Mapping[str, float]
    """Seconds saved of each cause; they sum to `saved_s`."""
    ties: bool = False
    """Whether it is several that tie."""
