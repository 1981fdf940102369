"""What one level says to a question: an answer, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wsesim.answer.drawings import Drawing
from wsesim.answer.figures import Bound, Choice, Level, Limit, Number, Reason, Spent
from wsesim.answer.parts import Interval, MemoryUse, OpTime, Table
from wsesim.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What one level says to a question that fits."""

    level: Level
    figures: Mapping[str, Number | None]
    """By name, the headline first; the names of the kind's `figures`. None: there is none here, such as a time per
    token where none is written."""
    headline: Mapping[str, str] = field(default_factory=dict)
    """Figures a reader sees first, in order, each with what it is of, at or over, in words."""
    verdict: str = ""
    """The answer in a sentence, where it is another than what holds the time."""
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

    def __repr__(self) -> str:
        shown = (f"{name} {self.figures[name]}" for name in self.headline or self.figures)
        return f"<Answer at level {self.level}: {', '.join(shown)}>"

    @property
    def wrong_words(self) -> tuple[str, ...]:
        """Say that values are wrong; nothing where they are right, or none were compared."""
        return ("Values that were computed on the way are WRONG.",) if self.right is False else ()


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
