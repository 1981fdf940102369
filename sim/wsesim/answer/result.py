"""A question, how it ended and how it was made; and the same at several levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from wsesim.answer.figures import EMPTY, FigureSpec, Level, Number, Status, UsedFigure
from wsesim.answer.outcome import Answer, DoesNotFit, NotAnswered, Outcome
from wsesim.answer.readable import Readable


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result(Readable):
    """A question, how it ended, and how it was made.

    `frame()` has its figures, `frame("ops")`, `frame("memory")`, `frame("timeline")` and `frame(NAME)` of a table the
    rest. `plot()` draws where the time goes, `plot(NAME)` one of its drawings. `save(folder)` writes what `wsesim run`
    writes, and `to_dict()` is `result.json`.

    >>> import wsesim
    >>> result = wsesim.run(
    ...     model="cerebras-gpt-111m", machine="cs-2", batch={"sequences": 120, "length": 2048}, verify=False
    ... )
    >>> result
    <Result question: one step ... ms, tokens per second ..., samples per second ..., MFU ... %>
    >>> result.status, result.figures["mfu"] > 0.1, result.answer.level
    (<Status.OK: 'ok'>, True, 'system')
    """

    reader: ClassVar[str] = "wsesim.answers.taking"
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
    cost: SimulatorCost | None = field(default=None, compare=False)
    """Another one each time; two answers are equal without it."""
    notes: tuple[str, ...] = ()
    """Said of the run as a whole, beside what the answer notes."""
    broken: tuple[str, ...] = ()
    """What the file asserts of the answer and is not so; the notes have it, too."""

    def __hash__(self) -> int:
        return hash((self.name, self.status, self.provenance.inputs_sha256))

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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Readable):
    """A question at several levels.

    `frame()` has a row for each figure and a column for each level, `plot(FIGURE)` a bar for each level. `save(folder)`
    writes what `wsesim levels` writes, and `to_dict()` is `levels.json`.
    """

    reader: ClassVar[str] = "wsesim.answers.taking_levels"
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
