"""Probes against what their parts cost, counted by hand."""

import pytest

from wsesim.cores import isa
from wsesim.cores.programs.probes.core import (
    APART_BYTES,
    SAME_BYTES,
    Vector,
    bank_slowdown,
    branch_cycles,
    chunked_cycles,
    dependent_cycles,
    elements_per_cycle,
    scalar_add_cycles,
    vector_cycles,
)
from wsesim.cores.programs.probes.line import send
from wsesim.hardware import Wafer


def test_an_instruction_takes_its_launch_and_its_issues(wse2: Wafer, wse3: Wafer) -> None:
    fp32 = Vector(op=isa.MAC, kind=isa.F32, length=100, apart=APART_BYTES)
    assert vector_cycles(wse2, fp32) == 100
    assert vector_cycles(wse2, fp32, stamps=True, setup=28) == 6 + 28 + 100
    assert vector_cycles(wse2, Vector(op=isa.MAC, kind=isa.F32, length=100, apart=SAME_BYTES)) == 200
    fp16 = Vector(op=isa.MAC, kind=isa.F16, length=64, apart=SAME_BYTES)
    assert vector_cycles(wse3, fp16) == 1 + 16
    assert vector_cycles(wse3, fp16, stamps=True) == 15 + 1 + 16


@pytest.mark.parametrize("length", range(1, 12))
def test_operands_lie_as_far_apart_as_asked_whatever_their_length(wse2: Wafer, length: int) -> None:
    taken = [
        vector_cycles(wse2, Vector(op=isa.MAC, kind=isa.F32, length=length, apart=apart)) for apart in range(0, 16, 4)
    ]
    assert taken == [2 * length, length, length, length]


def test_rates_are_slopes(wse2: Wafer, wse3: Wafer) -> None:
    assert elements_per_cycle(wse3, isa.MOV, isa.F16) == 8
    assert elements_per_cycle(wse3, isa.MOV, isa.F32) == 4
    assert elements_per_cycle(wse2, isa.MOV, isa.F32) == 2
    assert bank_slowdown(wse2, isa.MAC, isa.F32) == 2
    assert bank_slowdown(wse2, isa.MOV, isa.F32) == 1


def test_loops_differ_by_what_a_turn_costs(wse3: Wafer) -> None:
    for form, turn in (("while", 5 + 6 + 7), ("map", 5 + 6)):
        short, long = (chunked_cycles(wse3, 16 * turns, 16, form=form) for turns in (32, 64))
        assert long - short == 32 * turn
    short, long = (chunked_cycles(wse3, 256 * turns, 16, form="formap") for turns in (2, 4))
    assert long - short == 2 * (1 + 16 * 11 + 12)


def test_branches_and_scalars(wse3: Wafer) -> None:
    assert (branch_cycles(wse3, taken=True), branch_cycles(wse3, taken=False)) == (6, 3)
    assert (dependent_cycles(wse3), scalar_add_cycles(wse3)) == (2, 7)


@pytest.mark.parametrize("words", [1, 2, 8, 100])
@pytest.mark.parametrize("hops", [1, 2, 7])
def test_a_message_takes_ramps_hops_and_words(wse2: Wafer, wse3: Wafer, words: int, hops: int) -> None:
    for wafer in (wse2, wse3):
        core, fabric = wafer.core, wafer.fabric
        found = send(wafer, words=words, hops=hops)
        first = core.microthread_launch_cycles + 1 + 2 * fabric.ramp_cycles + hops * fabric.hop_cycles
        assert found.received == first + words + core.task_launch_cycles
        assert found.completed == 1 + core.task_launch_cycles
        assert found.bracketed == core.stamp_cycles + found.received + wafer.code.call_cycles


@pytest.mark.parametrize("relays", [1, 2, 3, 6])
def test_a_relay_takes_as_often_as_long_as_one_message(wse3: Wafer, relays: int) -> None:
    one = send(wse3, words=20).received
    found = send(wse3, words=20, relays=relays, work=4)
    assert found.bracketed == wse3.core.stamp_cycles + relays * (one + 4) + wse3.code.call_cycles
