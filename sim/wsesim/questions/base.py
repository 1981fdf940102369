"""What a kind of question states about itself. Nothing outside this package names a kind.

    file ─load─► Question ─solve(level)─► Answer | DoesNotFit | NotAnswered

A kind is found by the workload's `phase` (or by a key of its own, `mark`), in any module of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from wsesim.answer import FigureSpec, Level, Outcome, UsedFigure
    from wsesim.hardware import HardwareChoice
    from wsesim.model import Model
    from wsesim.software import SoftwareChoice
    from wsesim.workload.fields import Section
    from wsesim.workload.problems import Problems

Say = Callable[[str], None]
"""Told what is done now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Which facts of a model and which figures of machine and software an answer depends on, in some case at least.

    Names without their section: `layers`, `core.clock`, `training.kernel_launch`. What is not named here is said to be
    "not read by this question" wherever it is given, overridden or varied; a test perturbs everything that is.
    """

    model: frozenset[str] = frozenset()
    hardware: frozenset[str] = frozenset()
    software: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What all kinds have in common, read, checked and filled in."""

    name: str
    """Names the folder of the run."""
    file: str
    """As it was given; names the place of an error, never part of a result."""
    folder: Path
    """Where relative paths of the file start."""
    model: Model | None
    """None for kinds without one."""
    hardware: HardwareChoice
    software: SoftwareChoice
    given: frozenset[str]
    """Dotted names of all settings that the file or `--set` gave: `model.norm`, `hardware.wafer.io`."""
    resolved: Mapping[str, Any]
    """The file with every default filled in: plain data that loads again and resolves to itself."""
    defaults: tuple[UsedFigure, ...]
    """Every default that was filled in, by dotted name, with where it comes from."""


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
    reads: ClassVar[Reads]

    @property
    def asked(self) -> Asked:
        """What all kinds have in common."""

    @property
    def title(self) -> str:
        """What is asked, in one sentence."""

    @classmethod
    def of(cls, values: Mapping[str, Any], asked: Asked, problems: Problems) -> Self | None:
        """Return the question that the fields *values* of a file ask, or None and what is wrong in *problems*."""

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level.

        Raises:
            InputError: a file that the question names cannot be read.
        """
