"""Descriptors that a program writes as it runs: the same values and cycles as where the instruction states them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.errors import Deadlock, ProgramError, TooFew
from wsesim.cores.listing import list_program
from wsesim.cores.machine import CoreMachine, CoreRun
from wsesim.cores.operands import ELEMENT_WORDS, FabricOperand, Mem, Operand
from wsesim.hardware import load_cluster

WAFERS = {name: load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")}
_FIVE = replace(WAFERS["cs-3"].core, fmac_fp16_per_cycle=5, fmac_mixed_per_cycle=5, simd_fp16_per_cycle=5)
WAFERS["five lanes"] = replace(WAFERS["cs-3"], core=_FIVE)
WORDS = 512
SOURCES = {isa.MOV: 1, isa.ADD: 2, isa.MUL: 2, isa.MAC: 3}


class Done(NamedTuple):
    memory: list[int]
    run: CoreRun
    machine: CoreMachine


def play(write: Callable[[CoreRole], None], machine: str = "cs-3", words: int = WORDS) -> Done:
    """Run a task on a core whose memory holds small numbers of any type."""
    program = Builder(WAFERS[machine], width=1, height=1)
    role = program.role("core")
    program.place(role, [0], [0])
    role.memory("all", words, isa.I16)
    with role.task("main", start=True):
        write(role)
    loaded = CoreMachine(program)
    loaded.state.memory[:words] = np.random.default_rng(1).integers(0x3C00, 0x4400, words)
    run = loaded.run()
    return Done(loaded.state.memory.tolist(), run, loaded)


@st.composite
def views(draw: st.DrawFn, kind: int, length: int) -> Mem:
    inner = draw(st.sampled_from([0, 0, 1, 2, 3, 5, 8]))
    return Mem(
        draw(st.integers(0, 64)), length, kind, draw(st.sampled_from([0, 1, 1, 1, 2, 3, 4, 8])), inner,
        draw(st.integers(1, 9)) if inner else 0,
    )  # fmt: skip


def described(role: CoreRole, op: int, kind: int, operands: list[Operand], which: int) -> None:
    """Write an instruction, those operands of it in registers of descriptors whose bits are set."""
    named: list[Operand] = []
    for number, operand in enumerate(operands):
        if which >> number & 1 and isinstance(operand, Mem | FabricOperand):
            register = role.descriptor(dest=number == 0)
            role.describe(register, operand)
            named.append(register)
        else:
            role.wait(1)
            named.append(operand)
    role.vector(op, *named, kind=kind)


@settings(max_examples=100)
@given(st.data(), st.sampled_from(sorted(WAFERS)), st.sampled_from(sorted(SOURCES)),
       st.sampled_from([isa.F32, isa.F16, isa.MIXED, isa.I32, isa.I16]), st.integers(1, 24))  # fmt: skip
def test_whoever_describes_operands_the_cores_do_the_same(
    data: st.DataObject, machine: str, op: int, kind: int, length: int
) -> None:
    if op == isa.MAC and kind not in (isa.F32, isa.F16, isa.MIXED):
        return
    kinds = [isa.F32 if n < 2 else isa.F16 for n in range(4)] if kind == isa.MIXED else [kind] * 4
    operands: list[Operand] = [data.draw(views(kinds[n], length)) for n in range(1 + SOURCES[op])]
    if data.draw(st.booleans()):
        operands[1] = operands[0]
    which = data.draw(st.integers(1, (1 << len(operands)) - 1))
    stated = play(lambda role: described(role, op, kind, operands, 0), machine)
    written = play(lambda role: described(role, op, kind, operands, which), machine)
    assert written.memory == stated.memory
    assert (written.run.cycles, written.run.elements) == (stated.run.cycles, stated.run.elements)
    assert written.run.sram_bytes == stated.run.sram_bytes
    assert all(np.array_equal(written.run.spent[cause], stated.run.spent[cause]) for cause in stated.run.spent)


def test_fields_are_changed_as_a_program_runs() -> None:
    def write(role: CoreRole) -> None:
        source, dest, place = role.descriptor(), role.descriptor(dest=True), role.register()
        role.describe(source, Mem(0, 1, isa.I16))
        role.describe(dest, Mem(100, 1, isa.I16))
        role.set(place, 7)
        role.adjust(source, "address", place)
        role.adjust(source, "stride", 5)
        role.adjust(source, "length", 6)
        role.adjust(source, "inner", 3)
        role.adjust(source, "outer", 40)
        role.vector(isa.MOV, dest, source, kind=isa.I16)

    before, after = play(lambda role: role.wait(1)).memory, play(write).memory
    assert after[100:106] == [before[at] for at in (7, 12, 17, 47, 52, 57)]
    assert after[106:] == before[106:]


def test_an_instruction_gives_what_it_is_shown_its_own_type() -> None:
    """A descriptor of halves used by an instruction of whole ones steps by two words."""

    def write(role: CoreRole) -> None:
        source = role.descriptor()
        role.describe(source, Mem(2, 3, isa.F16, 2))
        role.mov32(Mem(100, 3, isa.I32), source)

    before, after = play(lambda role: role.wait(1)).memory, play(write).memory
    assert after[100:106] == [before[at] for at in (2, 3, 6, 7, 10, 11)]


@pytest.mark.parametrize(("source", "second"), [
    (Mem(0, 4, isa.F16), 4), (Mem(0, 4, isa.F32), 8), (Mem(3, 4, isa.F16, 3), 15),
    (Mem(0, 6, isa.F16, 1, 3, 10), 20),
])  # fmt: skip
def test_a_descriptor_may_keep_its_place(source: Mem, second: int) -> None:
    def write(role: CoreRole) -> None:
        walking = role.descriptor()
        role.describe(walking, source, keeps=True)
        for start in (100, 200):
            role.vector(isa.MOV, Mem(start, source.length, source.kind), walking, kind=source.kind)

    before, after = play(lambda role: role.wait(1)).memory, play(write).memory
    size = ELEMENT_WORDS[source.kind]
    assert after[100 : 100 + size] == before[source.address : source.address + size]
    assert after[200 : 200 + size] == before[second : second + size]


def test_the_register_of_an_offset_is_read_when_it_is_described() -> None:
    def write(role: CoreRole) -> None:
        source, place = role.descriptor(), role.register()
        role.set(place, 3)
        role.describe(source, Mem(0, 1, isa.F32).at(place, 1))
        role.set(place, 9)
        role.fmovs(Mem(100, 1), source)

    before, after = play(lambda role: role.wait(1)).memory, play(write).memory
    assert after[100:102] == before[6:8]


def pair(machine: str, write: Callable[[CoreRole, CoreRole, FabricOperand, FabricOperand], None]) -> CoreMachine:
    """Two cores, the first of which sends to the second."""
    program = Builder(WAFERS[machine], width=2, height=1)
    sender, receiver, color = program.role("sender"), program.role("receiver"), program.color("data")
    for at, role in enumerate((sender, receiver)):
        program.place(role, [at], [0])
        role.memory("x", 16, isa.F16)
    sender.route(color, "RAMP", "EAST")
    receiver.route(color, "WEST", "RAMP")
    write(sender, receiver, sender.fabout(color, 16), receiver.fabin(color, 16))
    loaded = CoreMachine(program)
    loaded.write(sender, "x", np.arange(16.0))
    return loaded


@pytest.mark.parametrize("machine", WAFERS)
@pytest.mark.parametrize("thread", [None, 2])
def test_the_fabric_is_described_as_memory_is(machine: str, thread: int | None) -> None:
    def both(which: int) -> CoreRun:
        def move(role: CoreRole, dest: Mem | FabricOperand, source: Mem | FabricOperand) -> None:
            with role.task("main", start=True):
                into, of = role.descriptor(dest=True), role.descriptor()
                role.describe(into, dest)
                role.describe(of, source)
                named = (into if which & 1 else dest, of if which & 2 else source)
                role.vector(isa.MOV, *named, kind=isa.F16, thread=thread)

        def write(sender: CoreRole, receiver: CoreRole, out: FabricOperand, into: FabricOperand) -> None:
            move(sender, out, sender.variables["x"])
            move(receiver, receiver.variables["x"], into)

        loaded = pair(machine, write)
        run = loaded.run()
        assert loaded.read(loaded.builder.roles[1], "x")[0].tolist() == [*range(16)]
        return run

    stated = both(0)
    for which in (1, 2, 3):
        run = both(which)
        assert (run.cycles, run.events, run.hops) == (stated.cycles, stated.events, stated.hops)


def test_who_waits_on_a_described_color_says_so() -> None:
    def write(sender: CoreRole, receiver: CoreRole, out: FabricOperand, into: FabricOperand) -> None:
        with sender.task("main", start=True):
            sender.halt()
        with receiver.task("main", start=True):
            register = receiver.descriptor()
            receiver.describe(register, into)
            receiver.vector(isa.MOV, receiver.variables["x"], register, kind=isa.F16)

    with pytest.raises(Deadlock, match=r"has done 0 of 16 elements and waits for a wavelet of color 'data'"):
        pair("cs-2", write).run()


def test_mistakes_are_told() -> None:
    def unwritten(role: CoreRole) -> None:
        role.fmovs(Mem(0, 4), role.descriptor())

    with pytest.raises(
        ProgramError, match=r"test_descriptors.py, line \d+\) uses a descriptor that it has not written"
    ):
        play(unwritten)

    def outside(role: CoreRole) -> None:
        source = role.descriptor()
        role.describe(source, Mem(0, 4))
        role.adjust(source, "address", WORDS - 7)
        role.fmovs(Mem(0, 4), source)

    with pytest.raises(ProgramError, match="outside its 1,024 bytes"):
        play(outside)
    with pytest.raises(ProgramError, match="reads by a descriptor that is for the other"):
        play(lambda role: role.fmovs(Mem(0, 4), role.descriptor(dest=True)))
    with pytest.raises(ProgramError, match=r"adjusts 'strid' of a descriptor.*stride"):
        play(lambda role: role.adjust(role.descriptor(), "strid", 1))
    with pytest.raises(TooFew, match="uses more than 44 descriptors"):
        play(lambda role: role.wait(len([role.descriptor() for _ in range(45)])))


def test_a_listing_names_them() -> None:
    def write(role: CoreRole) -> None:
        source = role.descriptor()
        role.describe(source, Mem(0, 4), keeps=True)
        role.adjust(source, "length", 2)
        role.fmovs(Mem(100, 2), source)

    done = play(write)
    text = list_program(done.machine.builder, done.run.executed)
    for words in ("describe d0, ", "keeps", "adjust d0, length, 2", ", d0 "):
        assert words in text
