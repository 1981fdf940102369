"""The graph's run against the independent formulation, for every kind of block, and what the executor holds."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.graph import Graph, Op, with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.arrays import Ids
from wsesim.numerics.executor import execute, run_ops, walk
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.weights import SeededWeights

GPT2 = ModelSpec(
    name="gpt2", layers=3, width=12, heads=3, kv_heads=3, head_width=4, ffn_width=20, vocab=17, max_length=8
)  # fmt: skip
LLAMA = replace(
    GPT2, name="llama", heads=4, kv_heads=2, head_width=6, norm="rms_norm", position="rotary", activation="swiglu",
    bias=False, attention_bias=False, tied=False,
)  # fmt: skip
GPTJ = replace(
    GPT2, name="gptj", head_width=6, position="rotary", rotary_width=4, rotary_pairs="interleaved", block="parallel",
    attention_bias=False, tied=False, activation="gelu_tanh",
)  # fmt: skip
BERT = replace(GPT2, name="bert", norm_order="post", causal=False, token_types=2, task="mlm", masked=3)
FAMILIES = {
    model.name: model
    for model in (
        GPT2,
        replace(GPT2, name="gpt2-tanh", activation="gelu_tanh", tied=False),
        replace(GPT2, name="gpt2-classify", task="classify", classes=3),
        replace(GPT2, name="gpt2-post", norm_order="post"),
        LLAMA,
        replace(LLAMA, name="llama-tied-biased", tied=True, attention_bias=True, kv_heads=1),
        replace(LLAMA, name="qwen3", head_norm=True),
        replace(GPT2, name="gpt2-relu-head-norm", activation="relu", head_norm=True),
        GPTJ,
        BERT,
        replace(BERT, name="bert-classify", task="classify", classes=5),
        replace(BERT, name="bert-lm", task="lm", token_types=0),
        replace(BERT, name="esm", norm_order="pre", position="rotary", token_types=0, sentence_head=False),
        replace(BERT, name="pre-norm-classify", norm_order="pre", task="classify", classes=5),
    )
}


def ids_for(graph: Graph, seed: int = 0) -> Ids:
    shape = graph.dims["batch"], graph.dims["length"]
    return np.random.default_rng(seed).integers(0, graph.dims["vocab"], shape)


def check(model: ModelSpec, sequences: int, length: int, seed: int, tolerances: dict[type, float]) -> None:
    """Everything both give must agree within the tolerance of each precision."""
    graph = build_graph(model, sequences=sequences, length=length)
    weights, tokens = SeededWeights(graph, seed, spread=0.3), token_inputs(graph, ids_for(graph, seed))
    hidden = {(block.name, name) for block in graph.blocks for name in block.outputs if block.name != "head"}
    steps = list(walk_reference(model, weights, tokens))
    by_place = {(step.block, step.copy): step for step in steps}
    for dtype, tolerance in tolerances.items():
        run = execute(graph, weights, tokens, dtype=dtype, keep=[name for _, name in hidden])
        assert len(run.kept) == len(steps) - 1 == model.layers + 1
        for (block, copy, _), found in run.kept.items():
            assert found.dtype == dtype
            wanted = by_place[block, copy].hidden
            assert wanted is not None
            np.testing.assert_allclose(found, wanted, atol=tolerance)
        named = {"head.logits.out": "tokens", "head.classes.out": "classes"}
        for name, logits in run.logits.items():
            np.testing.assert_allclose(logits, steps[-1].logits[named[name]], atol=tolerance)
        assert len(run.logits) == len(run.losses) == len(steps[-1].logits)
        assert run.loss == pytest.approx(sum(steps[-1].losses.values()), abs=tolerance)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_graph_agrees_with_the_reference(name: str) -> None:
    check(FAMILIES[name], sequences=2, length=8, seed=5, tolerances={np.float64: 1e-13, np.float32: 1e-5})


@st.composite
def shapes(draw: st.DrawFn) -> ModelSpec:
    family = draw(st.sampled_from(list(FAMILIES.values())))
    kv_heads = draw(st.integers(1, 3))
    head_width = 2 * draw(st.integers(1, 4))
    return replace(
        family, layers=draw(st.integers(1, 3)), width=draw(st.integers(2, 20)), kv_heads=kv_heads,
        heads=kv_heads * draw(st.integers(1, 3)), head_width=head_width,
        rotary_width=2 * draw(st.integers(0, head_width // 2)), ffn_width=draw(st.integers(1, 30)),
        vocab=draw(st.integers(2, 40)), classes=draw(st.integers(2, 4)), masked=draw(st.integers(1, 9)),
        norm_epsilon=draw(st.sampled_from([1e-5, 1e-2])), rotary_base=draw(st.sampled_from([1e4, 5e5])),
        rotary_pairs=draw(st.sampled_from(["halves", "interleaved"])),
    )  # fmt: skip


@given(shapes(), st.integers(1, 3), st.integers(2, 8), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_the_graph_agrees_with_the_reference_for_any_shape(
    model: ModelSpec, sequences: int, length: int, seed: int
) -> None:
    # Norms of two or three numbers that are nearly equal magnify rounding by thousands.
    check(model, sequences, length, seed, tolerances={np.float64: 1e-9})


def test_a_causal_model_does_not_see_the_future() -> None:
    graph = build_graph(GPT2, sequences=1, length=8)
    ids = ids_for(graph)
    other = ids.copy()
    other[0, 5:] = (other[0, 5:] + 1) % 17
    first, second = (
        execute(graph, SeededWeights(graph, 0), token_inputs(graph, x)).logits["head.logits.out"] for x in (ids, other)
    )
    np.testing.assert_array_equal(first[:, :5], second[:, :5])
    assert np.abs(first[:, 5:] - second[:, 5:]).min() > 0


def test_a_training_graph_runs_its_forward_ops() -> None:
    graph = build_graph(GPT2, sequences=2, length=4)
    weights, tokens = SeededWeights(graph, 0), token_inputs(graph, ids_for(graph))
    assert execute(with_training(graph), weights, tokens).losses == execute(graph, weights, tokens).losses


def test_walk_yields_every_copy_with_its_outputs_only() -> None:
    graph = build_graph(GPT2, sequences=1, length=4)
    runs = [
        (run.block, run.copy, sorted(run.tensors))
        for run in walk(graph, SeededWeights(graph, 0), token_inputs(graph, ids_for(graph)))
    ]
    assert runs == [
        ("embed", 0, ["embed.position.out"]),
        *[("layer", copy, ["ffn.residual.out"]) for copy in range(3)],
        ("head", 0, ["head.loss.out"]),
    ]


def test_the_peak_of_memory_is_one_layer_whatever_the_depth() -> None:
    wide = replace(GPT2, width=192, heads=3, kv_heads=3, head_width=64, ffn_width=768, layers=4)
    layer_bytes = 4 * 12 * 192 * 192

    def peak(model: ModelSpec) -> int:
        graph = build_graph(model, sequences=1, length=8)
        tokens = token_inputs(graph, ids_for(graph))
        execute(graph, SeededWeights(graph, 0), tokens)
        tracemalloc.start()
        try:
            execute(graph, SeededWeights(graph, 0), tokens)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    shallow, deep = peak(wide), peak(replace(wide, layers=24))
    assert layer_bytes < shallow < 1.5 * layer_bytes
    assert deep < shallow + 0.1 * layer_bytes


def test_activations_are_dropped_after_their_last_use() -> None:
    model = replace(GPT2, ffn_width=12 * 64)
    graph = build_graph(model, sequences=8, length=8)
    (layer,) = (block for block in graph.blocks if block.name == "layer")
    alive = []
    x = np.zeros((8, 8, 12))
    values = {"x": x, **SeededWeights(graph, 0).load("layer", 0)}
    for op in layer.ops:
        # One op at a time: what later ops read must be kept, and nothing else is there to keep.
        later = layer.ops[layer.ops.index(op) + 1 :]
        needed = {name for other in later for name in other.inputs} | {*layer.outputs}
        run_ops(graph, layer, [op], values, keep=needed)
        alive.append({name for name in values if layer.tensors[name].role == "activation"})
    assert max(len(names) for names in alive) == 3
    assert alive[-1] == {"ffn.residual.out"}


def test_what_cannot_run_is_named() -> None:
    graph = build_graph(GPT2, sequences=1, length=4)
    weights, tokens = SeededWeights(graph, 0), token_inputs(graph, ids_for(graph))
    with pytest.raises(SpecError, match="labels is not among the tokens given: ids"):
        execute(graph, weights, {"ids": tokens["ids"]})
    with pytest.raises(SpecError, match=r"ids must have the shape \(1, 4\), got \(1, 3\)"):
        execute(graph, weights, {**tokens, "ids": tokens["ids"][:, :3]})
    with pytest.raises(SpecError, match=r"ids must have the shape \(1, 4\)"):
        token_inputs(graph, tokens["ids"][0])
    embed, *rest = graph.blocks
    strange = replace(embed, ops=tuple(replace(op, kind="argmax") for op in embed.ops))
    with pytest.raises(SpecError, match=r"embed.tokens is of the kind 'argmax', which cannot run here"):
        execute(replace(graph, blocks=(strange, *rest)), weights, tokens)


def test_a_result_of_another_shape_than_the_graph_says_is_refused() -> None:
    graph = build_graph(GPT2, sequences=1, length=4)
    embed = graph.blocks[0]
    x, y = "embed.tokens.out", "embed.position.out"
    op = Op(name="odd", kind="residual", inputs=(x, x), outputs=(y,))
    values = {x: np.zeros((2, 2))}
    with pytest.raises(SpecError, match=r"embed.position.out must have the shape \(1, 4, 12\), got \(2, 2\)"):
        run_ops(graph, embed, [op], values, keep=())
