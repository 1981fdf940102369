"""What a question is answered with: data only, one type for every kind of question, so that every reader sees the same.

Question ─solve(level)─► Answer | DoesNotFit | NotAnswered ─► Result ─► terminal, page, JSON, tables, sweeps, validation
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from wsesim.drawing import CauseBars as CauseBars
from wsesim.drawing import CauseMaps as CauseMaps
from wsesim.drawing import Chain as Chain
from wsesim.drawing import ChainLink as ChainLink
from wsesim.drawing import CodeLine as CodeLine
from wsesim.drawing import CodeListing as CodeListing
from wsesim.drawing import CoreFrames as CoreFrames
from wsesim.drawing import CoreMap as CoreMap
from wsesim.drawing import Curve as Curve
from wsesim.drawing import Drawing as Drawing
from wsesim.drawing import Flame as Flame
from wsesim.drawing import FlameFrame as FlameFrame
from wsesim.drawing import Sketch as Sketch
from wsesim.errors import SpecError

Level = Literal["closed", "system", "cores"]
LEVELS: tuple[Level, ...] = ("closed", "system", "cores")
"""From the coarsest to the most detailed: formulas added up; systems played; kernels run on simulated cores."""
Number = int | float | bool
EMPTY: Mapping[str, Any] = MappingProxyType({})
_CLOSE = 1e-9
"""How far, as a share of the whole, seconds by cause may miss their total: rounding."""


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
        if abs(math.fsum(self.by_cause.values()) - self.total_s) > _CLOSE * max(self.total_s, 1e-12):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTime:
    """One kernel of the answer, all its calls together; seconds on one wafer."""

    block: str
    """embed | layer | head | resident."""
    phase: str
    """forward | backward | recompute or strips (a forward kernel that runs again in the backward pass: as it was not
    kept, or as it passes in strips) | prefill | decode."""
    name: str
    kind: str
    calls: int
    flops: int
    """Matrix FLOPs of all calls on one wafer."""
    cycles: int
    """Cycles of one call."""
    seconds: float
    """Of all calls together."""
    bound: str
    """The cause that takes most."""
    parts: Mapping[str, float]
    """Cycles of one call by cause; they sum to `cycles`."""
    weight_bytes: int = 0
    """Streamed in for one call."""
    gradient_bytes: int = 0
    """Streamed out after one call."""
    fabric_bytes: int = 0
    """Moved over the fabric by one call, all links together."""
    sram_bytes: int = 0
    """Read and written in SRAM by one call, all cores together."""
    events: Mapping[str, float] = field(default_factory=dict)
    """What costs energy in one call, all cores together, by kind: multiply-accumulates, accesses, issues, hops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Something on a track of the timeline from `start_s` to `end_s`."""

    track: str
    name: str
    start_s: float
    end_s: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """One line of the memory table of a core."""

    what: str
    bytes_per_core: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of an answer that are not one figure: percentiles, costs of the job, kernels that ran on cores."""

    name: str
    """Key in JSON, and of its own file where one is written: `percentiles`."""
    title: str
    columns: tuple[str, ...]
    """Field names with their unit (`seconds`, `p50_s`, `share`, `note`); readers print values by them."""
    rows: tuple[tuple[object, ...], ...]
    """Text, numbers or None."""
    asked: bool = False
    """Whether it was asked for by itself, and so stands in a short answer, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one level says to a question that fits."""

    level: Level
    figures: Mapping[str, Number | None]
    """By name, the headline first; the names of the kind's `figures`. None: there is none here, such as a time per
    token where none is written."""
    headline: Mapping[str, str] = field(default_factory=dict)
    """Figures a reader sees first, in order, each with what it is of, at or over, in words."""
    spent: Spent | None = None
    bound: Bound | None = None
    sentences: tuple[str, ...] = ()
    """What belongs beside the headline: how a figure is defined, how things lie, what decides."""
    choices: tuple[Choice, ...] = ()
    """What was chosen for the user."""
    ops: tuple[OpTime, ...] = ()
    timeline: tuple[Interval, ...] = ()
    memory: tuple[MemoryUse, ...] = ()
    """Of the fullest core."""
    memory_limit_bytes: int = 0
    """What its lines have to stay within."""
    tables: tuple[Table, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Files beside the report by name, made when they are written: a trace, an animation, requests one by one."""
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What the answer is about, by group: model, machine, batch, placement."""
    leaves_out: tuple[str, ...] = ()
    """What this level does not model."""
    notes: tuple[str, ...] = ()
    """What was assumed, clamped, refused or chosen for the user."""
    limits: tuple[Limit, ...] = ()
    """What holds the time, that which would bring most first; empty where nothing was asked again."""
    reasons: tuple[Reason, ...] = ()
    """Why this level differs from the next coarser one; what they leave is named when levels are compared."""
    right: bool | None = None
    """Whether values that were computed on the way are right; None where none were compared."""
    events: int = 0
    """Simulated."""

    def __post_init__(self) -> None:
        missing = [name for name in self.headline if name not in self.figures]
        if missing:
            raise SpecError("headline", f"names {missing[0]!r}, which is not a figure of the answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoesNotFit:
    """Why there is no answer: which limit, by how much, and what would fit."""

    why: str
    memory: tuple[MemoryUse, ...] = ()
    memory_limit_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAnswered:
    """Why a level has no answer, or the question asks for what is not modelled."""

    why: str


Outcome = Answer | DoesNotFit | NotAnswered


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
class Verification:
    """How the graph's numbers compare with an independent float64 formulation."""

    ok: bool
    max_error: float
    """Largest absolute difference of any logit (or loss), fp32 graph against float64."""
    tolerance: float
    loss: float
    tokens: int
    layers: int
    worst: str
    """The tensor where the largest difference stands."""
    gradients: int = 0
    """Weights whose gradients and updates were compared, too, in float64 and on a narrow copy of the model."""
    reduced: str = ""
    """What was made smaller to stay quick, in words; empty if nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The measured rows that a question is most like, and how far off the simulator was there."""

    group: str
    """Of rows that are scored together."""
    row: str
    """The one that the question is most like."""
    rows: int
    """In the group."""
    median: float
    """Of the group's errors without sign, as a fraction."""
    worst: float
    """The largest of them."""
    left_out: float | None
    """The largest with constants that were set without the group; None where not known."""
    unlike: tuple[str, ...]
    """What the question has otherwise than the row, or beyond the sizes of the group, in words."""

    @property
    def within(self) -> float:
        """How far off an answer may be, as a fraction, where it is like the group: blind where that is known."""
        return max(self.worst, self.left_out or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorCost:
    """What the simulation itself took. Not part of the deterministic result."""

    events: int
    cpu_s: float
    """Of the answer."""
    peak_memory_bytes: int
    verification_cpu_s: float | None = None
    """Of the check of the numbers, on top; None where there was none."""

    @property
    def events_per_s(self) -> float:
        """Simulated events per CPU second."""
        return self.events / self.cpu_s if self.cpu_s > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Enough to run it again."""

    version: str
    workload: Mapping[str, object]
    """The workload as resolved, every default filled in; plain data."""
    inputs_sha256: str
    """Of the canonical JSON of `workload`, `figures`, version, and the sums of files that were read."""
    figures: tuple[UsedFigure, ...]
    """Every number of the machine and the software."""
    defaults: tuple[UsedFigure, ...]
    """Every default that was filled in."""
    unread: tuple[str, ...] = ()
    """Settings that were given and that this kind of question does not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A question, how it ended, and how it was made."""

    name: str
    title: str
    """One sentence: what was asked."""
    kind: str
    specs: tuple[FigureSpec, ...]
    """Of the kind's figures."""
    outcome: Outcome
    verification: Verification | None = None
    provenance: Provenance
    nearest: Nearest | None = None
    """None where nothing like the question was measured, or there is no answer."""
    cost: SimulatorCost | None = None
    notes: tuple[str, ...] = ()
    """Said of the run as a whole, beside what the answer notes."""
    broken: tuple[str, ...] = ()
    """What the file asserts of the answer and is not so; the notes have it, too."""

    @property
    def status(self) -> Status:
        """How it ended."""
        match self.outcome:
            case Answer():
                return Status.OK
            case DoesNotFit():
                return Status.DOES_NOT_FIT
            case NotAnswered():
                return Status.NOT_MODELLED

    @property
    def answer(self) -> Answer | None:
        """The answer, where there is one."""
        return self.outcome if isinstance(self.outcome, Answer) else None

    @property
    def why(self) -> str:
        """Why there is no answer; empty where there is."""
        return "" if isinstance(self.outcome, Answer) else self.outcome.why

    @property
    def figures(self) -> Mapping[str, Number | None]:
        """The figures by name; empty where there is no answer."""
        return self.outcome.figures if isinstance(self.outcome, Answer) else EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Why two levels differ in a figure."""

    coarse: Level
    fine: Level
    figure: str
    causes: tuple[tuple[str, float], ...]
    """Each with the seconds it adds, most first; they sum to the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A question at several levels."""

    name: str
    title: str
    kind: str
    specs: tuple[FigureSpec, ...]
    outcomes: Mapping[Level, Outcome]
    """In the order of `LEVELS`."""
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    """Which level measured silicon supports, first."""
    cpu_s: Mapping[Level, float] = field(default_factory=dict)
    """What each took. Not part of the deterministic result."""

    @property
    def finest(self) -> Answer | None:
        """The most detailed level that answers."""
        answers: Sequence[Answer] = [found for found in self.outcomes.values() if isinstance(found, Answer)]
        return answers[-1] if answers else None
