"""Memory as a core has it: words of 16 bits, which elements of any type lie over."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores import isa
from wsesim.cores.bits import DTYPES
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.errors import ProgramError
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_WORDS, Mem
from wsesim.hardware import load_cluster

Make = Callable[..., Builder]
Words = npt.NDArray[np.uint16]
WAFERS = {name: load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")}
WORDS = 64
KINDS = st.sampled_from(sorted(DTYPES))


def alone(machine: str = "cs-2") -> tuple[Builder, CoreRole]:
    program = Builder(WAFERS[machine], width=1, height=1)
    role = program.role("core")
    program.place(role, [0], [0])
    return program, role


def run(words: Words, write: Callable[[CoreRole], None], machine: str = "cs-2") -> tuple[Words, int]:
    """Return memory after a task, and its cycles, of a core whose memory holds *words* before."""
    program, role = alone(machine)
    role.memory("all", len(words), isa.I16)
    with role.task("main", start=True):
        write(role)
    loaded = CoreMachine(program)
    loaded.state.memory[: len(words)] = words
    cycles = loaded.run().cycles
    return np.asarray(loaded.state.memory[: len(words)].copy()), cycles


def element(words: Words, place: int, kind: int) -> npt.NDArray[np.generic]:
    return words[place : place + ELEMENT_WORDS[kind]].view(DTYPES[kind])


@st.composite
def vectors(draw: st.DrawFn, kind: int, length: int) -> Mem:
    """Elements anywhere in memory, forwards or backwards."""
    words = ELEMENT_WORDS[kind]
    stride = draw(st.integers(-3, 3).filter(lambda by: (length - 1) * abs(by) * words + words <= WORDS))
    low, reach = min(0, (length - 1) * stride * words), (length - 1) * abs(stride) * words + words
    return Mem(draw(st.integers(0, WORDS - reach)) - low, length, kind, stride)


@given(st.data(), KINDS, st.integers(1, 6))
def test_elements_of_any_type_begin_at_any_word(data: st.DataObject, kind: int, length: int) -> None:
    """One after the other, as long as no issue of several writes what the next reads: there, as a loop would."""
    dest, source = data.draw(vectors(kind, length)), data.draw(vectors(kind, length))
    words = np.random.default_rng(length).integers(0, 1 << 15, WORDS).astype(np.uint16)
    words[words & 0x7C00 == 0x7C00] = 7  # no infinity and no NaN, whose bits a rounding may change
    found, _ = run(words, lambda role: role.vector(isa.MOV, dest, source, kind=kind))
    size = ELEMENT_WORDS[kind]
    for at in range(length):
        into, of = (each.address + at * each.stride * size for each in (dest, source))
        words[into : into + size] = words[of : of + size].copy()
    assert found.tolist() == words.tolist()


def test_two_halves_share_what_a_whole_takes() -> None:
    program, role = alone()
    x, y = role.memory("x", 3, isa.F16), role.memory("y", 1)
    assert (x.address, y.address, role.words, role.data_bytes) == (0, 4, 6, 12)
    machine = CoreMachine(program)
    machine.write(role, "x", [1.0, -2.0, 0.5])
    machine.write(role, "y", 3.0)
    halves = np.array([1.0, -2.0, 0.5, 0.0], np.float16).view(np.uint16)
    assert machine.state.memory.tolist() == [*halves, 0x0000, 0x4040]
    assert machine.state.floats[2] == 3.0


def test_a_word_is_the_low_half_of_what_lies_over_it() -> None:
    words = np.zeros(6, np.uint16)
    words[1:3] = np.array([1.5], np.float32).view(np.uint16)

    def write(role: CoreRole) -> None:
        held = role.register()
        role.load(held, Mem(1, 1))
        role.store(Mem(3, 1), held)
        role.load(held, Mem(2, 1, isa.I16))
        role.store(Mem(5, 1, isa.I16), held)

    found, _ = run(words, write)
    assert found.tolist() == [0, 0, 0x3FC0, 0, 0x3FC0, 0x3FC0]
    assert element(found, 3, isa.F32) == 1.5


def test_a_register_moves_an_operand_by_elements() -> None:
    words = np.arange(1, 9, dtype=np.uint16)

    def write(role: CoreRole) -> None:
        place = role.register()
        role.set(place, 2)
        role.mov32(Mem(1, 1, isa.I32).at(place, 1), Mem(0, 1, isa.I32))

    found, _ = run(words, write)
    assert found.tolist() == [1, 2, 3, 4, 5, 1, 2, 8]


@pytest.mark.parametrize(("place", "fits"), [(6, True), (7, False), (-1, False)])
def test_the_last_word_of_an_element_counts_too(place: int, fits: bool) -> None:
    """Seven words and one more, as memory is laid out in pairs."""

    def move(role: CoreRole) -> None:
        role.mov32(Mem(place, 1, isa.I32), Mem(0, 1, isa.I32))

    if fits:
        run(np.zeros(7, np.uint16), move)
        return
    with pytest.raises(ProgramError, match="1 elements of 4 bytes that reach outside its memory"):
        run(np.zeros(7, np.uint16), move)


@settings(max_examples=30)
@given(st.integers(0, 15), st.integers(16, 31))
def test_banks_follow_from_addresses(first: int, second: int) -> None:
    """Reads of 16 bits meet unless they lie two banks of four apart, those of 32 where they are the same modulo 16."""
    words = np.zeros(WORDS, np.uint16)

    def cycles(op: int, kind: int, *sources: Mem) -> int:
        return run(words, lambda role: role.vector(op, Mem(0, 8, kind), *sources, kind=kind))[1]

    halves = [cycles(isa.ADD, isa.F16, Mem(at, 8, isa.F16), Mem(second, 8, isa.F16)) for at in (second + 2, first)]
    assert halves[1] - halves[0] == (0 if (second - first) % 4 == 2 else 2)
    wholes = [cycles(isa.MUL, isa.F32, Mem(at, 8), Mem(second, 8)) for at in (second + 4, first)]
    near = min((second - first) % 8, (first - second) % 8)
    assert wholes[1] - wholes[0] == (8 if near < 2 else 0)
