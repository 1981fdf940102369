"""Kernels of resident inference: laws, and the rows their constants come from."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.squares import square_of

from wsesim.errors import SpecError
from wsesim.hardware import Wafer, load_cluster
from wsesim.kernels import Cost, collectives
from wsesim.kernels.resident import (
    CoreLine,
    Rectangle,
    allreduce,
    elementwise,
    handover,
    issues,
    map_cycles,
    matvec,
    vector_cycles,
)
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.software import load_software

WSE2 = load_cluster("cs-2").cluster.wafer
WSE3 = load_cluster("cs-3").cluster.wafer
WAFERLLM = load_software("waferllm").for_inference()
LOOPS = load_software("waferengine").for_inference()


@pytest.mark.parametrize(
    ("side", "groups"), [(240, 15), (360, 18), (420, 20), (540, 20), (600, 24), (660, 22), (720, 24)]
)
def test_groups_are_those_of_the_published_program(side: int, groups: int) -> None:
    assert side // CoreLine(cores=side).group == groups


@given(st.integers(1, 1000))
def test_groups_cover_the_line(side: int) -> None:
    group = CoreLine(cores=side).group
    assert 1 <= group <= side
    assert ceil(side / group) * group >= side


@given(st.integers(1, 300), st.sampled_from([4, 8]))
def test_a_vector_is_issued_as_often_as_words_it_lies_in(length: int, lanes: int) -> None:
    begins = [number * length % lanes for number in range(lanes)]
    words = [(begin + length - 1) // lanes + 1 for begin in begins]
    assert issues(length, lanes) == pytest.approx(sum(words) / lanes)


@pytest.mark.parametrize(("length", "measured"), [(1, 67.5), (8, 67.5), (9, 82.7), (12, 82.7), (16, 84.3)])
def test_a_round_of_eight_turns_is_near_the_rows_of_mesh_gemm(length: int, measured: float) -> None:
    found = WAFERLLM.round_cycles + map_cycles(square_of(WSE3, 3, WAFERLLM), 8, length)
    assert found == pytest.approx(measured, rel=0.03)


def test_a_sum_is_the_tree_and_the_broadcast_back() -> None:
    square = square_of(WSE2, 420, WAFERLLM)
    found = allreduce(square, values=9)
    assert found.parts()["reduction"] == collectives.tree_cycles(WSE2, wavelets=5, cores=420, group=21)
    assert found.parts()["broadcast"] == collectives.broadcast_cycles(WSE2, wavelets=5, hops=210)
    assert allreduce(square, values=9, turned=True).cycles > found.cycles


def test_one_core_has_nothing_to_sum() -> None:
    assert allreduce(square_of(WSE2, 1, WAFERLLM), values=9).cycles == 0


def test_a_rectangle_has_sides() -> None:
    with pytest.raises(SpecError, match="rows must be positive"):
        Rectangle(wafer=WSE2, columns=1, rows=0, software=WAFERLLM)


def test_what_runs_along_an_axis_depends_on_its_length() -> None:
    wide = Rectangle(wafer=WSE3, columns=700, rows=100, software=WAFERLLM)
    assert allreduce(wide, values=9, along="x").cycles > allreduce(wide, values=9, along="y").cycles
    sums_y = matvec(wide, inputs=1000, outputs=7000, sums="y")
    sums_x = matvec(wide, inputs=7000, outputs=1000, sums="x")
    assert sums_y.macs == sums_x.macs
    tall = Rectangle(wafer=WSE3, columns=100, rows=700, software=WAFERLLM)
    assert sums_y.cycles == matvec(tall, inputs=1000, outputs=7000, sums="x").cycles
    assert mesh_gemm(wide, m=100, k=700, n=700).fabric_bytes > 0


@settings(deadline=None)
@given(st.integers(1, 750), st.integers(1, 9000), st.integers(1, 9000))
def test_products_count_the_work_of_the_model_and_take_longer_for_more(side: int, inputs: int, outputs: int) -> None:
    square = square_of(WSE2, side, WAFERLLM)
    small = matvec(square, inputs=inputs, outputs=outputs)
    assert small.macs == inputs * outputs
    assert matvec(square, inputs=inputs + side, outputs=outputs).cycles > small.cycles
    three = matvec(square, inputs=inputs, outputs=outputs, batch=3)
    assert small.cycles < three.cycles <= 3 * small.cycles * (1 + 1e-9)
    gemm = mesh_gemm(square, m=inputs, k=inputs, n=outputs)
    assert gemm.macs == inputs * inputs * outputs
    assert mesh_gemm(square, m=inputs, k=inputs, n=outputs + side).cycles > gemm.cycles


def test_large_tiles_are_waited_for_while_they_are_aligned() -> None:
    small, large = (mesh_gemm(square_of(WSE2, 100, WAFERLLM), m=100, k=1000, n=n) for n in (100, 10000))
    assert small.parts()["shift"] == 0 < large.parts()["shift"]


def test_scalar_loops_count_elements_and_vectors_count_issues() -> None:
    vectors = square_of(WSE2, 10, WAFERLLM)
    loops = replace(vectors, software=LOOPS)
    assert elementwise(loops, elements=6, ops=2).cycles == 6 * 2 * 14
    assert elementwise(vectors, elements=6, ops=2).cycles == 2 * (2 * 2 + 6)


@pytest.mark.parametrize("outputs_each", [1, 5, 64])
def test_a_batch_is_multiplied_by_whichever_vectors_are_longer(outputs_each: int) -> None:
    square, batch = square_of(WSE3, 100, WAFERLLM), 64
    one, all_of_them = (
        matvec(square, inputs=400, outputs=100 * outputs_each, batch=number).cycles for number in (1, batch)
    )
    least = batch * 4 * outputs_each / WSE3.core.fmac_fp16_per_cycle
    assert 2 * least < all_of_them <= batch * one
    if outputs_each < WSE3.core.fmac_fp16_per_cycle:
        assert all_of_them < batch * one / 2


@given(st.integers(1, 400), st.sampled_from([1, 2, 4, 5.5, 8]))
def test_twice_the_lanes_never_take_more_issues(length: int, lanes: float) -> None:
    assert issues(length, 2 * lanes) <= issues(length, lanes) + 1e-12


def test_parts_of_a_lane_count() -> None:
    assert issues(100, 7) > issues(100, 7.5) > issues(100, 8) == 13


@pytest.mark.parametrize("wafer", [WSE2, WSE3])
@given(st.integers(1, 400))
def test_ports_of_memory_feed_the_lanes_of_machines_there_are(wafer: Wafer, length: int) -> None:
    core, where = wafer.core, square_of(wafer, 4, WAFERLLM)
    for lanes in (core.fmac_fp16_per_cycle, core.simd_fp16_per_cycle):
        assert vector_cycles(where, length, lanes) == core.colliding_cycles * issues(length, lanes)


@pytest.mark.parametrize("port", ["sram_read_bytes_per_cycle", "sram_write_bytes_per_cycle"])
def test_a_narrow_port_holds_lanes_up(port: str) -> None:
    narrow = replace(WSE3, core=replace(WSE3.core, **{port: 1}))  # type: ignore[arg-type]
    wide = replace(WSE3, core=replace(WSE3.core, fmac_fp16_per_cycle=64))
    product = {
        name: matvec(square_of(wafer, 10, WAFERLLM), inputs=100, outputs=6400).cycles
        for name, wafer in (("narrow", narrow), ("as it is", WSE3), ("wide", wide))
    }
    assert product["narrow"] > product["as it is"] == pytest.approx(product["wide"], rel=0.02)


def test_streams_wait_for_slow_links() -> None:
    def on(rate: float) -> Rectangle:
        fabric = replace(WSE3.fabric, link_wavelets_per_cycle=rate)
        return square_of(replace(WSE3, fabric=fabric), 100, WAFERLLM)

    forms: tuple[Callable[[Rectangle], Cost], ...] = (
        lambda where: allreduce(where, values=64),
        lambda where: handover(where, values=64),
        lambda where: mesh_gemm(where, m=100, k=1000, n=10000),
    )
    for form in forms:
        assert form(on(0.5)).cycles > form(on(1.0)).cycles > form(on(2.0)).cycles
