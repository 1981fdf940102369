"""Source files, places in them, and how mistakes are said: file:line:column, the line, a caret, what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from wsesim.errors import InputError, Problem


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A CSL file: its path as it is shown, and its text."""

    path: str
    text: str
    line_starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line_starts.append(0)  # a list, as it is made once and looked up often
        self.line_starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        return self.text[self.line_starts[number - 1] :].split("\n", 1)[0]


@dataclass(frozen=True, slots=True, eq=False)
class SourcePlace:
    """Where something stands: an offset into a source."""

    source: SourceFile
    offset: int

    @property
    def line(self) -> int:
        """Its line, counted from 1."""
        low, high = 0, len(self.source.line_starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.source.line_starts[middle] <= self.offset else (low, middle)
        return low + 1

    @property
    def column(self) -> int:
        """Its column, counted from 1."""
        return self.offset - self.source.line_starts[self.line - 1] + 1

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"


_AN = re.compile(r"\ba (?=[if]\d|input_|output_|imported_|array|enum)")


class CslError(InputError):
    """A mistake in a CSL program, with its place."""

    def __init__(self, place: SourcePlace | None, message: str, right: str = "") -> None:
        self.place, self.message, self.right = place, message, right
        text = _AN.sub("an ", f"{message}; {right}" if right else message)
        super().__init__([Problem(text) if place is None else _problem(place, text)])


def _problem(place: SourcePlace, text: str) -> Problem:
    line = place.line
    return Problem(text, place.source.path, line, place.column, place.source.line(line))


class LimitError(CslError):
    """A program asks the compiler for more than a stated limit."""


def nearest(name: str, names: Iterable[str]) -> str:
    """`did you mean ...?`, or nothing when no name is alike."""
    found = difflib.get_close_matches(name, list(names), 1, 0.6)
    return f"did you mean {found[0]}?" if found else ""
