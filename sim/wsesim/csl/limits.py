"""Limits that keep a file from hanging the compiler, each an error by name."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.csl.source import LimitError, Place

MAX_STEPS = 400_000_000
"""Expressions and statements evaluated in one compilation."""
MAX_ELEMENTS = 1 << 22
"""Of an array while compiling."""


@dataclass(slots=True)
class Limits:
    """What a compilation may use, and has used."""

    steps: int = MAX_STEPS
    depth: int = 200
    inlined: int = 10_000
    used: int = 0
    deep: int = 0

    def step(self, at: Place) -> None:
        """Count an expression or statement.

        Raises:
            LimitError: One too many.
        """
        self.used += 1
        if self.used > self.steps:
            raise LimitError(at, f"more than {self.steps} steps while compiling", "does a loop never end?")

    def enter(self, at: Place) -> None:
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

    def array(self, count: int, at: Place) -> None:
        """Look at the size of an array.

        Raises:
            LimitError: Too large.
        """
        if count > MAX_ELEMENTS:
            raise LimitError(at, f"an array of {count} elements", f"at most {MAX_ELEMENTS}")
