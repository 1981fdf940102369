"""Data tasks that take turns: each start of one counts, and at a limit another starts in its place (WSE-3)."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.csl import types
from wsesim.csl.calls import call_with
from wsesim.csl.code import Label, scalar
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.memory import load, store
from wsesim.csl.source import SourcePlace
from wsesim.csl.values import Address, FunctionRef, InMemory, KnownValue, Runtime, StoredVariable, Value

MOST_ROTATIONS = 2
"""Pairs of tasks on a core. Source: the SDK's description of the builtin."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The task that starts in place of another when its counter is at the limit."""

    other: FunctionRef
    limit: int
    first: int
    at: SourcePlace


def rotate(rotation: Rotation, main: FunctionRef, values: list[Value], frame: Frame) -> None:
    """Code that counts and calls one of two tasks; the other takes as many arguments as it has parameters."""
    at, t = rotation.at, scalar(types.U16, rotation.at)
    counter = StoredVariable("rotation", types.U16, KnownValue(types.U16, rotation.first), used=True)
    frame.program.statics.append(counter)
    place = InMemory(types.U16, KnownValue(types.Pointer(types.U16, False, False), Address(counter, 0)))
    counted, usual, end = load(place, frame, at), Label(), Label()
    register, number = frame.register(counted, at), frame.code.code.number
    frame.code.emit(Operation.JUMP_UNEQUAL, at, t, a=register, b=number(rotation.limit), n=usual)
    store(place, KnownValue(types.U16, 0), frame, at)
    given = values[: len(rotation.other.declaration.parameters)]
    call_with(rotation.other, given, frame, at, [at] * len(given))
    frame.code.jump(end, at)
    frame.code.mark(usual)
    more = frame.code.result(Operation.ADD, at, t, a=register, b=number(1))
    store(place, Runtime(types.U16, more), frame, at)
    call_with(main, values, frame, at, [at] * len(values))
    frame.code.mark(end)
