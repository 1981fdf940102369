"""A step of training: gradients against the reference, parts of a batch, recompute, padding, places, the cache."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wsesim.errors import InputError, SpecError
from wsesim.graph import Graph, with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import executor
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.executor import execute, new_cache, walk
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.loss import IGNORED
from wsesim.numerics.optimizer import AdamW, Schedule
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.training import Key, NamedArrays, backward, forward, label_counts, step, update
from wsesim.numerics.weights import SeededWeights

GPT2 = ModelSpec(
    name="gpt2", layers=2, width=12, heads=4, kv_heads=4, head_width=6, ffn_width=20, vocab=17, max_length=16
)  # fmt: skip
LLAMA = replace(
    GPT2, name="llama", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
    attention_bias=False, tied=False,
)  # fmt: skip
GPTJ = replace(
    GPT2, name="gptj", position="rotary", rotary_width=4, rotary_pairs="interleaved", block="parallel",
    activation="gelu_tanh", tied=False,
)  # fmt: skip
BERT = replace(GPT2, name="bert", norm_order="post", causal=False, token_types=2, task="mlm", masked=3)
FAMILIES = (
    GPT2, LLAMA, GPTJ, BERT, replace(GPT2, name="classify", task="classify", classes=3),
    replace(GPT2, name="relu", activation="relu", head_norm=True, sparsity=0.5),
    replace(BERT, name="bert-classify", task="classify", classes=3),
    replace(LLAMA, name="mixtral", experts=4, experts_per_token=2),
    replace(LLAMA, name="sparse mixtral", experts=4, experts_per_token=2, sparsity=0.5, bias=True),
)  # fmt: skip
OPTIMIZER = AdamW(schedule=Schedule(peak=1e-2))
BATCH, LENGTH = 4, 8


def ids_of(sequences: int = BATCH, length: int = LENGTH, seed: int = 0) -> Ids:
    return np.random.default_rng(seed).integers(0, 17, (sequences, length))


def graph_of(model: ModelSpec, sequences: int = BATCH, **options: Any) -> Graph:
    return build_graph(model, sequences=sequences, length=LENGTH, **options)


def arrays_of(graph: Graph, dtype: Any = np.float64) -> NamedArrays:
    return NamedArrays.begin(graph, SeededWeights(graph, 3, spread=0.3, deviation=0.3), dtype)


def weights_in(arrays: NamedArrays) -> dict[Key, Array]:
    return {key: array for key, array in arrays.arrays.items() if key[2].endswith(("weight", "scale", "bias"))}


def same(found: dict[Key, Array], wanted: dict[Key, Array], exact: float) -> None:
    assert found.keys() == wanted.keys()
    for key, array in wanted.items():
        assert float(np.abs(found[key] - array).max()) <= exact * (float(np.abs(array).max()) + 1e-3), key


@pytest.mark.parametrize("sequences", [1, BATCH])
@pytest.mark.parametrize("model", FAMILIES, ids=lambda model: model.name)
def test_what_is_written_over_is_nobodys(model: ModelSpec, sequences: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = with_training(graph_of(model, sequences))
    weights, tokens = SeededWeights(graph, 3, spread=0.3), token_inputs(graph, ids_of(sequences))
    every = [name for block in graph.blocks for name in block.tensors]
    for keep in ([], every):
        runs = [(run, {name: array.copy() for name, array in run.tensors.items()})
                for run in walk(graph, weights, tokens, keep=keep)]  # fmt: skip
        for run, as_it_was in runs:
            for name, array in as_it_was.items():
                np.testing.assert_array_equal(run.tensors[name], array)
    arrays = arrays_of(graph)
    found = backward(graph, arrays, forward(graph, arrays, tokens))
    monkeypatch.setattr(executor, "_spare", lambda *_: [])
    same(found, backward(graph, arrays, forward(graph, arrays, tokens)), 0)


@pytest.mark.parametrize("model", FAMILIES, ids=lambda model: model.name)
@pytest.mark.every(3)
def test_gradients_are_directional_derivatives_of_the_reference(model: ModelSpec) -> None:
    graph = with_training(graph_of(model))
    arrays, tokens = arrays_of(graph), token_inputs(graph, ids_of())
    gradients = backward(graph, arrays, forward(graph, arrays, tokens))
    weights, draw = weights_in(arrays), np.random.default_rng(1)
    assert gradients.keys() == weights.keys()

    def loss() -> float:
        *_, last = walk_reference(model, arrays, tokens)
        return sum(last.losses.values())

    for key, weight in weights.items():
        places = arrays.arrays.get((*key[:2], f"{key[2]}.places"), np.ones(weight.shape))
        direction, kept = draw.normal(size=weight.shape) * places, weight.copy()
        moved = {}
        for h in (-2, -1, 1, 2):
            weight[...] = kept + h * 1e-4 * direction
            moved[h] = loss()
        weight[...] = kept
        numeric = (8 * (moved[1] - moved[-1]) - (moved[2] - moved[-2])) / 12e-4
        scale = float(np.abs(gradients[key] * direction).sum()) + 1e-3
        assert float((gradients[key] * direction).sum()) == pytest.approx(numeric, abs=1e-8 * scale)


@pytest.mark.parametrize("model", FAMILIES, ids=lambda model: model.name)
def test_recompute_gives_the_same_bits(model: ModelSpec) -> None:
    graph = with_training(graph_of(model))
    tokens = token_inputs(graph, ids_of())
    found = []
    for recompute in (False, True):
        arrays = arrays_of(graph, np.float32)
        run = forward(graph, arrays, tokens, recompute=recompute)
        found.append((run.losses, backward(graph, arrays, run)))
    assert found[0][0] == found[1][0]
    for key, gradient in found[0][1].items():
        np.testing.assert_array_equal(gradient, found[1][1][key])


def test_recompute_keeps_only_what_blocks_take_in() -> None:
    graph = with_training(graph_of(GPT2))
    run = forward(graph, arrays_of(graph), token_inputs(graph, ids_of()), recompute=True)
    assert {place: set(kept) for place, kept in run.saved.items()} == {
        ("embed", 0): set(), ("layer", 0): {"x"}, ("layer", 1): {"x"}, ("head", 0): {"x"},
    }  # fmt: skip


@pytest.mark.parametrize("model", [GPT2, BERT, LLAMA], ids=lambda model: model.name)
@pytest.mark.parametrize("part", [1, 2])
def test_parts_with_unequal_labels_are_one_batch(model: ModelSpec, part: int) -> None:
    whole, parts = (with_training(graph_of(model, sequences)) for sequences in (BATCH, part))
    tokens = token_inputs(whole, ids_of())
    tokens["labels"] = tokens["labels"].copy()
    tokens["labels"][0, 1:6] = IGNORED
    tokens["labels"][3] = IGNORED
    cut = [{name: array[at : at + part] for name, array in tokens.items()} for at in range(0, BATCH, part)]
    one, other = arrays_of(whole), arrays_of(parts)
    first = step(whole, one, [tokens], OPTIMIZER, 1)
    second = step(parts, other, cut, OPTIMIZER, 1)
    assert sum(second.losses.values()) == pytest.approx(sum(first.losses.values()), rel=1e-12)
    assert second.norm == pytest.approx(first.norm, rel=1e-12)
    gradients = []
    for graph, batches in ((whole, [tokens]), (parts, cut)):
        arrays, scalars = arrays_of(graph), label_counts(graph, batches)
        sums: dict[Key, Array] = {}
        for batch in batches:
            for key, gradient in backward(graph, arrays, forward(graph, arrays, batch, scalars=scalars)).items():
                sums[key] = sums.get(key, 0) + gradient
        gradients.append(sums)
    same(gradients[1], gradients[0], 1e-12)


def test_the_loss_scale_is_taken_off_again() -> None:
    graph = with_training(graph_of(GPT2))
    tokens, found = token_inputs(graph, ids_of()), []
    for scale in (1.0, 1024.0):
        arrays = arrays_of(graph)
        norm = step(graph, arrays, [tokens], OPTIMIZER, 1, loss_scale=scale).norm
        found.append((norm, weights_in(arrays)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-14)
    same(found[1][1], found[0][1], 1e-12)


def test_gradients_that_are_not_finite_change_nothing() -> None:
    graph = with_training(graph_of(GPT2))
    arrays = arrays_of(graph)
    gradients = backward(graph, arrays, forward(graph, arrays, token_inputs(graph, ids_of())))
    gradients["head", 0, "head.norm.scale"][0] = np.inf
    before = {key: array.copy() for key, array in arrays.arrays.items()}
    assert update(graph, arrays, gradients, OPTIMIZER, 1) == np.inf
    for key, array in arrays.arrays.items():
        np.testing.assert_array_equal(array, before[key])


def test_training_learns_and_is_the_same_each_time() -> None:
    graph = with_training(graph_of(GPT2))
    tokens, found = token_inputs(graph, ids_of()), []
    for _ in range(2):
        arrays = arrays_of(graph, np.float32)
        found.append([sum(step(graph, arrays, [tokens], OPTIMIZER, n).losses.values()) for n in range(1, 41)])
    assert found[0] == found[1]
    assert found[0][-1] < 0.5 * found[0][0]


@pytest.mark.parametrize("model", [FAMILIES[5], FAMILIES[8]], ids=lambda model: model.name)
def test_zeros_of_sparse_weights_stay(model: ModelSpec) -> None:
    graph = with_training(graph_of(model))
    arrays, tokens = arrays_of(graph), token_inputs(graph, ids_of())
    places = {key: array for key, array in arrays.arrays.items() if key[2].endswith(".places")}
    assert places
    for number in range(1, 4):
        step(graph, arrays, [tokens], OPTIMIZER, number)
    for (block, copy, name), where in places.items():
        weight = arrays.arrays[block, copy, name.removesuffix(".places")]
        assert 0.3 < where.mean() < 0.7
        assert not weight[~where].any()
        assert weight[where].all()


def test_a_run_has_one_backward_pass_and_a_graph_has_to_have_one() -> None:
    plain = graph_of(GPT2)
    graph = with_training(plain)
    arrays = arrays_of(graph)
    run = forward(graph, arrays, token_inputs(graph, ids_of()))
    backward(graph, arrays, run)
    with pytest.raises(SpecError, match="run is used up"):
        backward(graph, arrays, run)
    with pytest.raises(SpecError, match="gpt2 has no backward ops: `with_training` adds them"):
        backward(plain, arrays, forward(plain, arrays, token_inputs(graph, ids_of())))


def test_arrays_that_do_not_fit_are_named() -> None:
    graph = with_training(graph_of(GPT2))
    arrays = arrays_of(graph).arrays
    missing = {key: array for key, array in arrays.items() if key != ("layer", 1, "ffn.up.weight.moment2")}
    with pytest.raises(SpecError, match=r"ffn.up.weight.moment2 of layer 1 is missing, wanted \(12, 20\)"):
        NamedArrays(graph, missing)
    with pytest.raises(SpecError, match=r"head.norm.bias of head 0 has the shape \(3,\), wanted \(12,\)"):
        NamedArrays(graph, {**arrays, ("head", 0, "head.norm.bias"): np.zeros(3)})


def test_labels_that_are_all_ignored_teach_nothing() -> None:
    graph = with_training(graph_of(GPT2))
    tokens = {**token_inputs(graph, ids_of()), "labels": np.full((BATCH, LENGTH), IGNORED)}
    with pytest.raises(InputError, match="all labels are ignored: nothing is left to learn from"):
        step(graph, arrays_of(graph), [tokens], OPTIMIZER, 1)


@pytest.mark.parametrize("model", [GPT2, LLAMA, GPTJ, FAMILIES[4], FAMILIES[7]], ids=lambda model: model.name)
def test_padding_changes_nothing_on_either_side(model: ModelSpec) -> None:
    short, real = graph_of(model).with_dims(length=5, keys=5), ids_of(length=5)
    wanted_graph = with_training(short)
    arrays = arrays_of(wanted_graph)
    run = forward(wanted_graph, arrays, token_inputs(wanted_graph, real))
    wanted = backward(wanted_graph, arrays, run)
    logits = execute(short, arrays, token_inputs(short, real), dtype=np.float64).logits
    for left in (0, 1, 3):
        ids, mask = np.zeros((BATCH, LENGTH), dtype=np.int64), np.zeros((BATCH, LENGTH), dtype=np.int64)
        ids[:, left : left + 5], mask[:, left : left + 5] = real, 1
        graph = with_training(graph_of(model, padded=True))
        tokens = token_inputs(graph, ids, mask)
        found = forward(graph, arrays, tokens)
        assert found.loss == pytest.approx(run.loss, rel=1e-12)
        same(backward(graph, arrays, found), wanted, 1e-12)
        for name, array in execute(graph, arrays, tokens, dtype=np.float64).logits.items():
            own = array if array.ndim == 2 else array[:, left : left + 5]
            np.testing.assert_allclose(own, logits[name], atol=1e-12)


def test_a_mask_needs_a_graph_that_has_one_and_its_shape() -> None:
    mask = np.ones((BATCH, LENGTH), dtype=np.int64)
    with pytest.raises(SpecError, match="no mask: `build_graph"):
        token_inputs(graph_of(GPT2), ids_of(), mask)
    with pytest.raises(SpecError, match=r"mask has the shape \(4, 3\), the graph \(4, 8\)"):
        token_inputs(graph_of(GPT2, padded=True), ids_of(), mask[:, :3])


@pytest.mark.parametrize("model", [GPT2, LLAMA, GPTJ, FAMILIES[7]], ids=lambda model: model.name)
@pytest.mark.parametrize("padded", [False, True])
def test_with_a_cache_tokens_may_come_one_by_one(model: ModelSpec, padded: bool) -> None:
    ids, mask = ids_of(), np.ones((BATCH, LENGTH), dtype=np.int64)
    mask[1, :2] = 0
    whole = graph_of(model, loss=False, padded=padded)
    arrays = NamedArrays.begin(whole, SeededWeights(whole, 3, spread=0.3, deviation=0.3), np.float64)
    given = {"ids": ids, "mask": mask}
    wanted = execute(whole, arrays, given, dtype=np.float64).logits["head.logits.out"]
    cache, found, done = new_cache(graph_of(model, keys=LENGTH), LENGTH, np.float64), [], 0
    for count in (3, 1, 1, 3):
        keys = done + count
        graph = build_graph(model, sequences=BATCH, length=count, keys=keys, loss=False, padded=padded)
        tokens = {"ids": ids[:, done:keys], "mask": mask[:, :keys]}
        found.append(execute(graph, arrays, tokens, dtype=np.float64, cache=cache).logits["head.logits.out"])
        done = keys
    np.testing.assert_allclose(np.concatenate(found, axis=1), wanted, atol=1e-12)


def test_caches_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="keys of a cache are for causal models"):
        build_graph(BERT, sequences=1, length=1, keys=4)
    with pytest.raises(SpecError, match="keys must be at least length = 4, got 3"):
        build_graph(GPT2, sequences=1, length=4, keys=3)
    with pytest.raises(SpecError, match="length = 17 is over the model's 16 positions"):
        build_graph(GPT2, sequences=1, length=1, keys=17)
    graph = build_graph(GPT2, sequences=1, length=1, keys=4, loss=False)
    with pytest.raises(SpecError, match=r"attention.cache has no room for 4 tokens: `new_cache` makes it"):
        execute(graph, SeededWeights(graph, 0), {"ids": np.zeros((1, 1), dtype=np.int64)}, cache=new_cache(graph, 3))
