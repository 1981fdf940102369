"""Limits that keep a file from hanging the compiler, each an error by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from wsesim.csl.source import LimitError, SourcePlace

MAX_STEPS = 150_000_000
"""Expressions and statements evaluated in one compilation."""
MAX_IDLE = 5_000_000
"""Of these, until a core is given a program or a color: so many that configure nothing are a loop without end."""
CALL_STEPS = 4
"""What a call counts, beside what it evaluates: about what it takes."""
MAX_TEXT = 1 << 20
"""Bytes of a string while compiling."""
MAX_ELEMENTS = 1 << 22
"""Of an array while compiling."""


@dataclass(slots=True)
class Limits:
    """What a compilation may use, and has used."""

    steps: int = field(default_factory=lambda: min(MAX_STEPS, MAX_IDLE))
    """Up to which it may go on as things are."""
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
            idle = "" if self.used > MAX_STEPS else " that configure no core"
            limit = MAX_STEPS if self.used > MAX_STEPS else MAX_IDLE
            raise LimitError(at, f"more than {limit} steps while compiling{idle}", "does a loop never end?")

    def renew(self) -> None:
        """A core was configured: go on."""
        self.steps = min(MAX_STEPS, self.used + MAX_IDLE)

    def enter(self, at: SourcePlace) -> None:
        """Count a call within calls.

        Raises:
            LimitError: Too deep.
        """
        self.deep += 1
        self.used += CALL_STEPS
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


def _deepest(trace: TracebackType | None) -> SourcePlace | None:
    """The place of what was looked at when the stack was full."""
    found = None
    while trace is not None:
        variables = trace.tb_frame.f_locals
        for place in (variables.get("here"), getattr(variables.get("node"), "at", None)):
            found = place if isinstance(place, SourcePlace) else found
        trace = trace.tb_next
    return found


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
        message = "the program is nested too deep for the compiler"
        raise LimitError(_deepest(problem.__traceback__), message, "call or nest less") from None
    finally:
        sys.setrecursionlimit(before)
