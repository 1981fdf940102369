"""Experts in numbers: each op against loops over tokens, and the whole mixture against the formulation in float64."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wsesim.graph import Op
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.arrays import Array
from wsesim.numerics.executor import execute
from wsesim.numerics.functions import Setting, function_of
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.verify import verify_model
from wsesim.numerics.weights import SeededWeights

BATCH, LENGTH, EXPERTS, CHOSEN, WIDTH, INNER = 2, 5, 4, 2, 3, 6
MODEL = ModelSpec(
    name="mixture", layers=2, width=32, heads=4, kv_heads=2, head_width=8, ffn_width=48, vocab=61, max_length=64,
    experts=4, experts_per_token=2, activation="swiglu", norm="rms_norm", position="rotary", bias=False,
    attention_bias=False, tied=False,
)  # fmt: skip
DENSE = replace(MODEL, experts=0, experts_per_token=1)


def run(kind: str, *inputs: Array, **dims: int) -> Array:
    names = tuple(f"in{n}" for n in range(len(inputs)))
    op = Op(name="op", kind=kind, inputs=names, outputs=("out",))
    (result,) = function_of(op)(op, inputs, Setting(dims=dims))
    return result


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape)


def ranked(logits: Array) -> list[int]:
    return sorted(sorted(range(len(logits)), key=lambda number: -logits[number])[:CHOSEN])


def test_the_gates_are_a_softmax_over_the_chosen() -> None:
    logits = numbers(BATCH, LENGTH, EXPERTS)
    gates = run("route", logits, chosen=CHOSEN)
    for row, given in zip(gates.reshape(-1, EXPERTS), logits.reshape(-1, EXPERTS), strict=True):
        total = math.fsum(math.exp(given[number]) for number in ranked(given))
        wanted = [math.exp(value) / total if number in ranked(given) else 0 for number, value in enumerate(given)]
        np.testing.assert_allclose(row, wanted, rtol=1e-12)


def test_equal_logits_go_to_the_first_experts() -> None:
    gates = run("route", np.zeros((1, 1, EXPERTS)), chosen=CHOSEN)
    np.testing.assert_array_equal(gates[0, 0], [0.5, 0.5, 0, 0])


def test_each_copy_meets_the_matrix_of_its_expert() -> None:
    x, logits = numbers(BATCH, LENGTH, WIDTH, seed=1), numbers(BATCH, LENGTH, EXPERTS, seed=2)
    weight, bias = numbers(EXPERTS, WIDTH, INNER, seed=3), numbers(EXPERTS, INNER, seed=4)
    gates = run("route", logits, chosen=CHOSEN)
    sent = run("dispatch", x, gates, chosen=CHOSEN)
    y = run("expert_linear", sent, weight, gates, bias, chosen=CHOSEN)
    mixed = run("combine", y, gates, chosen=CHOSEN)
    for at in np.ndindex(BATCH, LENGTH):
        made = [x[at] @ weight[number] + bias[number] for number in ranked(logits[at])]
        np.testing.assert_allclose(y[at], made, rtol=1e-12)
        shares = [gates[at][number] for number in ranked(logits[at])]
        wanted = np.sum([share * part for share, part in zip(shares, made, strict=True)], axis=0)
        np.testing.assert_allclose(mixed[at], wanted, rtol=1e-10)


CHANGES: dict[str, dict[str, Any]] = {
    "two of four": {},
    "with biases and GELU": {"bias": True, "activation": "gelu"},
    "all of four": {"experts_per_token": 4},
    "one": {"experts": 1, "experts_per_token": 1},
    "sparse": {"sparsity": 0.75},
    "beside attention": {"block": "parallel"},
    "after a norm": {"norm_order": "post"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_mixture_is_that_of_the_float64_formulation(name: str) -> None:
    found = verify_model(replace(MODEL, **CHANGES[name]), text="sample:sotu", sequences=2, length=24)
    assert found.ok, found


class Loud:
    """Weights times ten, so that what an expert makes of a token outweighs the token."""

    def __init__(self, source: SeededWeights) -> None:
        self.source = source

    def load(self, block: str, copy: int) -> dict[str, Array]:
        return {name: 10 * array for name, array in self.source.load(block, copy).items()}


def test_a_wrong_expert_would_show() -> None:
    graph = build_graph(MODEL, sequences=1, length=8, precision="fp32")
    tokens = token_inputs(graph, np.arange(8).reshape(1, 8))
    weights = Loud(SeededWeights(graph, 0))
    logits = execute(graph, weights, tokens, dtype=np.float64).logits["head.logits.out"]
    *_, right = walk_reference(MODEL, weights, tokens)
    *_, wrong = walk_reference(replace(MODEL, experts_per_token=1), weights, tokens)
    np.testing.assert_allclose(logits, right.logits["tokens"], rtol=1e-9, atol=1e-9)
    assert np.abs(logits - wrong.logits["tokens"]).max() > 1e-3


def test_one_expert_is_a_dense_network() -> None:
    one = build_graph(replace(MODEL, experts=1, experts_per_token=1), sequences=1, length=8, precision="fp32")
    dense = build_graph(DENSE, sequences=1, length=8, precision="fp32")
    tokens = token_inputs(dense, np.arange(8).reshape(1, 8))
    found = execute(one, SeededWeights(one, 0), tokens).logits["head.logits.out"]
    wanted = execute(dense, SeededWeights(dense, 0), tokens).logits["head.logits.out"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_sparse_weights_lose_their_share_and_nothing_else_does() -> None:
    sparse, dense = (
        SeededWeights(build_graph(replace(DENSE, sparsity=share, width=256, ffn_width=512), sequences=1, length=4), 3)
        for share in (0.75, 0.0)
    )
    layer, whole = sparse.load("layer", 1), dense.load("layer", 1)
    for name, array in layer.items():
        zeros = float((array == 0).mean())
        assert zeros == (pytest.approx(0.75, abs=0.02) if name.endswith(".weight") else 0), name
        np.testing.assert_array_equal(array[array != 0], whole[name][array != 0])
    head = sparse.load("head", 0)
    assert all((head[name] == array).all() for name, array in dense.load("head", 0).items())
