"""Every answer by itself: finite, nothing negative, causes that sum to the whole, a bound that is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.laws.asking import Data, answered, kind_of, shown, time_of
from tests.laws.drawing import STEPS, kernels, questions

from wsesim.answer import Answer, Curve

CLOSE = 1e-9
DIFFERENCES = {"closed_error"}
"""Figures that are what one is over another, less one, and so may be negative."""


def numbers(answer: Answer) -> Iterator[tuple[str, Any]]:
    """Yield every number of an answer by where it stands."""
    yield from answer.figures.items()
    for table in answer.tables:
        cells = (cell for row in table.rows for cell in zip(table.columns, row, strict=True))
        yield from ((f"{table.name}.{name}", value) for name, value in cells)
    for curve in (drawing for drawing in answer.drawings if isinstance(drawing, Curve)):
        points = [point for _, line in curve.lines for point in line]
        yield from ((f"x of {curve.name}", x) for x, _ in points)
        yield from ((f"{curve.name} share" if curve.share else curve.name, y) for _, y in points)
    for op in answer.ops:
        yield from ((f"{op.name}.{name}", getattr(op, name)) for name in ("seconds", "calls", "cycles", "flops"))


def check(answer: Answer) -> None:
    for name, number in numbers(answer):
        if isinstance(number, int | float):
            assert math.isfinite(number), f"{name} is {number}"
            assert number >= 0 or name in DIFFERENCES, f"{name} is {number}"
            assert number <= 1 + CLOSE or not name.endswith(("mfu", "share")), f"{name} is {number}"
    for op in answer.ops:
        assert sum(op.parts.values()) == pytest.approx(op.cycles, rel=CLOSE, abs=1), op
    assert all(use.bytes_per_core >= 0 for use in answer.memory)
    _check_bound(answer)


def _check_bound(answer: Answer) -> None:
    if answer.bound is None:
        return
    step_s, bound = answer.figures["step_s"], answer.bound
    assert step_s is not None
    assert bound.seconds <= step_s * (1 + CLOSE), f"{step_s} s under the bound of {bound.seconds} s"
    assert min(bound.gap.values(), default=0.0) >= 0, f"what comes on top of the bound: {dict(bound.gap)}"
    assert bound.seconds + math.fsum(bound.gap.values()) == pytest.approx(step_s, rel=CLOSE)


@settings(max_examples=8)
@given(st.one_of(questions(), questions(), kernels()))
def test_every_answer_is_sound(data: Data) -> None:
    answer = answered(data)
    assume(answer is not None)
    assert answer is not None
    try:
        check(answer)
        if kind_of(data) != "kernel" and data.get("inference", {}).get("must_fit", True):
            assert sum(use.bytes_per_core for use in answer.memory) <= answer.memory_limit_bytes
    except AssertionError as error:
        raise AssertionError(f"{error}\n{shown(data)}") from None


@settings(max_examples=3)
@given(questions((*STEPS, "prefill")))
def test_a_formula_takes_no_longer_than_what_is_played(data: Data) -> None:
    """Nothing fills, drains or queues in it. Written tokens have no such order: a formula takes all as one halfway."""
    closed, system = answered(data, "closed"), answered(data)
    assume(closed is not None and system is not None)
    assert closed is not None
    assert system is not None
    coarse_s, fine_s = (time_of(data["phase"], answer) for answer in (closed, system))
    assert coarse_s <= fine_s * (1 + CLOSE), f"{coarse_s} s by the formula, {fine_s} s played\n{shown(data)}"
