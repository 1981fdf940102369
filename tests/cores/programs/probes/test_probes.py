"""Probes against what their parts cost, counted by hand."""

from __future__ import annotations

import pytest

from wsesim.cores.programs import KernelCase, find_program
from wsesim.errors import InputError
from wsesim.hardware import Wafer

ONE = (1, 1)


def read(
    name: str, figure: str, wafer: Wafer, shape: tuple[int, ...], grid: tuple[int, int] = ONE, **options: str
) -> float:
    program = find_program(name)
    return (
        program.measures[figure]
        .read(KernelCase(program=program, wafer=wafer, grid=grid, shape=shape, options=options))
        .value
    )


def test_an_instruction_takes_its_launch_and_its_issues(wse2: Wafer, wse3: Wafer) -> None:
    assert read("vector", "dispatch_cycles", wse2, (100,)) == 100
    assert read("vector", "counter_cycles", wse2, (100,), setup="yes") == 6 + 28 + 100
    assert read("vector", "dispatch_cycles", wse2, (100,), banks="same") == 200
    assert read("vector", "dispatch_cycles", wse3, (64,), type="f16", banks="same") == 1 + 16
    assert read("vector", "counter_cycles", wse3, (64,), type="f16", banks="same") == 15 + 1 + 16
    assert read("vector", "latency_cycles", wse3, (64,), type="f16", banks="same") == 2 + 16


@pytest.mark.parametrize("length", range(1, 12))
def test_operands_lie_as_far_apart_as_asked_whatever_their_length(wse2: Wafer, length: int) -> None:
    taken = [read("vector", "dispatch_cycles", wse2, (length,), banks=banks) for banks in ("same", "apart")]
    assert taken == [2 * length, length]


def test_rates_are_slopes(wse2: Wafer, wse3: Wafer) -> None:
    rate = "elements_per_cycle"
    assert read("vector", rate, wse3, (1536,), op="mov", type="f16") == 8
    assert read("vector", rate, wse3, (1536,), op="mov") == 4
    assert read("vector", rate, wse2, (1536,), op="mov") == 2
    assert read("vector", "bank_slowdown", wse2, (1536,)) == 2
    assert read("vector", "bank_slowdown", wse2, (1536,), op="mov") == 1


def test_loops_differ_by_what_a_turn_costs(wse3: Wafer) -> None:
    for form, turn in (("while", 5 + 6 + 7), ("map", 5 + 6)):
        short, long = (read("vector-loop", "counter_cycles", wse3, (16 * turns, 16), form=form) for turns in (32, 64))
        assert long - short == 32 * turn
    short, long = (read("vector-loop", "counter_cycles", wse3, (256 * turns, 16), form="for-map") for turns in (2, 4))
    assert long - short == 2 * (1 + 16 * 11 + 12)


@pytest.mark.parametrize(("code", "cycles"), [("taken", 6), ("not-taken", 3), ("dependent", 2), ("memory", 7)])
@pytest.mark.parametrize("count", [1, 8])
def test_scalar_instructions_take_as_long_each_however_many(wse3: Wafer, code: str, cycles: int, count: int) -> None:
    assert read("scalar", "dispatch_cycles", wse3, (count,), code=code) == cycles


@pytest.mark.parametrize("words", [1, 2, 8, 100])
@pytest.mark.parametrize("hops", [1, 2, 7])
def test_a_message_takes_ramps_hops_and_words(wse2: Wafer, wse3: Wafer, words: int, hops: int) -> None:
    for wafer in (wse2, wse3):
        core, fabric, grid = wafer.core, wafer.fabric, (hops + 1, 1)
        first = core.microthread_launch_cycles + 1 + 2 * fabric.ramp_cycles + hops * fabric.hop_cycles
        received = read("message", "received_cycles", wafer, (words,), grid)
        assert received == first + words + core.activation_cycles
        assert read("message", "completion_cycles", wafer, (words,), grid) == 1 + core.activation_cycles
        bracketed = core.stamp_cycles + received + wafer.code.call_cycles
        assert read("message", "counter_cycles", wafer, (words,), grid) == bracketed


def test_slopes_of_a_message_are_a_hop_and_a_wavelet(wse3: Wafer) -> None:
    assert read("message", "cycles_per_hop", wse3, (1,), (33, 1)) == wse3.fabric.hop_cycles
    assert read("message", "cycles_per_wavelet", wse3, (512,), (2, 1)) == 1
    assert read("message", "first_wavelet_cycles", wse3, (8,), (2, 1)) == 7


@pytest.mark.parametrize("relays", [1, 2, 3, 6])
def test_a_relay_takes_as_often_as_long_as_one_message(wse3: Wafer, relays: int) -> None:
    one = read("message", "received_cycles", wse3, (20,), (2, 1))
    found = read("message", "counter_cycles", wse3, (20,), (relays + 1, 1), relays=str(relays), handled="yes")
    code = wse3.code
    assert found == wse3.core.stamp_cycles + relays * (one + code.pass_on_cycles) + code.call_cycles


@pytest.mark.parametrize(
    ("name", "figure", "shape", "grid", "options", "message"),
    [
        ("vector", "dispatch_cycles", (8,), ONE, {"op": "mac", "type": "i16"}, "only floats are multiplied"),
        ("vector", "elements_per_cycle", (8,), ONE, {}, "a slope wants 48 elements or more; got 8"),
        ("vector-loop", "counter_cycles", (100, 16), ONE, {}, "takes a whole number of 16 elements; got 100"),
        ("message", "counter_cycles", (8,), (4, 1), {"relays": "2"}, "takes 1 . a multiple of 2 columns; got 4"),
        ("message", "cycles_per_hop", (8,), (2, 1), {}, "a stretch of 2 hops or more"),
        ("message", "cycles_per_wavelet", (4,), (2, 1), {}, "8 words or more; got 4"),
    ],
)
def test_what_cannot_be_measured_says_why(
    wse3: Wafer, name: str, figure: str, shape: tuple[int, ...], grid: tuple[int, int], options: dict[str, str],
    message: str,
) -> None:  # fmt: skip
    with pytest.raises(InputError, match=message):
        read(name, figure, wse3, shape, grid, **options)
