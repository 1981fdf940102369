"""What is computed again is what the backward pass reads, and no more."""

import pytest

from wsesim.graph import Block, Op, with_training
from wsesim.mapping.alive import passes_in_strips
from wsesim.mapping.memory import layer_of
from wsesim.mapping.recompute import from_its_input, from_its_inside
from wsesim.model import build_graph, load_preset, model_names


def _layer(name: str) -> Block:
    return layer_of(with_training(build_graph(load_preset(name), sequences=2, length=128)))


def _names(ops: tuple[Op, ...]) -> list[str]:
    return [op.name for op in ops]


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("gpt2", {"ffn.down", "ffn.residual"}),
        ("llama-2-7b", {"ffn.down", "ffn.residual"}),
        ("gpt-j-6b", {"attention.project", "ffn.down", "mix", "residual"}),
        ("bert-base", {"ffn.down", "ffn.residual"}),
    ],
)
def test_what_no_gradient_reads_is_left_out(name: str, left_out: set[str]) -> None:
    layer = _layer(name)
    again = _names(from_its_input(layer))
    assert {op.name for op in layer.phase("forward")} - set(again) == left_out
    assert again == [op.name for op in layer.phase("forward") if op.name not in left_out]


@pytest.mark.parametrize("name", model_names())
def test_all_that_is_read_is_kept_or_computed_from_what_is_kept(name: str) -> None:
    layer = _layer(name)
    *_, last = layer.phase("forward")
    produced = {output for op in layer.phase("forward") for output in op.outputs}
    read = {tensor for op in layer.phase("backward") for tensor in op.inputs} & produced
    for policy, stored in (
        (from_its_input, {*layer.inputs, *(last.inputs if "norm" in last.kind else ())}),
        (from_its_inside, {tensor for tensor in produced if not passes_in_strips(layer.tensors[tensor])}),
    ):
        have = set(stored)
        for op in policy(layer):
            assert set(op.inputs) & produced <= have
            have |= set(op.outputs)
        assert read <= have


def test_if_the_inside_is_kept_only_scores_are_computed_again() -> None:
    assert _names(from_its_inside(_layer("gpt2"))) == ["attention.scores", "attention.softmax"]
