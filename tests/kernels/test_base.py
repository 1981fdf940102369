"""Regions and costs: what every kernel's closed form is made of."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.hardware import Cluster, load_cluster
from wsesim.kernels import Cost, Region
from wsesim.kernels.base import sustained_fmac
from wsesim.software import load_software

TRAINING = load_software("release-2").for_training()

MakeRegion = Callable[..., Region]
RESOURCES = ("fmac", "elementwise", "reduction", "arrival", "injection", "broadcast")
CYCLES = st.floats(0, 1e9)


@st.composite
def costs(draw: st.DrawFn) -> Cost:
    work = draw(st.sampled_from(["fmac", "elementwise"]))
    others = draw(st.dictionaries(st.sampled_from(RESOURCES[2:]), CYCLES))
    serial = draw(st.dictionaries(st.sampled_from(["fill", "launch"]), CYCLES))
    return Cost(overlapped={work: draw(st.floats(1e-3, 1e9))} | others, serial=serial)


@given(costs())
def test_the_parts_of_a_cost_sum_to_its_cycles_and_none_is_negative(cost: Cost) -> None:
    parts = cost.parts()
    assert sum(parts.values()) == pytest.approx(cost.cycles, rel=1e-12)
    assert min(parts.values()) >= 0


@given(costs())
def test_the_bound_is_the_largest_and_all_else_is_hidden(cost: Cost) -> None:
    longest = max(cost.overlapped.values())
    assert cost.overlapped[cost.bound] == longest
    assert 0 <= cost.cycles - (longest + sum(cost.serial.values())) < 1 + 1e-6
    assert cost.parts().keys() <= {"fmac", "elementwise", cost.bound, *cost.serial}


def test_arithmetic_counts_in_full_and_what_holds_it_up_with_the_rest() -> None:
    cost = Cost(overlapped={"fmac": 70.0, "reduction": 100.0, "arrival": 90.0}, serial={"fill": 5.5})
    assert cost.cycles == 106
    assert cost.parts() == {"fmac": 70.5, "reduction": 30.0, "fill": 5.5}


def test_the_fullest_core_counts(region_of: MakeRegion) -> None:
    assert [region_of(sequences=1, length=length).tokens_per_core for length in (1, 6, 7, 12, 13)] == [1, 1, 2, 2, 3]
    assert region_of(sequences=5, length=5).tokens_per_core == 5  # 25 tokens on 6 rows


def test_features_divide_without_remainder(region_of: MakeRegion) -> None:
    assert region_of().features_per_core(25) == 2.5


@pytest.mark.parametrize(
    ("machine", "fp16", "mixed", "fp32"), [("cs-1", 4, 2, 1), ("cs-2", 4, 2, 1), ("cs-3", 4, 16 / 6, 1)]
)
def test_memory_feeds_no_more_lanes_than_its_bandwidth_allows(
    machine: str, fp16: float, mixed: float, fp32: float
) -> None:
    core = load_cluster(machine).cluster.wafer.core
    assert [sustained_fmac(core, precision) for precision in ("fp16", "mixed", "fp32")] == [fp16, mixed, fp32]


def test_a_core_that_writes_less_is_fed_by_its_writes() -> None:
    cluster = load_cluster("cs-3", overrides={"core.sram_write_bytes_per_cycle": 6}).cluster
    assert sustained_fmac(cluster.wafer.core, "mixed") == 1.5


def test_a_chain_crosses_a_ramp_twice_at_every_core(region_of: MakeRegion) -> None:
    # leave a core (2), hop (1), enter the next (2), add (1)
    assert [region_of().chain_fill_cycles(cores) for cores in (0, 1, 2, 10)] == [0, 0, 6, 54]


def test_both_edges_take_in_wavelets(region_of: MakeRegion) -> None:
    assert region_of().edge_wavelets_per_cycle() == 6


def test_gaps_in_streams_slow_links_and_edges(region_of: MakeRegion, small: Cluster) -> None:
    hot = region_of(
        cluster=replace(small, wafer=replace(small.wafer, silicon=replace(small.wafer.silicon, link_slowdown=1.25)))
    )
    assert hot.link_wavelets_per_cycle() == 0.8
    assert hot.edge_wavelets_per_cycle() == 6 * 0.8


STEADY = st.builds(
    lambda serial, macs: Cost(serial=serial, macs=macs, fabric_bytes=2 * macs, sram_bytes=3 * macs),
    st.dictionaries(st.sampled_from(["compute", "launch"]), CYCLES), CYCLES,
)  # fmt: skip


@given(costs() | STEADY, costs() | STEADY, st.floats(0, 100))
def test_costs_add_and_scale(one: Cost, other: Cost, count: float) -> None:
    both, scaled = one + other, one.times(count)
    assert both.cycles == pytest.approx(one.cycles + other.cycles)
    assert scaled.cycles == pytest.approx(count * one.cycles)
    assert sum(both.parts().values()) == pytest.approx(both.cycles)
    assert both.macs == one.macs + other.macs
    assert (scaled.fabric_bytes, scaled.sram_bytes) == (count * one.fabric_bytes, count * one.sram_bytes)


def test_parts_of_a_program_are_not_rounded() -> None:
    first = Cost(serial={"compute": 2.25}, macs=1, fabric_bytes=2, sram_bytes=3)
    both = first.then(Cost(serial={"compute": 1.0, "launch": 4.0}, macs=5), first.times(2))
    assert both.parts() == {"compute": 7.75, "launch": 4.0}
    assert (both.cycles, both.macs, both.fabric_bytes, both.sram_bytes) == (11.75, 8, 6, 9)
    assert both.bound == "compute"
