"""Ops of inference from the graph: what each option of a model moves, where sums run, and figures of before."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.squares import square_of

from wsesim.errors import NotModelled
from wsesim.hardware import load_cluster
from wsesim.kernels.resident import Rectangle, vector_cycles
from wsesim.kernels.resident_graph import resident_model
from wsesim.kernels.resident_many import Rectangles
from wsesim.kernels.resident_model import ResidentModel
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost
from wsesim.model import ModelSpec
from wsesim.software import Inference, load_software

WSE2 = load_cluster("cs-2").cluster.wafer
WSE3 = load_cluster("cs-3").cluster.wafer
WAFERLLM = load_software("waferllm").for_inference()
LOOPS = replace(WAFERLLM, element_loop_cycles=load_software("waferengine").for_inference().element_loop_cycles)
LLAMA = ModelSpec(
    name="llama", layers=32, width=4096, heads=32, kv_heads=8, head_width=128, ffn_width=14336, vocab=128256,
    max_length=8192, activation="swiglu", norm="rms_norm", position="rotary", bias=False, attention_bias=False,
    tied=False,
)  # fmt: skip
TOKEN, CHUNK = TokenStep(positions=1024), ChunkStep(tokens=256, block=256)
WHERE = Rectangle(wafer=WSE2, columns=375, rows=190, software=WAFERLLM)
STEPS: dict[str, tuple[Rectangle, TokenStep | ChunkStep]] = {
    "token on a CS-2": (square_of(WSE2, 700, WAFERLLM), TokenStep(positions=517)),
    "token of 7 on a CS-3, loops": (
        Rectangle(wafer=WSE3, columns=251, rows=132, software=LOOPS), TokenStep(positions=1000, batch=7)
    ),
    "chunk on a CS-2": (Rectangle(wafer=WSE2, columns=750, rows=139, software=WAFERLLM), CHUNK),
    "late chunk on a CS-3": (
        Rectangle(wafer=WSE3, columns=251, rows=132, software=WAFERLLM), ChunkStep(tokens=100, start=512, block=256)
    ),
}  # fmt: skip
BEFORE = {
    "token on a CS-2": {
        "attention.norm": 1627.027397260274,
        "attention.qkv": 1344.8082191780823,
        "attention.rotary": 30.0,
        "attention.scores": 1562.671232876712,
        "attention.softmax": 2946.1917808219177,
        "attention.sum": 1298.8082191780823,
        "attention.project": 1588.671232876712,
        "attention.residual": 10.0,
        "ffn.up": 1541.8082191780823,
        "ffn.silu": 612.0,
        "ffn.down": 1648.671232876712,
        "head.logits": 2386.8082191780823,
    },
    "token of 7 on a CS-3, loops": {
        "attention.norm": 13925.0,
        "attention.qkv": 3329.143835616438,
        "attention.rotary": 6468,
        "attention.scores": 14414.95890410959,
        "attention.softmax": 6818.13698630137,
        "attention.sum": 1872.13698630137,
        "attention.project": 3065.4657534246576,
        "attention.residual": 3136,
        "ffn.up": 10101.643835616438,
        "ffn.silu": 53592,
        "ffn.down": 5648.465753424657,
        "head.logits": 42302.96575342466,
    },
    "chunk on a CS-2": {
        "attention.norm": 1803.7260273972602,
        "attention.qkv": 543328.7671232877,
        "attention.rotary": 42.0,
        "attention.scores": 1121589.04109589,
        "attention.softmax": 11054.90410958904,
        "attention.sum": 936657.5342465753,
        "attention.project": 516328.76712328766,
        "attention.residual": 12.0,
        "ffn.up": 830578.7671232877,
        "ffn.silu": 884.0,
        "ffn.down": 1289589.0410958906,
    },
    "late chunk on a CS-3": {
        "attention.norm": 1095.958904109589,
        "attention.qkv": 661596.2328767122,
        "attention.rotary": 42.0,
        "attention.scores": 1512968.2191780822,
        "attention.softmax": 18770.301369863013,
        "attention.sum": 955954.520547945,
        "attention.project": 542188.2328767123,
        "attention.residual": 13.0,
        "ffn.up": 2004936.2328767122,
        "ffn.silu": 782.0,
        "ffn.down": 1793405.9452054794,
    },
}
"""Cycles by the list of ops, written by hand, that the graph replaced; way up and gate as one."""


def by_op(
    model: ModelSpec, where: Rectangle, step: TokenStep | ChunkStep, block: str = "layer"
) -> dict[str, float]:  # fmt: skip
    return {op.name: resident_cost(op, where, step).cycles for op in getattr(resident_model(model), block)}


def layer(model: ModelSpec, where: Rectangle, step: TokenStep | ChunkStep) -> float:
    return sum(by_op(model, where, step).values())


@pytest.mark.parametrize("name", BEFORE)
def test_a_llama_takes_what_it_took_before_the_graph_was_asked(name: str) -> None:
    where, step = STEPS[name]
    found = by_op(LLAMA, where, step) | (by_op(LLAMA, where, step, "head") if isinstance(step, TokenStep) else {})
    found["ffn.up"] += found.pop("ffn.gate")
    assert {op: found[op] for op in BEFORE[name]} == pytest.approx(BEFORE[name], rel=1e-14)


def test_sums_run_along_the_axis_that_inputs_lie_along() -> None:
    laid = resident_model(replace(LLAMA, head_norm=True))
    along = [
        (op.name.partition(".")[2], op.along, op.turned)
        for op in laid.layer
        if op.recipe.row_sums or op.kernel == "matvec"
    ]
    assert along == [
        ("norm", "y", True), ("qkv", "y", False), ("head_norm", "x", True), ("scores", "x", False),
        ("softmax", "y", True), ("sum", "y", False), ("project", "x", True), ("norm", "y", True), ("up", "y", False),
        ("gate", "y", False), ("down", "x", True),
    ]  # fmt: skip
    post = resident_model(replace(LLAMA, norm_order="post"))
    assert not post.layer[0].turned  # a norm along y ended the layer before


CHANGES: dict[str, tuple[dict[str, object], Callable[[str], bool]]] = {
    "layer norm": ({"norm": "layer_norm"}, lambda name: name.endswith("norm")),
    "gelu": ({"activation": "gelu"}, lambda name: name.startswith("ffn")),
    "relu": ({"activation": "relu"}, lambda name: name.startswith("ffn")),
    "biases": ({"bias": True}, lambda name: name in ("ffn.up", "ffn.gate", "ffn.down")),
    "biases of attention": ({"attention_bias": True}, lambda name: name in ("attention.qkv", "attention.project")),
    "half of each head turned": ({"rotary_width": 64}, lambda name: name == "attention.rotary"),
    "no positions to turn": ({"position": "learned"}, lambda name: name == "attention.rotary"),
    "norms of heads": ({"head_norm": True}, lambda name: name in ("attention.head_norm", "attention.scores")),
}


@pytest.mark.parametrize("step", [TOKEN, CHUNK])
@pytest.mark.parametrize("name", CHANGES)
def test_an_option_moves_its_own_ops(name: str, step: TokenStep | ChunkStep) -> None:
    change, own = CHANGES[name]
    base, changed = by_op(LLAMA, WHERE, step), by_op(replace(LLAMA, **change), WHERE, step)  # type: ignore[arg-type]
    moved = {op for op in base.keys() | changed.keys() if base.get(op) != changed.get(op)}
    assert moved
    assert all(own(op) for op in moved)


@pytest.mark.parametrize("step", [TOKEN, CHUNK])
def test_activations_and_norms_take_the_time_of_their_formula(step: TokenStep | ChunkStep) -> None:
    where = square_of(WSE2, 64, WAFERLLM)
    plain = replace(LLAMA, activation="relu")
    by_kind = [by_op(replace(plain, activation=kind), where, step) for kind in ("relu", "gelu_tanh", "gelu")]
    times = [next(cycles for name, cycles in ops.items() if name in ("ffn.relu", "ffn.gelu")) for ops in by_kind]
    assert times == sorted(set(times))


@pytest.mark.parametrize("step", [TOKEN, CHUNK])
def test_a_parallel_block_has_one_norm_and_sums_both_halves(step: TokenStep | ChunkStep) -> None:
    parallel, two = by_op(replace(LLAMA, block="parallel"), WHERE, step), by_op(LLAMA, WHERE, step)
    assert [name for name in parallel if "norm" in name] == ["norm"]
    assert parallel["mix"] == parallel["residual"] == two["ffn.residual"]
    assert sum(parallel.values()) < sum(two.values())


def test_tokens_enter_with_their_types_and_positions_and_leave_with_a_norm() -> None:
    plain, learned = by_op(LLAMA, WHERE, TOKEN, "embed"), replace(LLAMA, position="learned")
    typed = by_op(replace(learned, token_types=2, norm_order="post"), WHERE, TOKEN, "embed")
    assert list(plain) == ["embed.tokens"]
    assert list(typed) == ["embed.tokens", "embed.position", "embed.types", "embed.sum", "embed.norm"]
    assert list(by_op(LLAMA, WHERE, TOKEN, "head")) == ["head.norm", "head.logits", "head.choice"]
    assert "head.norm" not in by_op(replace(LLAMA, norm_order="post"), WHERE, TOKEN, "head")


def test_heads_that_classify_look_at_one_token_and_masked_words_at_many() -> None:
    encoder = replace(LLAMA, causal=False, norm_order="post")
    few, many = (
        by_op(replace(encoder, task="classify", classes=classes), WHERE, TOKEN, "head") for classes in (2, 5000)
    )
    assert list(few) == ["head.first", "head.pool", "head.tanh", "head.classes", "head.class_choice"]
    assert few["head.classes"] < many["head.classes"]
    words, more = (by_op(replace(encoder, task="mlm", masked=masked), WHERE, TOKEN, "head") for masked in (10, 20))
    assert more["head.logits"] == pytest.approx(2 * words["head.logits"])
    assert more["head.dense"] > words["head.dense"]


def test_matrices_that_multiply_one_vector_are_one_product() -> None:
    ops = {op.name: op for op in resident_model(LLAMA).layer}
    assert ops["ffn.up"].joined == ops["ffn.gate"].joined == 2 * LLAMA.ffn_width
    assert ops["ffn.up"].share == 0.5
    assert not ops["ffn.gate"].weights
    wide = by_op(replace(LLAMA, activation="relu", ffn_width=2 * LLAMA.ffn_width), WHERE, TOKEN)["ffn.up"]
    both = by_op(LLAMA, WHERE, TOKEN)
    assert both["ffn.up"] + both["ffn.gate"] == wide


MIXTRAL = replace(LLAMA, experts=8, experts_per_token=2)


def test_a_token_goes_through_its_experts_one_after_the_other() -> None:
    one, two = (by_op(replace(MIXTRAL, experts_per_token=chosen), WHERE, TOKEN) for chosen in (1, 2))
    assert two["ffn.down"] == 2 * one["ffn.down"] == pytest.approx(2 * by_op(LLAMA, WHERE, TOKEN)["ffn.down"])
    assert {"ffn.router", "ffn.route", "ffn.dispatch", "ffn.combine"} <= two.keys()


@given(st.integers(1, 16), st.integers(1, 16))
@settings(deadline=None, max_examples=20)
def test_more_tokens_at_experts_never_take_less(batch: int, more: int) -> None:
    # Whole issues: vectors that the lanes do not divide take longer than somewhat longer ones.
    small, large = (layer(MIXTRAL, WHERE, TokenStep(positions=64, batch=4 * size)) for size in (batch, batch + more))
    assert small <= large


@pytest.mark.parametrize("step", [TokenStep(positions=64, batch=64), ChunkStep(tokens=4096, block=4096)])
def test_the_busiest_expert_sets_the_time(step: TokenStep | ChunkStep) -> None:
    even, uneven = (by_op(replace(MIXTRAL, expert_imbalance=share), WHERE, step) for share in (1.0, 2.0))
    assert even["ffn.down"] < uneven["ffn.down"]
    laid = {share: resident_model(replace(MIXTRAL, expert_imbalance=share)) for share in (1.0, 2.0)}
    macs = [sum(resident_cost(op, WHERE, step).macs for op in model.layer) for model in laid.values()]
    assert macs[0] == macs[1]


def test_what_has_no_resident_cost_says_so() -> None:
    with pytest.raises(NotModelled, match=r"attention\.qkv with sparse resident weights is not modelled"):
        resident_model(replace(LLAMA, sparsity=0.5))


def values(laid: ResidentModel) -> int:
    return sum(weight.values for op in laid.layer for weight in op.weights)


def matrices_of(laid: ResidentModel) -> int:
    return sum(weight.values for op in laid.layer for weight in op.weights if weight.matrix)


def test_a_layer_has_the_weights_and_the_multiply_accumulates_of_the_model() -> None:
    square = square_of(WSE2, 420, WAFERLLM)
    laid, width, ffn = resident_model(LLAMA), LLAMA.width, LLAMA.ffn_width
    matrices = width * (LLAMA.qkv_width + LLAMA.attention_width + 3 * ffn)
    assert matrices_of(laid) == matrices
    assert values(laid) == matrices + 2 * width
    biased = replace(LLAMA, bias=True, attention_bias=True, norm="layer_norm", head_norm=True)
    assert values(resident_model(biased)) == matrices + 4 * width + LLAMA.qkv_width + width + 2 * ffn + width + 2 * 128
    decoded = sum(resident_cost(op, square, TokenStep(positions=100)).macs for op in laid.layer)
    assert decoded == matrices + 2 * 100 * 4096
    prompt = sum(resident_cost(op, square, ChunkStep(tokens=64, block=64)).macs for op in laid.layer)
    assert prompt == 64 * matrices + 2 * 64 * 64 * 4096


def test_a_latent_vector_is_absorbed_where_tokens_are_written_and_expanded_where_prompts_are_read() -> None:
    model = replace(LLAMA, kv_heads=LLAMA.heads, latent_rank=512, query_rank=1536, rotary_width=64, head_width=192,
                    value_width=128)  # fmt: skip
    square, laid, heads = square_of(WSE2, 420, WAFERLLM), resident_model(model), model.heads
    queries, made = 1536 * heads * 192, 512 * heads * (128 + 128)
    matrices = model.width * (1536 + 512 + 64 + heads * 128 + 3 * model.ffn_width) + queries + made
    assert matrices_of(laid) == matrices
    decoded = sum(resident_cost(op, square, TokenStep(positions=100)).macs for op in laid.layer)
    assert decoded == matrices + 100 * heads * (512 + 64 + 512)
    prompt = sum(resident_cost(op, square, ChunkStep(tokens=64, start=64, block=64)).macs for op in laid.layer)
    assert prompt == 64 * matrices + 64 * made + 64 * 128 * heads * (192 + 128)


def test_experts_hold_all_their_weights_in_one_rectangle() -> None:
    one, eight = (resident_model(replace(MIXTRAL, experts=experts)) for experts in (2, 8))
    assert matrices_of(eight) - matrices_of(one) == 6 * (3 * LLAMA.width * LLAMA.ffn_width + LLAMA.width)


@pytest.mark.parametrize("software", [WAFERLLM, LOOPS])
@pytest.mark.parametrize("head_norm", [False, True])
def test_more_positions_and_more_sequences_take_longer(software: Inference, head_norm: bool) -> None:
    square = square_of(WSE3, 256, software)
    model = replace(LLAMA, head_norm=head_norm)
    base = layer(model, square, TokenStep(positions=1024))
    assert layer(model, square, TokenStep(positions=4096)) > base
    assert base < layer(model, square, TokenStep(positions=1024, batch=4)) < 4 * base
    assert layer(model, square, ChunkStep(tokens=256, start=1024, block=256)) > layer(model, square, CHUNK)


def test_on_a_larger_grid_tokens_take_longer_and_prompts_less() -> None:
    squares = [square_of(WSE2, side, WAFERLLM) for side in (480, 600, 720)]
    one = replace(LLAMA, kv_heads=32)
    tokens = [layer(one, square, TokenStep(positions=4096)) for square in squares]
    prompts = [layer(one, square, ChunkStep(tokens=4096, block=4096)) for square in squares]
    assert all(small < large for small, large in pairwise(tokens))
    assert all(small > large for small, large in pairwise(prompts))
    assert prompts[0] / prompts[-1] < (720 / 480) ** 2


def test_a_sequence_more_costs_less_than_the_first_and_no_less_than_its_products() -> None:
    where = Rectangle(wafer=WSE3, columns=755, rows=292, software=WAFERLLM)
    at = {batch: layer(LLAMA, where, TokenStep(positions=1024, batch=batch)) for batch in (1, 2, 16, 64)}
    more = [(at[64] - at[16]) / 48, (at[16] - at[2]) / 14, at[2] - at[1]]
    products = matrices_of(resident_model(LLAMA)) / where.cores / WSE3.core.fmac_fp16_per_cycle
    assert products < more[0] < more[2] < at[1] / 2
    assert more[0] == pytest.approx(more[1], rel=0.5)


def test_a_short_last_chunk_passes_no_more_blocks_of_keys() -> None:
    square = square_of(WSE3, 64, WAFERLLM)
    full = layer(LLAMA, square, ChunkStep(tokens=64, start=640, block=64))
    assert layer(LLAMA, square, ChunkStep(tokens=1, start=640, block=64)) <= full


@pytest.mark.parametrize("software", [WAFERLLM, replace(LOOPS, element_loop_cycles=1)])
@pytest.mark.parametrize("lanes", [0.25, 1, 7.5, 64, 4096])
@pytest.mark.parametrize("step", [TokenStep(positions=1024, batch=64), ChunkStep(tokens=4096, block=4096)])
def test_no_core_multiplies_faster_than_it_can(software: Inference, lanes: float, step: TokenStep | ChunkStep) -> None:
    wafer = replace(WSE2, core=replace(WSE2.core, fmac_fp16_per_cycle=lanes))
    where = Rectangle(wafer=wafer, columns=20, rows=30, software=software)
    for op in (*resident_model(LLAMA).layer, *resident_model(MIXTRAL).layer):
        cost = resident_cost(op, where, step)
        assert cost.macs <= cost.cycles * where.cores * lanes * (1 + 1e-9)


@pytest.mark.parametrize("lanes", [4.0, 3.0, 2.5])
def test_a_padded_vector_never_takes_longer_than_a_longer_one(lanes: float) -> None:
    cycles: Any = vector_cycles  # of a length, or of an array of them
    core = replace(WHERE.wafer.core, fmac_fp16_per_cycle=lanes)
    padded = replace(
        WHERE, wafer=replace(WHERE.wafer, core=core), software=replace(WAFERLLM, pads_vectors=1)
    )  # fmt: skip
    plain = replace(padded, software=WAFERLLM)
    lengths = range(1, 40)
    taken, as_long = ([cycles(where, length, lanes) for length in lengths] for where in (padded, plain))
    assert taken == sorted(taken)
    assert all(one <= other for one, other in zip(taken, as_long, strict=True))
    assert taken != as_long
    many = Rectangles(
        wafer=padded.wafer, software=padded.software, columns=np.full(39, 4), rows=np.full(39, 4)
    )  # fmt: skip
    assert cycles(many, np.array(lengths), lanes).tolist() == taken
