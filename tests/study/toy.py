"""A kind of question in one file, as somebody else might write it: cores that count to the product of their grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from wsesim.answer import Answer, DoesNotFit, FigureSpec, Level, NotAnswered, Outcome, Spent
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.workload import Default, Derived, QuestionFile
from wsesim.workload.fields import Size, Text

LARGEST = 1000


class ToyFile(QuestionFile):
    """A file that asks how long cores count."""

    toy: Text
    """Name of what counts."""
    grid: Annotated[list[Size], Field(min_length=2, max_length=2)]
    """Columns and rows of cores."""
    options: Annotated[dict[str, str | int], Field(default_factory=dict)]
    """Choices, by name."""
    pictures: Annotated[Size, Default("assumed")] = 1
    """Pictures to draw: no figure depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """How long cores count."""

    kind: ClassVar = "toy"
    mark: ClassVar = "toy"
    file: ClassVar = ToyFile
    figures: ClassVar = (
        FigureSpec(name="cycles", label="cycles", meaning="from start to end", better="less"),
        FigureSpec(name="cycles_per_s", label="cycles per second", meaning="of all systems", better="more"),
        FigureSpec(name="time_s", label="time", meaning="at the clock", better="less"),
        FigureSpec(name="nothing", label="nothing", meaning="that is never there"),
    )
    usual: ClassVar = ("cycles", "cycles_per_s")
    level: ClassVar[Level] = "cores"
    stack: ClassVar = ""
    reads: ClassVar = Reads(hardware=frozenset({"core.clock", "core.sram"}))
    supported: ClassVar = "Nothing was measured."

    asked: Asked

    @property
    def title(self) -> str:
        """What is asked."""
        return "Cores that count."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """No files."""
        return ()

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return None: there is no model."""
        return None

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Find nothing wrong."""
        return {}

    @classmethod
    def of(cls, asked: Asked) -> Toy:
        """Return the question."""
        return cls(asked=asked)

    def graph(self) -> None:
        """Return None: there is no model."""

    def solve(self, level: Level, say: Say) -> Outcome:
        """Count."""
        columns, rows = self.asked.resolved["grid"]
        cycles = columns * rows * (2 if level == "cores" else 1)
        if level == "system":
            return NotAnswered(why="no system is around it")
        if cycles > LARGEST:
            return DoesNotFit(why=f"counts to {LARGEST} at most")
        clock = self.asked.hardware.cluster.wafer.core.clock_hz
        time_s = cycles / clock
        systems = self.asked.hardware.cluster.systems
        return Answer(
            level=level, spent=Spent(total_s=time_s, by_cause={"counting": time_s}, what="count"),
            figures={"cycles": cycles, "cycles_per_s": clock * systems, "time_s": time_s, "nothing": None},
        )  # fmt: skip
