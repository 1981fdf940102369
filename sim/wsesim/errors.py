"""What can go wrong, and how it is said.

WsesimError
├── InputError     a mistake in what the user gave; says where and what to do next; exit code 2
├── SpecError      a value object refused nonsense; the reader of a file turns it into an InputError
├── NotModelled    a question that is fair, about something nobody has modelled yet; an answer, not a crash
└── OutOfReach     one that is modelled, and too large for this computer as it is; an answer, too
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from operator import eq, index
from typing import Any

from wsesim.signs import printable

_LONGEST_EXCERPT = 240
_LEAST_BEGUN = 3
"""Letters of a name from which on those that begin with it are nearer than others."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong, and where it stands if that is known."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None

    def __str__(self) -> str:
        """Render as `file:line:column: error: message`, then the line and a caret."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = printable(f"{place}: error: {self.message}" if place else f"error: {self.message}")
        if self.column is None or not self.excerpt:
            return head
        first = 0 if len(self.excerpt) <= _LONGEST_EXCERPT else max(0, self.column - 1 - _LONGEST_EXCERPT // 2)
        before = printable(self.excerpt[first : self.column - 1])
        return f"{head}\n    {printable(self.excerpt[first : first + _LONGEST_EXCERPT])}\n    {' ' * len(before)}^"


class WsesimError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(WsesimError):
    """A user's mistake; carries one `Problem` or several."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order they were found."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def at(
        cls, message: str, *, file: str | None = None, line: int | None = None, column: int | None = None
    ) -> InputError:
        """Make an error of a single problem."""
        return cls([Problem(message, file=file, line=line, column=column)])


class SpecError(WsesimError, ValueError):
    """A value object was given something it cannot be; `name` is the field."""

    def __init__(self, name: str, message: str) -> None:
        """Name the field and say what it must be."""
        self.name = name
        self.message = message
        super().__init__(f"{name} {message}")


class NotModelled(WsesimError):
    """What is asked for is not modelled; the message is the reason, and the answer."""

    def __init__(self, what: str, why: str) -> None:
        """Say what is not modelled, and why or what would be."""
        self.what = what
        self.why = why
        super().__init__(f"{what} is not modelled: {why}")


class OutOfReach(WsesimError):
    """What is asked for is modelled, and more than this computer, or what is installed on it, can do; says why."""


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` for the candidate most like *name*, or an empty string."""
    by_folded: dict[str, list[str]] = {}
    for candidate in candidates:
        by_folded.setdefault(candidate.lower(), []).append(candidate)
    folded = name.lower()
    begun = [each for each in by_folded if len(folded) >= _LEAST_BEGUN and each.startswith(folded)]
    found = get_close_matches(folded, begun, n=1, cutoff=0.0) or get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not found:
        return ""
    best = max(by_folded[found[0]], key=lambda candidate: sum(map(eq, candidate, name)))
    return f", did you mean {best!r}?"


def require_positive(**fields: float) -> None:
    """Refuse any field that is not a finite number above zero.

    Raises:
        SpecError: naming the first such field.
    """
    for name, value in fields.items():
        if not 0 < value < float("inf"):
            raise SpecError(name, f"must be positive, got {value}")


def require_not_negative(**fields: float) -> None:
    """Refuse any field that is not a finite number of zero or above.

    Raises:
        SpecError: naming the first such field.
    """
    for name, value in fields.items():
        if not 0 <= value < float("inf"):
            raise SpecError(name, f"must be zero or above, got {value}")


def require_at_most(largest: int, why: str, **fields: float) -> None:
    """Refuse any field above *largest*, and say *why* nothing can be.

    Raises:
        SpecError: naming the first such field.
    """
    for name, value in fields.items():
        if value > largest:
            raise SpecError(name, f"must be at most {largest:,}, as {why}; got {value:,.15g}")


def require_whole(name: str, value: Any) -> int:
    """Return a whole number of any type as one of Python's.

    Raises:
        SpecError: it is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return index(value)
    except TypeError:
        raise SpecError(name, f"must be a whole number, got {value!r}") from None


def require_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Refuse a *value* that is none of *choices*.

    Raises:
        SpecError: with the nearest choice.
    """
    known = tuple(choices)
    if value not in known:
        raise SpecError(name, f"must be one of {', '.join(known)}; got {value!r}{nearest(value, known)}")
