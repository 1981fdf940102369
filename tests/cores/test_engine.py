"""What cores compute, and in how many cycles: values against NumPy, cycles counted by hand."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.cores import isa, jit
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.engine import words
from wsesim.cores.machine import CoreMachine

Make = Callable[..., Builder]
RANDOM = np.random.default_rng(1)


def alone(make: Make) -> tuple[Builder, CoreRole]:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    return program, role


def vectors(count: int, dtype: type, length: int = 33) -> npt.NDArray[Any]:
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return RANDOM.integers(info.min, info.max, (count, length), dtype=dtype, endpoint=True)
    return (RANDOM.standard_normal((count, length)) * 10.0 ** RANDOM.integers(-3, 4, (count, length))).astype(dtype)


DTYPES: dict[int, type] = {isa.F32: np.float32, isa.F16: np.float16, isa.I32: np.int32, isa.I16: np.int16}
OPERATIONS: dict[int, Callable[..., Any]] = {
    isa.MOV: lambda a: a,
    isa.ADD: lambda a, b: a + b,
    isa.SUB: lambda a, b: a - b,
    isa.MUL: lambda a, b: a * b,
    isa.MAX: np.maximum,
}


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("op", OPERATIONS)
def test_vector_operations_round_and_wrap_as_numpy_does(make: Make, op: int, kind: int) -> None:
    program, role = alone(make)
    operation = OPERATIONS[op]
    count = 1 if op == isa.MOV else 2
    values = vectors(count, DTYPES[kind])
    dest = role.memory("dest", 33, kind)
    with role.task("main", start=True):
        role.vector(op, dest, *(role.memory(f"x{n}", 33, kind) for n in range(count)), kind=kind)
    machine = CoreMachine(program)
    for number, each in enumerate(values):
        machine.write(role, f"x{number}", each)
    machine.run()
    assert np.array_equal(machine.read(role, "dest")[0], operation(*values).astype(np.float64))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("kind", "factor", "total"), [
    (isa.F32, np.float32, np.float32), (isa.F16, np.float16, np.float16), (isa.MIXED, np.float16, np.float32),
])  # fmt: skip
def test_multiply_accumulate_rounds_once(make: Make, kind: int, factor: type, total: type) -> None:
    program, role = alone(make)
    kinds: dict[type, int] = {np.float32: isa.F32, np.float16: isa.F16}
    a, (b, c) = vectors(1, total)[0], vectors(2, factor)
    out, at = role.memory("out", 33, kinds[total]), role.memory("a", 33, kinds[total])
    with role.task("main", start=True):
        x, y = role.memory("b", 33, kinds[factor]), role.memory("c", 33, kinds[factor])
        role.vector(isa.MAC, out, at, x, y, kind=kind)
    machine = CoreMachine(program)
    for name, values in (("a", a), ("b", b), ("c", c)):
        machine.write(role, name, values)
    run = machine.run()
    expected = (a.astype(np.float64) + b.astype(np.float64) * c.astype(np.float64)).astype(total)
    assert np.array_equal(machine.read(role, "out")[0], expected.astype(np.float64))
    assert run.fmacs == 33
    assert run.elements == 33
    assert run.sram_bytes == 33 * (2 * np.dtype(total).itemsize + 2 * np.dtype(factor).itemsize)


def test_moves_convert_between_floats(make: Make) -> None:
    program, role = alone(make)
    wide, narrow = role.memory("wide", 9), role.memory("narrow", 9, isa.F16)
    back = role.memory("back", 9)
    with role.task("main", start=True):
        role.fmovs(narrow, wide)
        role.fmovs(back, narrow)
    machine = CoreMachine(program)
    values = vectors(1, np.float32, 9)[0]
    machine.write(role, "wide", values)
    machine.run()
    assert np.array_equal(machine.read(role, "back")[0], values.astype(np.float16).astype(np.float64))


def compiled(function: Any) -> Any:
    """Return a function compiled, for Python to call, if the engine is."""
    return importlib.import_module("numba").njit(function) if jit.COMPILED else function


@compiled
def float_to_half(value: float) -> int:
    return words.float_to_half(value)  # type: ignore[no-any-return]


@compiled
def half_to_float(bits: int) -> float:
    return words.half_to_float(bits)


@compiled
def lowest(bits: int) -> int:
    return words.lowest(bits)  # type: ignore[no-any-return]


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_the_lowest_bit_is_found(bits: int) -> None:
    assert 1 << lowest(bits) == bits & -bits


@given(st.floats(width=64, allow_nan=False))
def test_doubles_round_to_the_nearest_half(value: float) -> None:
    with np.errstate(over="ignore"):
        expected = int(np.float64(value).astype(np.float16).view(np.uint16))
    assert float_to_half(value) == expected


def test_every_half_is_itself(plain_engine: ModuleType) -> None:
    for bits in range(1 << 16):
        value = float(np.uint16(bits).view(np.float16))
        if value == value:
            assert half_to_float(bits) == value
            assert float_to_half(value) == bits
    assert np.isnan(plain_engine.words.half_to_float(0x7E01))
    assert plain_engine.words.float_to_half(float("nan")) == 0x7E00


def test_rows_of_a_matrix_and_strides(make: Make) -> None:
    program, role = alone(make)
    x, y = role.memory("x", 30), role.memory("y", 12)
    with role.task("main", start=True):
        role.fmovs(y.grid(3, 4, row_stride=4), x.at(2).grid(3, 4, row_stride=10, stride=2))
        role.fmovs(y.at(11, 2, stride=-11), y.at(0, 2, stride=11))
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(30))
    machine.run()
    expected = [x for row in range(3) for x in range(2 + 10 * row, 10 + 10 * row, 2)]
    expected[11], expected[0] = expected[0], expected[0]
    assert machine.read(role, "y")[0].tolist() == expected


def test_a_register_can_be_a_scalar_operand_and_a_sum(make: Make) -> None:
    program, role = alone(make)
    x, y = role.memory("x", 20), role.memory("y", 20)
    scale, dot = role.register(), role.register()
    with role.task("main", start=True):
        role.set(scale, 0.5, kind=isa.F32)
        role.set(dot, 0)
        role.fmacs(y, y, x, scale)
        role.fmacs(dot, dot, x, y)
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(20))
    machine.write(role, "y", np.ones(20))
    machine.run()
    y_found = 1 + 0.5 * np.arange(20)
    assert machine.read(role, "y")[0].tolist() == y_found.tolist()
    assert machine.register(role, dot.index)[0] == (np.arange(20) * y_found).sum()


def test_registers_move_operands_and_set_lengths(make: Make) -> None:
    program, role = alone(make)
    x, y = role.memory("x", 16), role.memory("y", 4)
    place, length = role.register(), role.register()
    with role.task("main", start=True):
        role.set(place, 9)
        role.set(length, 3)
        role.fmovs(y, x.at(place, 4), length=length)
        role.set(length, 0)
        role.fmovs(y, x.at(place, 4), length=length)
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(16))
    machine.run()
    assert machine.read(role, "y")[0].tolist() == [9, 10, 11, 0]


SCALARS: list[tuple[int, float, float, float]] = [
    (isa.FADD, 1.5, 2.25, 3.75), (isa.FSUB, 1.5, 2.25, -0.75), (isa.FMUL, 1.5, 2.25, 3.375),
    (isa.FDIV, 1.0, 3.0, 1 / 3), (isa.FMAXS, 1.5, 2.25, 2.25), (isa.FEXP, 1.0, 0.0, np.e),
    (isa.FSQRT, 2.0, 0.0, 2**0.5),
]  # fmt: skip


@pytest.mark.parametrize(("op", "a", "b", "result"), SCALARS)
def test_scalar_operations(make: Make, op: int, a: float, b: float, result: float) -> None:
    program, role = alone(make)
    x, y, z = (role.register() for _ in range(3))
    with role.task("main", start=True):
        role.set(x, a, kind=isa.F32)
        role.set(y, b, kind=isa.F32)
        role.scalar(op, z, x, y)
    machine = CoreMachine(program)
    machine.run()
    assert machine.register(role, z.index)[0] == np.float32(result)


def test_scalar_operations_without_a_number_for_an_answer(make: Make) -> None:
    program, role = alone(make)
    zero, minus, big = role.register(), role.register(), role.register()
    found = [role.register() for _ in range(3)]
    whole = role.memory("whole", 1, isa.I32)
    with role.task("main", start=True):
        role.set(zero, 0.0, kind=isa.F32)
        role.set(minus, -1.0, kind=isa.F32)
        role.set(big, 1000.0, kind=isa.F32)
        role.scalar(isa.FDIV, found[0], minus, zero)
        role.scalar(isa.FSQRT, found[1], minus)
        role.scalar(isa.FEXP, found[2], big)
        role.store(whole, found[2])
    machine = CoreMachine(program)
    machine.run()
    values = [machine.register(role, register.index)[0] for register in found]
    assert values[0] == -np.inf
    assert np.isnan(values[1])
    assert values[2] == np.inf
    assert machine.read(role, "whole")[0, 0] == 0


def test_whole_numbers_words_and_memory(make: Make) -> None:
    program, role = alone(make)
    word, half, high, copied, product = (role.register() for _ in range(5))
    memory = role.memory("memory", 2, isa.I32)
    with role.task("main", start=True):
        role.set(word, 7 << 16 | 0x3C00)
        role.low_half(half, word)
        role.high_half(high, word)
        role.copy(copied, high)
        role.imul(product, high, -6)
        role.store(memory.at(1, 1), product)
        role.load(copied, memory.at(1, 1))
        role.iadd(copied, copied, high)
    machine = CoreMachine(program)
    machine.run()
    assert [machine.register(role, r.index)[0] for r in (half, high, product, copied)] == [1.0, 7, -42, -35]


def test_pairs_of_halves_share_a_wavelet(make: Make) -> None:
    """An odd number leaves half of the last wavelet empty."""
    program = make(2)
    color = program.color("data")
    first, last = program.role("first"), program.role("last")
    x, y = first.memory("x", 7, isa.F16), last.memory("y", 7, isa.F16)
    z = last.memory("z", 7, isa.F16)
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        first.vector(isa.MOV, first.fabout(color, 7), x, kind=isa.F16)
        first.halt()
    with last.task("main", start=True):
        last.vector(isa.ADD, y, z, last.fabin(color, 7), kind=isa.F16)
        last.halt()
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    machine = CoreMachine(program)
    values = vectors(2, np.float16, 7)
    machine.write(first, "x", values[0])
    machine.write(last, "z", values[1])
    run = machine.run()
    assert run.traffic == {"data": 4}
    assert machine.read(last, "y")[0].tolist() == (values[0] + values[1]).astype(float).tolist()
    assert run.cycles == 6 + 4


@pytest.mark.parametrize("kind", [isa.F32, isa.I32, isa.I16])
def test_other_types_cross_the_fabric_unchanged(make: Make, kind: int) -> None:
    program = make(2)
    color = program.color("data")
    first, last = program.role("first"), program.role("last")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        first.vector(isa.MOV, first.fabout(color, 9), first.memory("x", 9, kind), kind=kind)
    with last.task("main", start=True):
        last.vector(isa.MOV, last.memory("y", 9, kind), last.fabin(color, 9), kind=kind)
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    machine = CoreMachine(program)
    values = vectors(1, DTYPES[kind], 9)
    machine.write(first, "x", values)
    machine.run()
    assert np.array_equal(machine.read(last, "y"), values.astype(np.float64))


def test_two_fabric_inputs_in_one_instruction(make: Make) -> None:
    program = make(3)
    west, east = program.color("west"), program.color("east")
    for column, color, port in ((0, west, "EAST"), (2, east, "WEST")):
        role = program.role(port)
        x = role.memory("x", 12)
        role.route(color, "RAMP", port)
        with role.task("main", start=True):
            role.fmovs(role.fabout(color, 12), x)
        program.place(role, [column], [0])
    middle = program.role("middle")
    own, total = middle.memory("own", 12), middle.memory("total", 12)
    middle.route(west, "WEST", "RAMP")
    middle.route(east, "EAST", "RAMP")
    with middle.task("main", start=True):
        middle.vector(isa.ADD3, total, own, middle.fabin(west, 12), middle.fabin(east, 12))
    program.place(middle, [1], [0])
    machine = CoreMachine(program)
    for role, scale in zip(program.roles, (1, 100, 10000), strict=True):
        machine.write(role, "own" if role is middle else "x", scale * np.arange(12))
    machine.run()
    assert machine.read(middle, "total")[0].tolist() == [10101.0 * n for n in range(12)]
