"""Laws of the derived training graph, for every shape of model there is."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op, flops, is_borrowed, macs, with_training
from wsesim.graph.backward import is_lent
from wsesim.model.build import build_graph
from wsesim.model.spec import ModelSpec
from wsesim.ops import find, options

TINY = ModelSpec(name="tiny", layers=1, width=4, heads=1, kv_heads=1, head_width=4, ffn_width=4, vocab=4, max_length=4)


@st.composite
def models(draw: st.DrawFn) -> ModelSpec:
    parallel = draw(st.booleans())
    kv_heads, group, head = draw(st.integers(1, 3)), draw(st.integers(1, 3)), 2 * draw(st.integers(1, 4))
    return ModelSpec(
        name="drawn", layers=draw(st.integers(1, 5)), width=draw(st.integers(1, 12)), heads=kv_heads * group,
        kv_heads=kv_heads, head_width=head, ffn_width=draw(st.integers(1, 20)), vocab=draw(st.integers(2, 30)),
        max_length=16, activation=draw(st.sampled_from(options("activation"))),
        norm=draw(st.sampled_from(["layer_norm", "rms_norm"])), position=draw(st.sampled_from(["learned", "rotary"])),
        block="parallel" if parallel else "sequential",
        norm_order="pre" if parallel else draw(st.sampled_from(["pre", "post"])), causal=draw(st.booleans()),
        bias=draw(st.booleans()), attention_bias=draw(st.booleans()), tied=draw(st.booleans()),
        token_types=draw(st.integers(0, 2)), task=draw(st.sampled_from(["lm", "classify", "mlm"])),
        classes=draw(st.integers(2, 4)), masked=draw(st.integers(1, 6)), sentence_head=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    return build_graph(draw(models()), sequences=draw(st.integers(1, 4)), length=draw(st.integers(1, 16)))


def gradients_of(block: Block, name: str) -> list[str]:
    """Gradients of a weight that leave the block: those that no other backward op reads."""
    read = {tensor for op in block.phase("backward") for tensor in op.inputs}
    return [
        tensor for op in block.phase("backward") for tensor in op.outputs
        if block.tensors[tensor].of == name and tensor not in read
    ]  # fmt: skip


@given(graphs())
def test_forward_is_left_alone(graph: Graph) -> None:
    for before, after in zip(graph.blocks, with_training(graph).blocks, strict=True):
        assert after.phase("forward") == before.ops
        assert after.ops[: len(before.ops)] == before.ops
        assert {name: after.tensors[name] for name in before.tensors} == dict(before.tensors)
        assert after.inputs[: len(before.inputs)] == before.inputs
        assert after.outputs[: len(before.outputs)] == before.outputs


def updates_of(block: Block) -> list[Op]:
    return [op for op in block.phase("optimizer") if op.kind == "adamw"]


@given(graphs())
def test_every_weight_gets_one_gradient_and_one_update(graph: Graph) -> None:
    training = with_training(graph)
    for block in training.blocks:
        updated = [op.inputs[0] for op in updates_of(block)]
        assert sorted(updated) == sorted(weight.name for weight in block.weights() if not is_borrowed(weight))
        for op in updates_of(block):
            weight, gradient = (block.tensors[name] for name in op.inputs[:2])
            assert gradient.of == weight.name
            assert gradient.axes == weight.axes
            moments = [block.tensors[name] for name in op.inputs[2:]]
            assert [(moment.role, moment.dtype, moment.axes) for moment in moments] == 2 * [
                ("state", "fp32", weight.axes)
            ]
            is_of_norm = any(weight.name in other.inputs for other in block.ops if find(other.kind).is_norm)
            assert op.attrs["decays"] == (not weight.name.endswith(".bias") and not is_of_norm)


@given(graphs())
def test_every_weight_gradient_reaches_one_update(graph: Graph) -> None:
    """Each is read by one optimizer op that adds or updates, wherever its weight is kept, tied heads included."""
    training = with_training(graph)
    readers = Counter(
        name for block in training.blocks for op in block.phase("optimizer") if op.kind != "norm" for name in op.inputs
    )
    normed = {name for block in training.blocks for op in block.ops if op.kind == "norm" for name in op.inputs}
    for block in training.blocks:
        for weight in block.weights():
            (gradient,) = gradients_of(block, weight.name)
            assert graph.shape(block.tensors[gradient]) == graph.shape(weight)
            assert readers[gradient] == sum(
                readers[gradient] > 0 and weight.name in {tensor.name for tensor in other.weights()}
                for other in training.blocks
            )
        for op in updates_of(block):
            assert op.inputs[1] in normed


def test_the_gradient_of_a_tied_head_is_added_to_that_of_its_table() -> None:
    embed, _, head = with_training(build_graph(TINY, sequences=1, length=2)).blocks
    (total,) = (op for op in embed.phase("optimizer") if op.kind == "accumulate")
    assert total.inputs == ("tokens.weight.grad", "logits.weight.grad")
    assert "logits.weight.grad" in head.outputs
    assert "logits.weight.grad" in embed.inputs
    (update,) = (op for op in updates_of(embed) if op.inputs[0] == "tokens.weight")
    assert update.inputs[1] == total.outputs[0]


def test_places_of_a_sparse_weight_come_with_it() -> None:
    layer = with_training(build_graph(replace(TINY, sparsity=0.5), sequences=1, length=2)).blocks[1]
    (op,) = (op for op in layer.ops if op.name == "ffn.up.weight.backward")
    places = layer.tensors[op.inputs[-1]]
    assert (places.name, places.role, places.dtype, places.density) == ("ffn.up.weight.places", "state", "bool", 1)


def test_without_a_loss_there_is_nothing_to_train() -> None:
    with pytest.raises(SpecError, match="tiny has no loss, so there is nothing to train"):
        with_training(build_graph(TINY, sequences=1, length=2, loss=False))


@given(graphs())
def test_a_gradient_has_the_shape_of_what_it_is_of(graph: Graph) -> None:
    for block in with_training(graph).blocks:
        for tensor in block.tensors.values():
            if tensor.role == "gradient":
                assert tensor.of is not None
                assert tensor.axes == block.tensors[tensor.of].axes


@given(graphs())
def test_gradients_climb_from_block_to_block(graph: Graph) -> None:
    blocks = with_training(graph).blocks
    for before, after in pairwise(blocks):
        sent = [name for name in after.outputs if after.tensors[name].role == "gradient"]
        taken = [name for name in before.inputs if before.tensors[name].role == "gradient"]
        assert after.tensors[sent[0]].of == "x"
        assert before.tensors[taken[0]].of == before.outputs[0]
        assert all(is_lent(after, name) for name in sent[1:])
    assert not any(blocks[0].tensors[name].role == "gradient" for name in blocks[0].outputs)


@given(graphs())
def test_training_costs_three_forward_passes(graph: Graph) -> None:
    training = with_training(graph)
    assert flops(training, phases=("forward", "backward", "optimizer")) == 3 * flops(graph) > 0


@given(graphs(), st.integers(2, 9))
def test_a_layer_is_written_once_however_often_it_stands(graph: Graph, times: int) -> None:
    """Folding: more layers are more FLOPs and parameters, but not one op more."""
    embed, layer, head = graph.blocks
    deeper = replace(graph, blocks=(embed, replace(layer, repeat=layer.repeat * times), head))
    small, large = with_training(graph), with_training(deeper)
    assert [len(block.ops) for block in small.blocks] == [len(block.ops) for block in large.blocks]
    one_layer = 2 * sum(macs(graph, layer, op) for op in layer.ops)
    assert flops(deeper) - flops(graph) == one_layer * layer.repeat * (times - 1)
    one_copy = sum(graph.elements(weight) for weight in layer.weights())
    assert deeper.parameters() - graph.parameters() == one_copy * layer.repeat * (times - 1)


@given(graphs())
def test_training_adds_no_parameters(graph: Graph) -> None:
    assert with_training(graph).parameters() == graph.parameters()


@given(graphs())
def test_backward_reads_again_what_the_kinds_say(graph: Graph) -> None:
    for block in with_training(graph).blocks:
        forward = {op.name: op for op in block.phase("forward")}
        for op in block.phase("backward"):
            source = forward.get(op.name.removesuffix(".backward"))
            if source is None:
                continue
            kind = find(source.kind)
            kept = [name for name in op.inputs if block.tensors[name].role != "gradient"]
            wanted = [source.inputs[place] for place in kind.needs if place < len(source.inputs)]
            assert kept == [*wanted, *(source.outputs if kind.needs_output else ())]


def test_a_residual_hands_its_gradient_on_as_it_is() -> None:
    layer = with_training(build_graph(TINY, sequences=1, length=2)).blocks[1]
    assert not [op for op in layer.ops if op.kind == "residual_backward"]
    (down,) = (op for op in layer.ops if op.name == "ffn.down.input.backward")
    assert down.inputs[0] == "ffn.residual.out.grad"
    assert [op.name for op in layer.ops if op.kind == "accumulate"] == [
        "attention.residual.out.accumulate", "attention.qkv.out.accumulate", "x.accumulate",
    ]  # fmt: skip
