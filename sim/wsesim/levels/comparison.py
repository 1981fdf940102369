"""What a question's levels found: data only, the same for the terminal, the page and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from wsesim._version import __version__
from wsesim.errors import InputError, nearest

LEVELS = ("closed", "system", "cores")
"""From the coarsest to the most detailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one level says."""

    level: str
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """By name, the headline first; the same names at all levels. Empty if the level cannot answer."""
    why_not: str = ""
    """Why it cannot; empty if it can."""
    leaves_out: str = ""
    """What it does not see, in a sentence."""
    cpu_s: float = 0.0
    """CPU time it took. Not part of the deterministic result."""
    events: int = 0
    """Simulated: things that happened to a system, wavelets forwarded and cycles a core worked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRow:
    """One kind of kernel on the cores, beside the closed form of the system level."""

    name: str
    """Which ops."""
    share: float
    """Of the system level's time in kernels: of the step, or of the prompt or token it belongs to."""
    program: str = ""
    """Core program that ran; empty if none did."""
    grid: tuple[int, int] = (0, 0)
    """Columns and rows it ran on."""
    shape: tuple[int, ...] = ()
    cycles: int = 0
    """By the cores."""
    closed_cycles: float = 0.0
    """By the system level's closed form, on the same rectangle for the same work."""
    whole: float = 1.0
    """Longer by so much because features are whole on cores, where the closed form divides them evenly."""
    factor: float = 1.0
    """What the kernel's time is multiplied by."""
    note: str = ""
    """What the rectangle holds less of, or why nothing ran."""

    @property
    def ratio(self) -> float:
        """Cycles of the cores over those of the closed form; 1 where nothing ran."""
        return self.cycles / self.closed_cycles if self.closed_cycles else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Why two levels differ."""

    levels: tuple[str, str]
    """From the coarser to the finer."""
    figure: str
    """Of which; seconds."""
    causes: tuple[tuple[str, float], ...]
    """Each with the seconds it adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A question and its answers."""

    name: str
    title: str
    kind: str
    """step | request | serving | kernel."""
    answers: tuple[Answer, ...]
    kernels: tuple[KernelRow, ...] = ()
    """Longest first, of a prompt before those of a token; those that kept their closed form too."""
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def finest(self) -> Answer | None:
        """The most detailed level that answers."""
        return next((answer for answer in reversed(self.answers) if answer.figures), None)

    def off(self, answer: Answer, figure: str) -> float | None:
        """Return how far *answer* is from the most detailed one, as a share of that; None where there is nothing."""
        best = self.finest
        if best is None or best is answer or not best.figures.get(figure) or answer.figures.get(figure) is None:
            return None
        found, wanted = answer.figures[figure], best.figures[figure]
        assert found is not None, "looked at above"
        assert wanted is not None, "looked at above"
        return found / wanted - 1

    def to_json(self) -> dict[str, object]:
        """Return plain data; all but `cost` is the same for the same question and installation."""
        return {
            "status": "ok" if self.finest else "none", "version": __version__, "name": self.name, "title": self.title,
            "kind": self.kind,
            "levels": [
                {
                    "level": answer.level, "figures": dict(answer.figures),
                    "off": {figure: self.off(answer, figure) for figure in answer.figures},
                    "why_not": answer.why_not, "leaves_out": answer.leaves_out, "events": answer.events,
                }
                for answer in self.answers
            ],
            "kernels": [{**asdict(row), "ratio": row.ratio} for row in self.kernels],
            "differences": [
                {"from": found.levels[0], "to": found.levels[1], "figure": found.figure, "seconds": dict(found.causes)}
                for found in self.differences
            ],
            "notes": list(self.notes),
            "cost": {answer.level: {"cpu_s": answer.cpu_s} for answer in self.answers},
        }  # fmt: skip


def check_level(level: str, levels: Sequence[str] = LEVELS) -> None:
    """Refuse a level that there is not.

    Raises:
        InputError: names the nearest.
    """
    if level not in levels:
        raise InputError.at(f"--level must be one of {', '.join(levels)}; got {level!r}{nearest(level, levels)}")
