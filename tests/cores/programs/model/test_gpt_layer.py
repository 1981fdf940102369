"""A GPT-2 layer on the cores computes what the executor computes, layer after layer."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import pytest

from wsesim.cores.kit.base import Array
from wsesim.cores.programs import KernelCase, Prepared
from wsesim.cores.programs.model.gpt_layer import layer_kernel
from wsesim.cores.programs.model.gpt_reference import shapes_of
from wsesim.hardware import Wafer, load_cluster
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import SeededWeights, execute, token_inputs

WAFER = load_cluster("cs-2").cluster.wafer
LENGTH, WIDTH, HEADS = 8, 32, 2
NAMES = {
    "norm1_scale": "attention.norm.scale", "norm1_bias": "attention.norm.bias", "qkv": "attention.qkv.weight",
    "qkv_bias": "attention.qkv.bias", "project": "attention.project.weight", "project_bias": "attention.project.bias",
    "norm2_scale": "ffn.norm.scale", "norm2_bias": "ffn.norm.bias", "up": "ffn.up.weight", "up_bias": "ffn.up.bias",
    "down": "ffn.down.weight", "down_bias": "ffn.down.bias",
}  # fmt: skip
TOLERANCE = 1e-5
"""Of values of about 1, in fp32: some eighty roundings, where the worst case of all steps would allow thousands."""


class Stronger:
    """Weights of a narrow model as strong together as those of GPT-2, which is 24 times as wide."""

    def __init__(self, weights: SeededWeights) -> None:
        self._weights = weights

    def load(self, block: str, copy: int) -> dict[str, Array]:
        factor = np.float32(sqrt(768 / WIDTH))
        found = self._weights.load(block, copy)
        return {name: array * factor if name.endswith(".weight") else array for name, array in found.items()}


def load_layer(
    wafer: Wafer, grid: tuple[int, int], x: Array, weights: Mapping[str, Array], *, heads: int, form: str = "tanh"
) -> Prepared:
    program = layer_kernel(lambda *_: {"x": x, **weights})
    return KernelCase(program=program, wafer=wafer, grid=grid, shape=(*x.shape, heads), options={"form": form}).load()


@pytest.mark.parametrize(
    ("machine", "grid", "activation"),
    [
        ("cs-2", (16, 8), "gelu_tanh"), ("cs-3", (8, 4), "gelu"), ("cs-2", (5, 3), "gelu_tanh"),
        pytest.param("cs-2", (16, 8), "gelu", marks=pytest.mark.nightly),
        pytest.param("cs-3", (8, 4), "gelu_tanh", marks=pytest.mark.nightly),
        pytest.param("cs-2", (5, 3), "gelu", marks=pytest.mark.nightly),
    ],
)  # fmt: skip
@pytest.mark.every(3)
def test_layers_one_after_the_other_are_the_executors(machine: str, grid: tuple[int, int], activation: str) -> None:
    model = ModelSpec(
        name="narrow", layers=2, width=WIDTH, heads=HEADS, kv_heads=HEADS, head_width=WIDTH // HEADS,
        ffn_width=4 * WIDTH, vocab=17, max_length=LENGTH, activation=activation,
    )  # fmt: skip
    graph = build_graph(model, sequences=1, length=LENGTH)
    weights = Stronger(SeededWeights(graph, 0, spread=0.1))
    ids = np.random.default_rng(0).integers(0, 17, (1, LENGTH))
    kept = execute(
        graph, weights, token_inputs(graph, ids), dtype=np.float64, keep=["embed.position.out", "ffn.residual.out"]
    ).kept
    x = kept["embed", 0, "embed.position.out"][0]
    wafer = load_cluster(machine).cluster.wafer
    for layer in range(2):
        arrays = weights.load("layer", layer)
        given = {name: arrays[found] for name, found in NAMES.items()}
        prepared = load_layer(wafer, grid, x, given, heads=HEADS, form="erf" if activation == "gelu" else "tanh")
        prepared.machine.run()
        x = prepared.read(prepared.machine)
        assert np.abs(x - kept["layer", layer, "ffn.residual.out"][0]).max() < TOLERANCE


def test_every_weight_counts() -> None:
    random = np.random.default_rng(1)
    shapes = shapes_of(4)
    assert shapes.keys() == NAMES.keys()
    weights = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    x = random.standard_normal((3, 4))
    before = load_layer(WAFER, (3, 2), x, weights, heads=2).expected
    for name in shapes:
        changed = {**weights, name: weights[name] + 0.5}
        prepared = load_layer(WAFER, (3, 2), x, changed, heads=2)
        prepared.machine.run()
        found = prepared.read(prepared.machine)
        assert (found == prepared.expected).all()
        assert np.abs(found - before).max() > 100 * TOLERANCE
