"""Linear layers: hand-counted cases and laws."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.hardware import Cluster
from wsesim.kernels import Cost, Region
from wsesim.kernels.linear import forward, grad_input, grad_weight, inputs_pass
from wsesim.kernels.zeros import busiest

MakeRegion = Callable[..., Region]
KERNELS = (forward, grad_input, grad_weight)
WIDTH = st.integers(1, 5000)
TOKENS = st.integers(1, 300)
POSITIONS = st.floats(0.01, 1)


def test_forward_by_hand(region_of: MakeRegion) -> None:
    cost = forward(region_of(), inputs=20, outputs=30)
    # 4 tokens and 2 input features a core, so 60 weights each: 60 AXPYs of 4 / 2 cycles and 1 to start
    assert cost.overlapped == {
        "fmac": 60 * (4 / 2 + 1),
        "reduction": 30 * 4 / 2,  # two 16-bit sums to a wavelet
        "arrival": 60,
        "injection": 600 / 6,
    }
    assert cost.serial == {"fill": 54}
    assert (cost.cycles, cost.bound) == (234, "fmac")
    assert cost.fabric_bytes == (60 + 60) * 4 * 60
    assert cost.sram_bytes == 60 * 4 * 10 * 60


def test_sums_beside_the_datapath_leave_the_ports_to_the_other_operand(region_of: MakeRegion) -> None:
    """Four lanes, of which SRAM feeds 16 / 6 if it holds the sums, too; 64 B hold those of 16 tokens."""
    wide = {"fmac_mixed_per_cycle": 4, "sram_write_bytes_per_cycle": 16}
    laid = {"sequences": 2, "length": 96}  # 32 tokens a core
    without = forward(region_of(**laid, **wide, accumulator_bytes=0), inputs=20, outputs=30)
    assert without.overlapped["fmac"] == pytest.approx(60 * (32 / 2 + 1))
    assert without.sram_bytes == 60 * 32 * 10 * 60
    beside = forward(region_of(**laid, **wide, accumulator_bytes=64), inputs=20, outputs=30)
    assert beside.overlapped["fmac"] == 60 * (32 / 2 + 1)  # two of two take or send a sum: two values a cycle
    more = forward(region_of(**laid, **wide, accumulator_bytes=64), inputs=50, outputs=30)
    assert more.overlapped["fmac"] == 60 * (32 / 2 + 1) + 3 * 30 * (32 / 4 + 2)
    assert beside.sram_bytes == 60 * 32 * 2 * 60
    hardly = forward(region_of(**laid, **wide, accumulator_bytes=4), inputs=20, outputs=30)
    assert replace(hardly, events={}) == replace(without, events={})
    assert hardly.events["accumulator"] == without.events["sram"] - hardly.events["sram"]


@given(TOKENS, st.integers(0, 2048))
def test_a_token_more_costs_no_more_each_however_large_the_memory_for_sums(
    region_of: MakeRegion, tokens: int, accumulator_bytes: int
) -> None:
    """What the floor of more passes rests on."""
    region = region_of(fmac_mixed_per_cycle=4, accumulator_bytes=accumulator_bytes)
    few, more, larger = (region.axpy("mixed", number).cycles for number in (tokens, tokens + 1, 2 * tokens))
    assert few <= more
    assert more / (tokens + 1) <= few / tokens * (1 + 1e-12)
    assert larger <= 2 * few * (1 + 1e-12)
    twice = region_of(fmac_mixed_per_cycle=4, accumulator_bytes=2 * accumulator_bytes)
    assert twice.axpy("mixed", tokens).cycles <= few


def test_the_input_gradient_is_forward_with_the_weight_turned(region_of: MakeRegion) -> None:
    assert grad_input(region_of(), inputs=20, outputs=30) == forward(region_of(), inputs=30, outputs=20)


def test_weight_gradient_by_hand(region_of: MakeRegion) -> None:
    cost = grad_weight(region_of(), inputs=20, outputs=30)
    assert cost.overlapped == {
        "fmac": 60 * (4 / 2 + 1),
        "broadcast": 60 * 4 / 2,  # the narrower of x and dy, once for each feature of a core
        "reduction": 60 / 2,
        "injection": 600 / 2 / 6,
    }
    assert cost.serial == {"fill": 6 * 5}  # down the column
    assert cost.cycles == 210
    assert cost.fabric_bytes == (120 + 30) * 4 * 60


def test_every_weight_and_every_sum_starts_an_axpy(region_of: MakeRegion) -> None:
    region = region_of()
    slow = replace(region, software=replace(region.software, weight_launch_cycles=5))
    for kernel, inputs, starts in ((forward, 20, 60), (grad_input, 20, 60), (grad_weight, 20, 60), (forward, 3, 9)):
        busy = kernel(slow, inputs=inputs, outputs=30).overlapped["fmac"]
        assert busy == kernel(region, inputs=inputs, outputs=30).overlapped["fmac"] + starts * (5 - 1)


def test_half_the_positions_are_half_the_tokens(region_of: MakeRegion) -> None:
    assert forward(region_of(), inputs=20, outputs=30, positions=0.5).overlapped["fmac"] == 60 * (2 / 2 + 1)


def test_single_precision_moves_whole_wavelets(region_of: MakeRegion) -> None:
    cost = forward(region_of(precision="fp32"), inputs=20, outputs=30)
    assert cost.overlapped["reduction"] == 30 * 4
    assert cost.overlapped["fmac"] == 60 * (4 / 1 + 1)


def test_a_faster_link_halves_the_time_but_not_the_traffic(region_of: MakeRegion, small: Cluster) -> None:
    fabric = replace(small.wafer.fabric, link_wavelets_per_cycle=2)
    quick = region_of(cluster=replace(small, wafer=replace(small.wafer, fabric=fabric)))
    for kernel, inputs in ((forward, 20), (forward, 3), (grad_input, 20), (grad_weight, 20)):
        before, after = kernel(region_of(), inputs=inputs, outputs=30), kernel(quick, inputs=inputs, outputs=30)
        halved = {name: cycles / 2 for name, cycles in before.overlapped.items() if name != "fmac"}
        assert after.overlapped == halved | {"fmac": before.overlapped["fmac"]}
        assert after.fabric_bytes == before.fabric_bytes


@given(inputs=WIDTH, outputs=WIDTH, sequences=TOKENS, length=TOKENS, positions=POSITIONS, more=st.integers(0, 500))
def test_nothing_larger_is_quicker(
    region_of: MakeRegion, inputs: int, outputs: int, sequences: int, length: int, positions: float, more: int
) -> None:
    def cycles(
        kernel: Callable[..., Cost], inputs: int, outputs: int, sequences: int, length: int, positions: float
    ) -> float:
        region = region_of(sequences=sequences, length=length)
        return kernel(region, inputs=inputs, outputs=outputs, positions=positions).cycles

    for kernel in KERNELS:
        base = cycles(kernel, inputs, outputs, sequences, length, positions)
        assert cycles(kernel, inputs + more, outputs, sequences, length, positions) >= base
        assert cycles(kernel, inputs, outputs + more, sequences, length, positions) >= base
        assert cycles(kernel, inputs, outputs, sequences + more, length, positions) >= base
        assert cycles(kernel, inputs, outputs, sequences, length + more, positions) >= base
        assert cycles(kernel, inputs, outputs, sequences, length, 1) >= base


@given(inputs=WIDTH, outputs=WIDTH, sequences=TOKENS, times=st.floats(1, 8))
def test_more_lanes_are_never_slower(
    region_of: MakeRegion, inputs: int, outputs: int, sequences: int, times: float
) -> None:
    slow, quick = region_of(sequences=sequences), region_of(sequences=sequences, fmac_mixed_per_cycle=2 * times)
    for kernel in KERNELS:
        before, after = kernel(slow, inputs=inputs, outputs=outputs), kernel(quick, inputs=inputs, outputs=outputs)
        assert after.cycles <= before.cycles
        assert {name: cycles for name, cycles in after.overlapped.items() if name != "fmac"} == {
            name: cycles for name, cycles in before.overlapped.items() if name != "fmac"
        }


@given(inputs=WIDTH, outputs=WIDTH, sequences=TOKENS)
def test_no_core_does_less_than_its_share(region_of: MakeRegion, inputs: int, outputs: int, sequences: int) -> None:
    region = region_of(sequences=sequences)
    macs = inputs * outputs * sequences * 12
    for kernel in KERNELS:
        cycles = kernel(region, inputs=inputs, outputs=outputs).overlapped["fmac"]
        assert cycles * 2 * 60 >= macs * (1 - 1e-12)


def test_zeros_start_nothing_but_sums_stay(region_of: MakeRegion) -> None:
    dense, sparse = (forward(region_of(), inputs=20, outputs=30, density=share) for share in (1, 0.25))
    shares = {name: cycles / dense.overlapped[name] for name, cycles in sparse.overlapped.items()}
    region = region_of()
    each = region.features_per_core(20)
    assert shares["injection"] == 0.25
    assert shares["fmac"] == pytest.approx(busiest(each, 0.25, region.columns) / each)
    assert shares["arrival"] == shares["fmac"] > 0.25
    assert shares["reduction"] == 1
    assert sparse.events["mac_mixed"] == dense.events["mac_mixed"] / 4


@given(inputs=WIDTH, outputs=WIDTH, sequences=TOKENS, density=st.floats(0.01, 1))
def test_fewer_weights_are_never_slower_nor_quicker_than_their_share(
    region_of: MakeRegion, inputs: int, outputs: int, sequences: int, density: float
) -> None:
    region = region_of(sequences=sequences)
    for kernel in KERNELS:
        dense = kernel(region, inputs=inputs, outputs=outputs)
        sparse = kernel(region, inputs=inputs, outputs=outputs, density=density)
        assert density * dense.cycles - 1 <= sparse.cycles <= dense.cycles


@given(inputs=WIDTH, outputs=WIDTH, sequences=TOKENS, matrices=st.integers(1, 64))
def test_experts_add_starts_and_arrivals_but_no_products(
    region_of: MakeRegion, inputs: int, outputs: int, sequences: int, matrices: int
) -> None:
    region = region_of(sequences=sequences)
    for kernel in KERNELS:
        one = kernel(region, inputs=inputs, outputs=outputs)
        several = kernel(region, inputs=inputs, outputs=outputs, matrices=matrices)
        starts = (matrices - 1) * outputs * region.features_per_core(inputs)
        if kernel is grad_input:
            starts = (matrices - 1) * inputs * region.features_per_core(outputs)
        assert several.overlapped["fmac"] == pytest.approx(one.overlapped["fmac"] + starts)
        assert several.overlapped["injection"] == pytest.approx(matrices * one.overlapped["injection"])
        assert several.cycles >= one.cycles
        assert several.sram_bytes == pytest.approx(one.sram_bytes)


def test_a_narrow_model_waits_for_the_reduction(small: Cluster, region_of: MakeRegion) -> None:
    """One feature a core, so that its AXPY takes a sum and sends it on, over links with gaps."""
    slow = replace(small.wafer, silicon=replace(small.wafer.silicon, link_slowdown=1.125))
    cost = forward(region_of(cluster=replace(small, wafer=slow), sequences=200), inputs=10, outputs=1000)
    assert cost.bound == "reduction"
    assert cost.parts()["reduction"] == pytest.approx(cost.overlapped["reduction"] - cost.overlapped["fmac"])


def test_few_inputs_pass_along_the_row_in_place_of_sums(region_of: MakeRegion) -> None:
    """As those of an adapter: 3 features to 10 columns, that multiply them with the weights of 3 outputs each."""
    cost = forward(region_of(), inputs=3, outputs=30)
    assert cost.overlapped == {
        "fmac": 9 * (4 / 2 + 1),
        "broadcast": 9 * 4 / 2,  # each input once for each output of a core, two to a wavelet
        "arrival": 9,
        "injection": 90 / 6,
    }
    assert (cost.serial, cost.fabric_bytes, cost.sram_bytes) == ({"fill": 54}, (9 + 18) * 4 * 60, 9 * 4 * 2 * 60)
    assert cost.events["mac_mixed"] == 9 * 4 * 60
    assert not inputs_pass(region_of(), inputs=10, outputs=30)
    assert not inputs_pass(region_of(), inputs=3, outputs=3)


@given(columns=st.integers(1, 40), inputs=st.integers(1, 60), outputs=st.integers(1, 5000), sequences=TOKENS)
def test_a_column_more_is_never_slower_but_for_its_fill(
    small: Cluster, region_of: MakeRegion, columns: int, inputs: int, outputs: int, sequences: int
) -> None:
    """Nor is it where inputs begin to pass in place of sums."""

    def busy(columns: int) -> float:
        cluster = replace(small, wafer=replace(small.wafer, columns=columns))
        region = region_of(cluster=cluster, sequences=sequences)
        return max(forward(region, inputs=inputs, outputs=outputs).overlapped.values())

    assert busy(columns + 1) <= busy(columns) * (1 + 1e-12)
