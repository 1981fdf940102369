"""The product of decoding as a kernel of its own: the op that resident models add up, alone or in a loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim import questions
from wsesim.answer import Answer, DoesNotFit, Level, NotAnswered, Outcome
from wsesim.errors import InputError
from wsesim.hardware import load_cluster
from wsesim.kernels.resident import Rectangle, allreduce, matvec
from wsesim.software import load_software

WAFER = load_cluster("cs-2").cluster.wafer
SIDES, SIZES = st.integers(1, 200), st.integers(1, 2000)
OVERLAPPED = {"broadcast": "overlapped"}


def solved(grid: tuple[int, int], shape: tuple[int, ...], level: Level = "closed", **more: Any) -> Outcome:
    data = {"kernel": "decode-product", "grid": [*grid], "shape": [*shape], "cluster": "cs-2", **more}
    return questions.ask(data, file="test", folder=Path()).solve(level, lambda _: None)


def cycles(grid: tuple[int, int], shape: tuple[int, ...], **more: Any) -> float:
    found = solved(grid, shape, **more)
    assert isinstance(found, Answer), found
    took = found.figures["cycles"]
    assert took is not None
    return took


@given(SIDES, SIDES, SIZES, SIZES)
def test_on_silicon_it_is_the_op_that_decoding_adds_up(columns: int, rows: int, inputs: int, outputs: int) -> None:
    where = Rectangle(wafer=WAFER, columns=columns, rows=rows, software=load_software("waferllm").for_inference())
    total = allreduce(where, values=where.each(outputs))
    op = matvec(where, inputs=inputs, outputs=outputs).then(total).cycles
    asked: dict[str, Any] = {"silicon": True, "must_fit": False}
    assert cycles((columns, rows), (inputs, outputs), **asked) == pytest.approx(op)
    in_a_loop = cycles((columns, rows), (inputs, outputs), options=OVERLAPPED, **asked)
    assert in_a_loop == pytest.approx(op - total.serial.get("broadcast", 0))


def test_as_designed_scalar_code_is_no_slower() -> None:
    designed, silicon = (cycles((40, 40), (400, 400), silicon=on) for on in (False, True))
    slow = cycles((40, 40), (400, 400), silicon=True, hardware={"silicon.scalar_slowdown": 1})
    assert slow == designed < silicon


def test_rounds_are_those_of_the_stack_or_as_said() -> None:
    usual = load_software("waferllm").for_inference().round_cycles
    assert cycles((4, 4), (8, 8), options={"round": usual}) == cycles((4, 4), (8, 8))
    assert cycles((4, 4), (8, 8), options={"round": usual + 10}) == cycles((4, 4), (8, 8)) + 10


def test_what_cannot_be_says_so() -> None:
    assert isinstance(solved((4, 4), (8, 8), "cores"), NotAnswered)
    assert isinstance(solved((2, 2), (1000, 1000)), DoesNotFit)
    for shape, options, said in (
        ((8,), {}, "takes inputs and outputs"),
        ((8, 8), {"broadcast": "overlaped"}, "did you mean 'overlapped'"),
        ((8, 8), {"round": 0}, "must be a whole number from 1 on"),
    ):
        with pytest.raises(InputError, match=said):
            solved((4, 4), shape, options=options)
