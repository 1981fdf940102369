"""The MACs of an op, against loops that do nothing but count."""

from dataclasses import replace
from itertools import product
from math import prod

import pytest

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op, Tensor, flops, macs, with_training
from wsesim.model.build import build_graph
from wsesim.model.spec import ModelSpec
from wsesim.ops import find, kinds

GROUPED = ModelSpec(
    name="tiny", layers=3, width=6, heads=4, kv_heads=2, head_width=2, ffn_width=5, vocab=7, max_length=8,
    position="rotary", activation="swiglu", norm="rms_norm", bias=False, attention_bias=False, tied=False,
)  # fmt: skip
ENCODER = ModelSpec(
    name="tiny-encoder", layers=2, width=4, heads=2, kv_heads=2, head_width=2, ffn_width=3, vocab=5, max_length=4,
    norm_order="post", causal=False, token_types=2, task="mlm", masked=2,
)  # fmt: skip
MIXTURE = replace(GROUPED, name="tiny-mixture", experts=4, experts_per_token=2, bias=True)
LATENT = replace(
    GROUPED, name="tiny-latent", kv_heads=4, head_width=4, rotary_width=2, latent_rank=3, query_rank=5, value_width=3
)  # fmt: skip
TRAINED = [
    with_training(build_graph(model, sequences=2, length=3)) for model in (GROUPED, ENCODER, MIXTURE, LATENT)
]  # fmt: skip
MATRIX_OPS = [(graph, block, op) for graph in TRAINED for block in graph.blocks for op in block.ops
              if find(op.kind).matrix]  # fmt: skip


def slowly_counted(graph: Graph, block: Block, op: Op) -> int:
    """Count the innermost steps of the loops that the op's definition writes out."""
    shapes = {name: graph.shape(block.tensors[name]) for name in (*op.inputs, *op.outputs)}
    if "linear" in op.kind:
        activation, weight = {
            "linear": lambda: (op.inputs[0], op.inputs[1]),
            "linear_grad_input": lambda: (op.outputs[0], op.inputs[1]),
            "linear_grad_weight": lambda: (op.inputs[0], op.outputs[0]),
        }[op.kind.removeprefix("expert_")]()
        rows = prod(shapes[activation][:-1])
        one_matrix = shapes[weight][-2:]
        return sum(1 for _ in product(range(rows), *(range(size) for size in one_matrix)))
    of_head = "value" if op.kind.startswith("latent_sum") else "head"
    batch, length, heads, head = (graph.dims[axis] for axis in ("batch", "length", "heads", of_head))
    one_product = sum(1 for _ in product(range(batch), range(heads), range(length), range(length), range(head)))
    return one_product * len(op.outputs if op.kind == "weighted_sum_backward" else "qk" if "back" in op.kind else "s")


@pytest.mark.parametrize(("graph", "block", "op"), MATRIX_OPS, ids=[f"{g.name} {o.name}" for g, _, o in MATRIX_OPS])
def test_macs_agree_with_the_slow_count(graph: Graph, block: Block, op: Op) -> None:
    assert macs(graph, block, op) == slowly_counted(graph, block, op) > 0


def test_every_matrix_kind_was_counted() -> None:
    assert {op.kind for _, _, op in MATRIX_OPS} == {name for name, kind in kinds().items() if kind.matrix}


def test_other_kinds_have_no_macs() -> None:
    for graph in TRAINED:
        for block in graph.blocks:
            assert not any(macs(graph, block, op) for op in block.ops if not find(op.kind).matrix)


def test_the_graph_sums_every_copy_of_every_block() -> None:
    for graph in TRAINED:
        counted = sum(
            2 * block.repeat * macs(graph, block, op) for block in graph.blocks for op in block.phase("backward")
        )
        assert flops(graph, phases=("backward",)) == counted
        assert flops(graph) + counted == flops(graph, phases=("forward", "backward"))
        assert flops(graph, phases=("optimizer",)) == 0


def test_zeros_are_not_multiplied() -> None:
    dense, sparse = (build_graph(replace(GROUPED, sparsity=share), sequences=2, length=3) for share in (0.0, 0.5))
    for before, after in zip(dense.blocks, sparse.blocks, strict=True):
        for op in before.ops:
            halved = op.kind == "linear" and before.name == "layer"
            assert macs(sparse, after, op) == macs(dense, before, op) / (2 if halved else 1)


def test_an_unknown_kind_is_refused() -> None:
    x, y = (Tensor(name=name, axes=("rows",)) for name in "xy")
    op = Op(name="odd", kind="fold", inputs=("x",), outputs=("y",))
    block = Block(name="b", repeat=1, tensors={"x": x, "y": y}, ops=(op,), inputs=("x",), outputs=("y",))
    with pytest.raises(SpecError, match="odd has the unknown kind 'fold'"):
        macs(Graph(name="g", dims={"rows": 2}, blocks=(block,)), block, op)


def test_every_kind_says_what_it_means() -> None:
    assert all(kind.meaning for kind in kinds().values())


def test_places_for_tokens_of_experts_are_as_many_as_the_busiest_has() -> None:
    even, uneven = (
        build_graph(replace(MIXTURE, expert_imbalance=imbalance), sequences=8, length=8) for imbalance in (1.0, 1.5)
    )
    found = {
        graph.bytes(tensor) / graph.elements(tensor) / 2
        for graph in (even, uneven) for block in graph.blocks for tensor in block.tensors.values()
        if tensor.role == "activation" and tensor.dtype == "fp16"
    }  # fmt: skip
    assert found == {1.0, 1.5}
