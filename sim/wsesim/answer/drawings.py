"""What an answer has drawn: data only; `answers` draws it.

Curves, maps of cores, their activity, sketches of signs; and where cycles went: by cause, along a chain, line by line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A drawing of y over x."""

    name: str
    title: str
    x_label: str
    y_label: str
    points: Points
    line: str = ""
    """What they are of, where there are other lines."""
    others: tuple[tuple[str, Points], ...] = ()
    """More lines: what each is of, and its points."""
    steps: bool = False
    """Whether y holds from one x to the next."""
    log_x: bool = False
    log_y: bool = False
    share: bool = False
    """Whether y is a share from 0 to 1."""
    y_figure: str = ""
    """A figure by whose unit y is printed: `ttft_s`."""
    x_figure: str = ""
    """The same for x."""
    limit: float | None = None
    """y where a dashed line stands."""
    marks: tuple[tuple[str, float], ...] = ()
    """What stands at dotted lines, in a word, and their x."""

    @property
    def lines(self) -> tuple[tuple[str, Points], ...]:
        """Return all lines, the main one first."""
        return ((self.line, self.points), *self.others)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoreMap:
    """A drawing of a value of every core."""

    name: str
    title: str
    unit: str
    values: Any
    """Array of rows x columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoreFrames:
    """A drawing of the activity of all cores over time, frame by frame."""

    name: str
    title: str
    frames: Any
    """Array of frames x rows x columns, each value 0 to 1."""
    frame_cycles: int
    """From one frame to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A drawing made of signs in lines, such as how a kernel lies on the cores."""

    name: str
    title: str
    lines: str
    """Printed as they are, in signs of one width."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CauseMaps:
    """A drawing of what the cycles of every core went to: a small map for each cause, each on its own scale."""

    name: str
    title: str
    by_cause: Mapping[str, Any]
    """Arrays of rows x columns, in cycles."""

    @property
    def causes(self) -> tuple[str, ...]:
        """Return those it shows."""
        return tuple(self.by_cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseBars:
    """A drawing of bars on one scale, each cut by what its cycles went to."""

    name: str
    title: str
    bars: tuple[tuple[str, Mapping[str, float]], ...]
    """What each is of, and its cycles by cause."""

    @property
    def causes(self) -> tuple[str, ...]:
        """Return those it shows."""
        return tuple(dict.fromkeys(cause for _, parts in self.bars for cause in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """A piece of a chain: from one cycle to another, at one place or from one to another."""

    start: float
    end: float
    origin: str
    place: str
    what: str
    by_cause: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A drawing of pieces that follow each other in time, from place to place."""

    name: str
    title: str
    links: tuple[ChainLink, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """Return those it shows."""
        return tuple(dict.fromkeys(cause for link in self.links for cause in link.by_cause))


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """A line of a program with what it took, on all cores together; one without a place is a heading."""

    text: str
    place: str = ""
    """Its number, or where it stands."""
    by_cause: Mapping[str, float] = field(default_factory=dict)
    """Cycles it worked."""
    waited: float = 0.0
    """Cycles it was under way and could not go on."""
    handled: int | None = None
    """Elements, or how often it ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeListing:
    """A program, line by line, and where its cycles went."""

    name: str
    title: str
    lines: tuple[CodeLine, ...]
    note: str = ""

    @property
    def causes(self) -> tuple[str, ...]:
        """Return those it shows."""
        return tuple(dict.fromkeys(cause for line in self.lines for cause in line.by_cause))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlameFrame:
    """What ran within the frame below it: widths are cycles."""

    label: str
    depth: int
    start: float
    cycles: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flame:
    """A drawing of what called what, the wider the longer it took."""

    name: str
    title: str
    frames: tuple[FlameFrame, ...]
    note: str = ""


Drawing = Curve | CoreMap | CoreFrames | Sketch | CauseMaps | CauseBars | Chain | CodeListing | Flame
