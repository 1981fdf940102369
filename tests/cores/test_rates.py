"""Elements and cycles of an issue: lanes, strides, bytes, banks."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from wsesim.cores import isa
from wsesim.cores.kit.durations import written_cycles
from wsesim.cores.operands import Color, FabricOperand, Mem, Operand, Register
from wsesim.cores.rates import Rate, rate_of, row_of
from wsesim.hardware import Wafer

A, B = Mem(0, 64), Mem(128, 64)
H, G = Mem(0, 64, isa.F16), Mem(64, 64, isa.F16)
LANES = (
    "fmac_fp16_per_cycle", "fmac_mixed_per_cycle", "fmac_fp32_per_cycle", "simd_fp16_per_cycle", "simd_fp32_per_cycle",
    "convert_per_cycle", "max_per_cycle",
)  # fmt: skip
PORTS = ("sram_read_bytes_per_cycle", "sram_write_bytes_per_cycle")


def issued(wafer: Wafer, op: int, kind: int, *operands: Operand) -> tuple[int, int]:
    """Return elements of an issue, and cycles to the next, of 64 elements where these operands lie."""
    launch, per_issue = wafer.core.vector_launch_cycles, rate_of(wafer.core, op, kind, operands).per_issue
    cycles = written_cycles(wafer, lambda role: role.vector(op, *operands, kind=kind, length=64)) - launch
    return per_issue, cycles * per_issue // 64


@pytest.mark.parametrize(("op", "kind", "operands", "second", "third"), [
    (isa.MOV, isa.F32, (A, A), (2, 1), (4, 1)),
    (isa.MOV, isa.F16, (H, H), (4, 1), (8, 1)),
    (isa.MOV, isa.F16, (H, A), (1, 1), (4, 1)),
    (isa.ADD, isa.F32, (A, A, B), (2, 2), (4, 2)),
    (isa.ADD, isa.F16, (H, H, G), (4, 1), (8, 2)),
    (isa.MUL, isa.F32, (A, A, Register(2)), (1, 1), (1, 1)),
    (isa.MUL, isa.F16, (H, H, Register(2)), (4, 1), (8, 1)),
    (isa.MAX, isa.F32, (A, A, B), (1, 1), (4, 2)),
    (isa.MAX, isa.F16, (H, H, G), (1, 1), (8, 2)),
    (isa.MAC, isa.F32, (A, A, B, Register(2)), (1, 1), (1, 1)),
    (isa.MAC, isa.F16, (H, H, G, Register(2)), (4, 1), (8, 2)),
    (isa.MAC, isa.MIXED, (A, A, H, Register(2)), (2, 1), (4, 2)),
    (isa.MOV, isa.F32, (Register(2), A), (2, 1), (4, 1)),
])  # fmt: skip
def test_lanes_and_bytes(
    wse2: Wafer,
    wse3: Wafer,
    op: int,
    kind: int,
    operands: tuple[Operand, ...],
    second: tuple[int, int],
    third: tuple[int, int],
) -> None:
    for wafer, expected in ((wse2, second), (wse3, third)):
        rate = rate_of(wafer.core, op, kind, operands)
        assert (rate.per_issue, rate.cycles) == expected


@pytest.mark.parametrize(("op", "kind", "operands"), [
    (isa.MAC, isa.F16, (H, H, G)), (isa.MAC, isa.MIXED, (A, A, H)), (isa.ADD, isa.F32, (A, A, B)),
    (isa.MAC, isa.F32, (A, A, B)), (isa.MOV, isa.F16, (H, A)),
    (isa.ADD, isa.F16, (H.at(0, stride=64), H.at(0, stride=64), G)),
])  # fmt: skip
def test_more_lanes_and_wider_ports_are_never_slower(
    wse2: Wafer, op: int, kind: int, operands: tuple[Operand, ...]
) -> None:
    def paces(lanes: float, *ports: float) -> tuple[float, float]:
        figures = {**dict.fromkeys(LANES, lanes), **dict(zip(PORTS, ports, strict=True))}
        core = replace(wse2.core, **figures)  # type: ignore[arg-type]
        rate = rate_of(core, op, kind, operands)
        return rate.per_issue / rate.cycles, rate.per_issue / rate.slow_cycles

    sides: list[tuple[float, ...]] = [
        (0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 11.0),
        (8, 12, 16, 20),
        (4, 8, 12, 16),
    ]
    for place, values in enumerate(sides):
        for others in product(*(side for at, side in enumerate(sides) if at != place)):
            found = [paces(*others[:place], value, *others[place:]) for value in values]
            assert [pace for pace, _ in found] == sorted(pace for pace, _ in found)
            # With wider ports an issue may be smaller, and one that collides takes as long as before.
            assert place > 0 or [slow for _, slow in found] == sorted(slow for _, slow in found)


def test_an_issue_takes_no_more_than_its_ports_feed_as_fast(wse2: Wafer) -> None:
    lanes = {2: (2, 1), 4: (4, 1), 5: (4, 1), 7: (4, 1), 8: (8, 2), 9: (8, 2)}
    for wide, expected in lanes.items():
        rate = rate_of(replace(wse2.core, fmac_fp16_per_cycle=wide), isa.MAC, isa.F16, (H, H, G))
        assert (rate.per_issue, rate.cycles) == expected


@pytest.mark.parametrize(("kind", "per_issue"), [(isa.F32, 1), (isa.I32, 1), (isa.F16, 2), (isa.I16, 2)])
def test_fabric_passes_a_wavelet_an_issue(wse2: Wafer, kind: int, per_issue: int) -> None:
    data = FabricOperand(Color("data", 0), 8)
    assert rate_of(wse2.core, isa.MOV, kind, (data, Mem(0, 8, kind))) == Rate(per_issue, 1, 1)
    assert rate_of(wse2.core, isa.ADD, kind, (Mem(0, 8, kind), Mem(0, 8, kind), data)) == Rate(per_issue, 1, 1)


def test_a_fabric_maximum_of_halves_takes_a_cycle_for_each(wse2: Wafer) -> None:
    data = FabricOperand(Color("data", 0), 8)
    assert rate_of(wse2.core, isa.MAX, isa.F16, (H, H, data)) == Rate(2, 2, 2)


@pytest.mark.parametrize(
    ("stride", "lanes"), [(0, 4), (1, 4), (2, 4), (3, 4), (4, 2), (5, 4), (7, 2), (8, 1), (9, 2), (-1, 2)]
)
def test_strides_take_lanes_away(wse2: Wafer, stride: int, lanes: int) -> None:
    assert rate_of(wse2.core, isa.MOV, isa.F16, (H, H.at(0, stride=stride))).per_issue == lanes


@pytest.mark.parametrize(("apart", "cycles"), [(0, 2), (1, 1), (2, 1), (3, 1), (4, 2), (62, 1), (63, 1), (64, 2)])
def test_reads_of_words_collide_in_one_of_four_alignments(wse2: Wafer, apart: int, cycles: int) -> None:
    assert issued(wse2, isa.MAC, isa.F32, A, A, Mem(2 * apart, 64), Register(2)) == (1, cycles)


@pytest.mark.parametrize("apart", [0, 1, 2, 3])
def test_reads_of_two_words_always_collide(wse2: Wafer, apart: int) -> None:
    assert issued(wse2, isa.ADD, isa.F32, A, A, Mem(2 * apart, 64)) == (2, 2)


def test_a_row_that_ends_within_an_issue_is_known(wse3: Wafer) -> None:
    assert row_of((A.grid(3, 5, row_stride=8), A.grid(3, 5, row_stride=8)), 4) == 5
    assert row_of((A.grid(3, 8, row_stride=8),), 4) == 0
    assert row_of((A,), 4) == 0
    assert rate_of(wse3.core, isa.ADD, isa.F32, (A, A, B), most=1).cycles == 1


@pytest.mark.parametrize(("apart", "cycles"), [(0, 2), (1, 2), (2, 1), (3, 2), (4, 2), (6, 1)])
def test_reads_of_halves_do_too(wse2: Wafer, apart: int, cycles: int) -> None:
    other = Mem(apart, 64, isa.F16)
    assert issued(wse2, isa.ADD, isa.F16, H, H, other) == (4, cycles)
