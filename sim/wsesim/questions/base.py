"""What a kind of question states about itself. Nothing outside this package names a kind.

    file ─load─► Draft ─check─► Asked ─of─► Question ─solve(level)─► Answer | DoesNotFit | NotAnswered

A kind is found by the `phase` of a file (or by a key of its own, `mark`), in any module of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from wsesim.answer import FigureSpec, Level, Limit, Number, Outcome, UsedFigure
from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.hardware import HardwareChoice
from wsesim.model import ModelSpec
from wsesim.software import SoftwareChoice
from wsesim.workload import STACK, Derived, Problems, Section

Say = Callable[[str], None]
"""Told what is done now."""


LABELS = ("preset", "config", "zoo", "name", "source", "stack", "machine")
"""Keys of a section that say which, or what it is called; no fact by themselves."""


def silent(message: str) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Which facts of a model and which figures of machine and software an answer depends on, in some case at least.

    Names without their section: `layers`, `core.clock`, `training.kernel_launch`. What is not named here is said to be
    not read wherever it is given, overridden or varied; a test perturbs everything that is.
    """

    model: frozenset[str] = frozenset()
    hardware: frozenset[str] = frozenset()
    software: frozenset[str] = frozenset()

    def unread(self, given: frozenset[str]) -> tuple[str, ...]:
        """Return which of some dotted settings are not read, sorted; only those of these sections can be."""
        cluster = frozenset(name.removeprefix("cluster.") for name in self.hardware if name.startswith("cluster."))
        known = {"model": self.model, "hardware": self.hardware, "software": self.software, "cluster": cluster}
        parts = ((name, *name.partition(".")) for name in given)
        return tuple(sorted(
            name for name, section, _, key in parts if key and key not in (*LABELS, *known.get(section, {key}))
        ))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file on its way to a question: every field read by itself, what is wrong so far noted in `problems`."""

    file: str
    """As it was given; names the place of an error, never part of a result."""
    folder: Path
    """Where relative paths of the file start."""
    name: str
    values: Mapping[str, Any]
    """Fields of the file that are right, defaults filled in."""
    given: frozenset[str]
    """Keys that the file has with a value."""
    model: ModelSpec | None
    """None where the kind has none, or it is broken; so are these two where they are broken."""
    hardware: HardwareChoice | None
    software: SoftwareChoice | None
    problems: Problems

    def check_software(self, group: Literal["for_training", "for_inference"]) -> None:
        """Note it where the software has no figures of what is asked."""
        try:
            if self.software is not None:
                getattr(self.software, group)()
        except SpecError as error:
            self.problems.add(("software", STACK), f"{error.name} {error.message}")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What all kinds have in common, read, checked and filled in."""

    name: str
    """Names the folder of the run."""
    file: str
    folder: Path
    data: Mapping[str, Any]
    """What was given, nothing filled in: what follows from a setting follows anew where it is changed."""
    model: ModelSpec | None
    hardware: HardwareChoice
    software: SoftwareChoice | None
    """None for kinds that run no software stack."""
    given: frozenset[str]
    """Dotted names of all settings that the file or `--set` gave: `model.norm`, `hardware.wafer.io`."""
    notes: tuple[str, ...]
    """What an answer has to say of the file: what has no effect in it, or goes beyond what a model was made for."""
    resolved: Mapping[str, Any]
    """The file with every default filled in: plain data that loads again and resolves to itself."""
    defaults: tuple[UsedFigure, ...]
    """Every default that was filled in, by dotted name, with where it comes from."""

    def __repr__(self) -> str:
        return f"<asked in {self.file}>"

    @property
    def shape(self) -> ModelSpec:
        """The model, of kinds that have one."""
        assert self.model is not None, "a kind with a model has one once it is read"
        return self.model

    @property
    def merged(self) -> ModelSpec:
        """The model as it answers: what adapters learned is added to the weights that they stand beside."""
        return replace(self.shape, adapter_rank=0)

    @property
    def stack(self) -> str:
        """The name of the stack that runs; empty where none does."""
        return "" if self.software is None else self.software.stack

    @property
    def figures(self) -> tuple[UsedFigure, ...]:
        """Every figure of machine and software."""
        return (*self.hardware.figures, *(self.software.figures if self.software else ()))


class Question(Protocol):
    """One kind of question, with what was asked. Immutable; solving it twice gives the same."""

    kind: ClassVar[str]
    """`training`, `decode`, `kernel`, ...: the value of `phase` in a file."""
    mark: ClassVar[str]
    """A key that tells a file of this kind where it has no `phase`: `kernel`. Empty for most."""
    file: ClassVar[type[Section]]
    """The keys of a file of this kind: types, words, units, defaults with their source."""
    figures: ClassVar[tuple[FigureSpec, ...]]
    """The headline first."""
    usual: ClassVar[tuple[str, ...]]
    """Figures that a sweep keeps unless told otherwise."""
    level: ClassVar[Level]
    """That `wsesim run` answers at unless told otherwise."""
    stack: ClassVar[str]
    """Software it runs unless told otherwise, the same on every machine; empty where there is none."""
    reads: ClassVar[Reads]
    kin: ClassVar[tuple[str, ...]]
    """Kinds whose measured rows speak for this one where it has none of its own, most like it first."""
    supported: ClassVar[str]
    """Which level measured silicon supports, and how far; said first where levels are compared."""

    @property
    def asked(self) -> Asked:
        """What all kinds have in common."""

    @property
    def title(self) -> str:
        """What is asked, in one sentence."""

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files of the user's own that the answer depends on."""

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return how many positions a model must know that does not say how many it does."""

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Note what is wrong between fields, and return defaults that follow from other settings."""

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return the question that a checked file asks."""

    def graph(self) -> Graph | None:
        """Return the dataflow graph that is costed; None of a kind without a model."""

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level.

        Raises:
            NotModelled: the question asks for what is not modelled.
            InputError: a file that the question names cannot be read.
        """


@runtime_checkable
class Held(Protocol):
    """A kind that can say what holds its time."""

    def limits(self, level: Level) -> tuple[Limit, ...]:
        """Return what twice as good a limit would bring, most first; empty where the level cannot say."""


@runtime_checkable
class Sketchable(Protocol):
    """A kind that can leave out what only a reader of one answer wants; others are solved whole."""

    def sketch(self, level: Level) -> Outcome:
        """Return the figures, the seconds by cause and the bound that `solve` gives, and no more."""


@runtime_checkable
class Outlined(Protocol):
    """A kind that can leave out what is said about an answer; others are solved whole."""

    def outline(self, level: Level) -> Outcome:
        """Return what `sketch` does, with the facts and the ops that `solve` gives, and no more."""


@runtime_checkable
class Bounded(Protocol):
    """A kind of which a formula says what an answer cannot be better than, sooner than it is answered."""

    bounded: ClassVar[tuple[str, ...]]
    """Figures of which it says so, at the kind's own level."""
    bound: ClassVar[str]
    """Why, in words that begin with a small letter."""

    def at_best(self) -> Mapping[str, Number]:
        """Return what they are at best; nothing where there is no answer, or no bound."""


def bounds_of(kind: type[Question]) -> tuple[tuple[str, ...], str]:
    """Return the figures of a kind that a formula bounds, and why; nothing of one that is not `Bounded`."""
    return getattr(kind, "bounded", ()), getattr(kind, "bound", "")
