"""From ops to costs: every op of every model has one, of the right shape."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import pytest

from wsesim.graph import Block, Graph, Op, macs, with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Cost, Region, kernel_cost
from wsesim.kernels import linear as linear_kernels
from wsesim.kernels.elementwise import elementwise
from wsesim.model import ModelSpec, build_graph, load_preset, model_names
from wsesim.software import load_software

TRAINING = load_software("release-2").for_training()

MakeRegion = Callable[..., Region]
CLUSTER = load_cluster("cs-2").cluster


def _costs(model: ModelSpec, *, sequences: int = 3, length: int = 64) -> list[tuple[Graph, Block, Op, Cost]]:
    graph = with_training(build_graph(model, sequences=sequences, length=length))
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=sequences, length=length, precision="mixed")
    return [
        (graph, block, op, kernel_cost(graph, block, op, region))
        for block in graph.blocks
        for op in block.ops
        if op.phase != "optimizer"
    ]


@pytest.mark.parametrize("name", model_names())
def test_every_op_of_a_preset_has_a_cost(name: str) -> None:
    for graph, block, op, cost in _costs(load_preset(name)):
        assert cost.cycles > 0, op.name
        assert sum(cost.parts().values()) == pytest.approx(cost.cycles), op.name
        assert min(cost.parts().values()) >= 0, op.name
        assert ("fmac" in cost.overlapped) == (macs(graph, block, op) > 0), op.name


@pytest.mark.parametrize("name", model_names())
def test_no_op_multiplies_faster_than_its_lanes(name: str) -> None:
    for graph, block, op, cost in _costs(load_preset(name)):
        lanes = 2 * CLUSTER.wafer.cores
        assert cost.cycles * lanes >= macs(graph, block, op), op.name


@pytest.mark.parametrize(("task", "causal"), [("classify", False), ("classify", True), ("mlm", False)])
def test_other_heads_have_a_cost_too(task: str, causal: bool) -> None:
    model = ModelSpec(
        name="other", layers=1, width=64, heads=2, kv_heads=2, head_width=32, ffn_width=256, vocab=100, max_length=64,
        task=task, causal=causal, activation="gelu_tanh",
    )  # fmt: skip
    assert all(cost.cycles > 0 for _, _, _, cost in _costs(model))


def test_experts_divide_the_tokens_of_the_mixture_between_them() -> None:
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    _, cost = _find("mixtral-8x7b", "ffn.up")
    assert cost == linear_kernels.forward(region, inputs=4096, outputs=14336, positions=2, matrices=8)


def test_a_busy_expert_takes_room_and_time_of_all() -> None:
    even, uneven = (replace(load_preset("mixtral-8x7b"), expert_imbalance=factor) for factor in (1.0, 1.5))
    for (_, block, op, before), (*_, after) in zip(_costs(even), _costs(uneven), strict=True):
        touched = any("chosen" in block.tensors[name].axes for name in (*op.inputs, *op.outputs))
        assert (after != before) == touched, op.name
        assert after.cycles >= before.cycles


def _find(name: str, op_name: str) -> tuple[Graph, Cost]:
    return next((graph, cost) for graph, _, op, cost in _costs(load_preset(name)) if op.name == op_name)


@pytest.mark.parametrize(("op", "inputs", "outputs"), [("ffn.up", 768, 3072), ("ffn.down", 3072, 768)])
def test_a_linear_layer_has_the_shape_of_its_weight(op: str, inputs: int, outputs: int) -> None:
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    _, forward = _find("gpt2", op)
    _, to_input = _find("gpt2", f"{op}.input.backward")
    _, to_weight = _find("gpt2", f"{op}.weight.backward")
    assert forward == linear_kernels.forward(region, inputs=inputs, outputs=outputs)
    assert to_input == linear_kernels.grad_input(region, inputs=inputs, outputs=outputs)
    assert to_weight == linear_kernels.grad_weight(region, inputs=inputs, outputs=outputs)


def test_a_tied_head_reads_the_table_turned() -> None:
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    _, cost = _find("gpt2", "head.logits")
    assert cost == linear_kernels.forward(region, inputs=768, outputs=50257)


def test_the_loss_runs_over_the_vocabulary() -> None:
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    _, cost = _find("gpt2", "head.loss")
    assert cost == elementwise(region, "cross_entropy", width=50257)


def test_a_masked_head_works_on_masked_positions_only() -> None:
    graph, cost = _find("bert-base", "head.dense")
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    share = graph.dims["masked"] / 64
    assert share < 1
    assert cost == linear_kernels.forward(region, inputs=768, outputs=768, positions=share)


def test_a_pooled_head_works_on_one_position() -> None:
    _, cost = _find("bert-base", "head.pool")
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    assert cost == linear_kernels.forward(region, inputs=768, outputs=768, positions=1 / 64)


def test_an_embedding_moves_activations_not_ids() -> None:
    _, cost = _find("gpt2", "embed.tokens")
    region = Region(software=TRAINING, cluster=CLUSTER, sequences=3, length=64, precision="mixed")
    assert cost == elementwise(region, "embedding", width=768, bytes_each=2)


def test_grouped_queries_multiply_as_many_scores() -> None:
    graph, cost = _find("llama-3-8b", "attention.scores")
    assert graph.dims["attention"] == 4096
    macs_per_core = 64 * 4096 / CLUSTER.wafer.columns
    region_tokens = prod((3, 64)) / CLUSTER.wafer.rows
    assert region_tokens < 1  # so the fullest core holds one token
    assert cost.overlapped["fmac"] == pytest.approx(macs_per_core * (1 + TRAINING.weight_launch_cycles))
