"""Limits that keep a file from hanging the compiler, each an error by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wsesim.csl.source import LimitError, SourcePlace

MAX_STEPS = 150_000_000
"""Expressions and statements evaluated in one compilation."""
MAX_TEXT = 1 << 20
"""Bytes of a string while compiling."""
MAX_ELEMENTS = 1 << 22
"""Of an array while compiling."""


@dataclass(slots=True)
class Limits:
    """What a compilation may use, and has used."""

    steps: int = field(default_factory=lambda: MAX_STEPS)
    depth: int = 200
    inlined: int = 10_000
    used: int = 0
    deep: int = 0

    def step(self, at: SourcePlace, weight: int = 1) -> None:
        """Count an expression or statement, or the elements of an array that is made.

        Raises:
            LimitError: One too many.
        """
        self.used += weight
        if self.used > self.steps:
            raise LimitError(at, f"more than {self.steps} steps while compiling", "does a loop never end?")

    def enter(self, at: SourcePlace) -> None:
        """Count a call within calls.

        Raises:
            LimitError: Too deep.
        """
        self.deep += 1
        if self.deep > self.depth:
            raise LimitError(
                at, f"calls nested more than {self.depth} deep while compiling", "--comptime-func-depth-limit"
            )

    def leave(self) -> None:
        """A call is over."""
        self.deep -= 1

    def array(self, count: int, at: SourcePlace) -> None:
        """Look at the size of an array.

        Raises:
            LimitError: Too large.
        """
        self.step(at, count >> 4)
        if count > MAX_ELEMENTS:
            raise LimitError(at, f"an array of {count} elements", f"at most {MAX_ELEMENTS}")


@contextmanager
def deep() -> Iterator[None]:
    """Room for calls within calls: the limits of the compiler end them first.

    Raises:
        LimitError: They did not.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 40_000))
    try:
        yield
    except RecursionError as problem:
        raise LimitError(None, "the program is nested too deep for the compiler", "call or nest less") from problem
    finally:
        sys.setrecursionlimit(before)
