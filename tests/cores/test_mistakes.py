"""Mistakes that a program's author makes, each said where it is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wsesim.cores.builder import Builder, ProgramError
from wsesim.cores.machine import CoreMachine
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer


def program() -> Builder:
    return Builder(WAFER, width=2, height=1)


def two_tasks_on_one_color(builder: Builder) -> None:
    role, color = builder.role("r"), builder.color("c")
    role.declare("one", on=color)
    role.declare("two", on=color)


def between(builder: Builder) -> None:
    builder.place(builder.role("r"), [0.5], [0])  # type: ignore[list-item]


def backward(builder: Builder) -> None:
    role = builder.role("r")
    with role.task("t", start=True):
        role.wait(-5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (two_tasks_on_one_color, "starts two tasks by wavelets of color 'c'"),
        (between, "is placed between cores"),
        (backward, "waits -5 cycles"),
    ],
)
def test_a_mistake_names_role_and_line(make: Callable[[Builder], None], said: str) -> None:
    with pytest.raises(ProgramError, match=said) as caught:
        make(program())
    assert "test_mistakes.py, line " in str(caught.value)


def test_values_that_have_no_place() -> None:
    builder = program()
    role = builder.role("r")
    role.memory("x", 3)
    with role.task("t", start=True):
        role.halt()
    builder.place(role, [0, 1], [0])
    machine = CoreMachine(builder)
    with pytest.raises(ProgramError, match="has no variable 'y'"):
        machine.read(role, "y")
    with pytest.raises(ProgramError, match=r"shape \(4,\) do not fit 'x' of role 'r': 2 cores of 3 elements"):
        machine.write(role, "x", [1, 2, 3, 4])
