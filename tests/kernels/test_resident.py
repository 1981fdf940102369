"""Kernels of resident inference: laws, and the rows their constants come from."""

from dataclasses import replace
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsesim.kernels.resident_layer import LayerShape, decode_layer, head, prefill_layer

from wsesim.errors import SpecError
from wsesim.hardware import load_cluster
from wsesim.kernels import collectives
from wsesim.kernels.resident import (
    Line,
    Rectangle,
    Square,
    Work,
    allreduce,
    elementwise,
    issues,
    map_cycles,
    matvec,
)
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.software import load_software

WSE2 = load_cluster("cs-2").cluster.wafer
WSE3 = load_cluster("cs-3").cluster.wafer
WAFERLLM = load_software("waferllm").for_inference()
LOOPS = load_software("waferengine").for_inference()
LLAMA_8B = LayerShape(
    width=4096, attention_width=4096, kv_width=4096, ffn_width=14336, activation="silu_gate", norm="rms_norm",
    rotary=True,
)  # fmt: skip


def cycles(works: tuple[Work, ...]) -> float:
    return sum(work.cycles for work in works)


@pytest.mark.parametrize(
    ("side", "groups"), [(240, 15), (360, 18), (420, 20), (540, 20), (600, 24), (660, 22), (720, 24)]
)
def test_groups_are_those_of_the_published_program(side: int, groups: int) -> None:
    assert side // Line(cores=side).group == groups


@given(st.integers(1, 1000))
def test_groups_cover_the_line(side: int) -> None:
    group = Line(cores=side).group
    assert 1 <= group <= side
    assert ceil(side / group) * group >= side


@given(st.integers(1, 300), st.sampled_from([4, 8]))
def test_a_vector_is_issued_as_often_as_words_it_lies_in(length: int, lanes: int) -> None:
    begins = [number * length % lanes for number in range(lanes)]
    words = [(begin + length - 1) // lanes + 1 for begin in begins]
    assert issues(length, lanes) == pytest.approx(sum(words) / lanes)


@pytest.mark.parametrize(("length", "measured"), [(1, 67.5), (8, 67.5), (9, 82.7), (12, 82.7), (16, 84.3)])
def test_a_round_of_eight_turns_is_near_the_rows_of_mesh_gemm(length: int, measured: float) -> None:
    found = WAFERLLM.round_cycles + map_cycles(Square(wafer=WSE3, side=3, software=WAFERLLM), 8, length)
    assert found == pytest.approx(measured, rel=0.03)


def test_a_sum_is_the_tree_and_the_broadcast_back() -> None:
    square = Square(wafer=WSE2, side=420, software=WAFERLLM)
    found = allreduce(square, "sum", values=9)
    assert found.parts["reduction"] == collectives.tree_cycles(WSE2, wavelets=5, cores=420, group=21)
    assert found.parts["broadcast"] == collectives.broadcast_cycles(WSE2, wavelets=5, hops=210)
    assert allreduce(square, "sum", values=9, turned=True).cycles > found.cycles


def test_one_core_has_nothing_to_sum() -> None:
    assert allreduce(Square(wafer=WSE2, side=1, software=WAFERLLM), "sum", values=9).cycles == 0


def test_a_square_has_a_side() -> None:
    with pytest.raises(SpecError, match="side must be positive"):
        Square(wafer=WSE2, side=0, software=WAFERLLM)
    with pytest.raises(SpecError, match="rows must be positive"):
        Rectangle(wafer=WSE2, columns=1, rows=0, software=WAFERLLM)


def test_what_runs_along_an_axis_depends_on_its_length() -> None:
    wide = Rectangle(wafer=WSE3, columns=700, rows=100, software=WAFERLLM)
    assert allreduce(wide, "sum", values=9, along="x").cycles > allreduce(wide, "sum", values=9, along="y").cycles
    sums_y = matvec(wide, "product", inputs=1000, outputs=7000, sums="y")
    sums_x = matvec(wide, "product", inputs=7000, outputs=1000, sums="x")
    assert sums_y.macs == sums_x.macs
    tall = Rectangle(wafer=WSE3, columns=100, rows=700, software=WAFERLLM)
    assert sums_y.cycles == matvec(tall, "product", inputs=1000, outputs=7000, sums="x").cycles
    assert mesh_gemm(wide, "x", m=100, k=700, n=700).fabric_bytes > 0


@settings(deadline=None)
@given(st.integers(1, 750), st.integers(1, 9000), st.integers(1, 9000))
def test_products_count_the_work_of_the_model_and_take_longer_for_more(side: int, inputs: int, outputs: int) -> None:
    square = Square(wafer=WSE2, side=side, software=WAFERLLM)
    small = matvec(square, "product", inputs=inputs, outputs=outputs)
    assert small.macs == inputs * outputs
    assert matvec(square, "product", inputs=inputs + side, outputs=outputs).cycles > small.cycles
    three = matvec(square, "product", inputs=inputs, outputs=outputs, batch=3)
    assert small.cycles < three.cycles <= 3 * small.cycles * (1 + 1e-9)
    gemm = mesh_gemm(square, "product", m=inputs, k=inputs, n=outputs)
    assert gemm.macs == inputs * inputs * outputs
    assert mesh_gemm(square, "product", m=inputs, k=inputs, n=outputs + side).cycles > gemm.cycles


def test_large_tiles_are_waited_for_while_they_are_aligned() -> None:
    small, large = (
        mesh_gemm(Square(wafer=WSE2, side=100, software=WAFERLLM), "x", m=100, k=1000, n=n) for n in (100, 10000)
    )
    assert small.parts["shift"] == 0 < large.parts["shift"]


def test_work_adds_up() -> None:
    first = Work(name="a", parts={"compute": 2.0}, macs=1, fabric_bytes=2, sram_bytes=3)
    both = first.then(Work(name="b", parts={"compute": 1.0, "launch": 4.0}, macs=5), first.times(2))
    assert dict(both.parts) == {"compute": 7.0, "launch": 4.0}
    assert (both.cycles, both.macs, both.fabric_bytes, both.sram_bytes) == (11, 8, 6, 9)


def test_scalar_loops_count_elements_and_vectors_count_issues() -> None:
    vectors = Square(wafer=WSE2, side=10, software=WAFERLLM)
    loops = replace(vectors, software=LOOPS)
    assert elementwise(loops, "x", elements=6, ops=2).cycles == 6 * 2 * 14
    assert elementwise(vectors, "x", elements=6, ops=2).cycles == 2 * (2 * 2 + 6)


def test_on_a_larger_grid_tokens_take_longer_and_prompts_less() -> None:
    squares = [Square(wafer=WSE2, side=side, software=WAFERLLM) for side in (480, 600, 720)]
    tokens = [cycles(decode_layer(square, LLAMA_8B, positions=4096)) for square in squares]
    prompts = [cycles(prefill_layer(square, LLAMA_8B, tokens=4096)) for square in squares]
    assert all(small < large for small, large in pairwise(tokens))
    assert all(small > large for small, large in pairwise(prompts))
    assert prompts[0] / prompts[-1] < (720 / 480) ** 2


@pytest.mark.parametrize(
    ("field", "quicker_first"),
    [("activation", ("relu", "silu_gate", "gelu_tanh", "gelu")), ("norm", ("rms_norm", "layer_norm"))],
)
def test_an_op_takes_the_time_of_its_own_formula(field: str, quicker_first: tuple[str, ...]) -> None:
    where, times = Square(wafer=WSE2, side=64), []
    for kind in quicker_first:
        shape = replace(LLAMA_8B, **{field: kind})  # type: ignore[arg-type]
        times.append(next(work.cycles for work in decode_layer(where, shape, positions=64) if work.name == field))
    assert times == sorted(set(times))


@pytest.mark.parametrize("loop_cycles", [0, 14])
@pytest.mark.parametrize("head_norm", [False, True])
def test_more_positions_and_more_sequences_take_longer(loop_cycles: int, head_norm: bool) -> None:
    square = Square(wafer=WSE3, side=256, software=replace(WAFERLLM, element_loop_cycles=loop_cycles))
    shape = replace(LLAMA_8B, kv_width=1024, head_norm=head_norm)
    base = cycles(decode_layer(square, shape, positions=1024))
    assert cycles(decode_layer(square, shape, positions=4096)) > base
    assert base < cycles(decode_layer(square, shape, positions=1024, batch=4)) < 4 * base
    chunk = cycles(prefill_layer(square, shape, tokens=256))
    assert cycles(prefill_layer(square, shape, tokens=256, start=1024)) > chunk


@pytest.mark.parametrize("outputs_each", [1, 5, 64])
def test_a_batch_is_multiplied_by_whichever_vectors_are_longer(outputs_each: int) -> None:
    square, batch = Square(wafer=WSE3, side=100, software=WAFERLLM), 64
    one, all_of_them = (
        matvec(square, "x", inputs=400, outputs=100 * outputs_each, batch=number).cycles for number in (1, batch)
    )
    least = batch * 4 * outputs_each / WSE3.core.fmac_fp16_per_cycle
    assert 2 * least < all_of_them <= batch * one
    if outputs_each < WSE3.core.fmac_fp16_per_cycle:
        assert all_of_them < batch * one / 2


def test_a_sequence_more_costs_less_than_the_first_and_no_less_than_its_products() -> None:
    where = Rectangle(wafer=WSE3, columns=755, rows=292, software=WAFERLLM)
    shape = replace(LLAMA_8B, kv_width=1024)
    at = {batch: cycles(decode_layer(where, shape, positions=1024, batch=batch)) for batch in (1, 2, 16, 64)}
    more = [(at[64] - at[16]) / 48, (at[16] - at[2]) / 14, at[2] - at[1]]
    products = shape.weights / where.cores / WSE3.core.fmac_fp16_per_cycle
    assert products < more[0] < more[2] < at[1] / 2
    assert more[0] == pytest.approx(more[1], rel=0.5)


def test_a_layer_has_the_multiply_accumulates_of_the_model() -> None:
    square, shape = Square(wafer=WSE2, side=420, software=WAFERLLM), replace(LLAMA_8B, kv_width=1024)
    decoded = sum(work.macs for work in decode_layer(square, shape, positions=100))
    assert decoded == shape.weights + 2 * 100 * 4096
    prompt = sum(work.macs for work in prefill_layer(square, shape, tokens=64))
    assert prompt == 64 * shape.weights + 2 * 64 * 64 * 4096


def test_a_short_last_chunk_passes_no_more_blocks_of_keys() -> None:
    square = Square(wafer=WSE3, side=64, software=WAFERLLM)
    full = cycles(prefill_layer(square, LLAMA_8B, tokens=64, start=640, block=64))
    assert cycles(prefill_layer(square, LLAMA_8B, tokens=1, start=640, block=64)) <= full


def test_the_head_takes_longer_for_more_words() -> None:
    square = Square(wafer=WSE3, side=256, software=LOOPS)
    small, large = (cycles(head(square, width=2048, vocab=vocab)) for vocab in (32_000, 151_936))
    assert small < large
