"""Mistakes planted one at a time, in ops, graphs, builders, inputs and weights: `verify` has to see each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim.graph import Graph, Op, backward
from wsesim.graph.backward import _Backward
from wsesim.model import ModelSpec, build
from wsesim.model.builder import BlockBuilder
from wsesim.numerics import executor, inputs, optimizer, probe, rotary, smaller, storage, tables, verify
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import OpFunction, Setting, function_of
from wsesim.numerics.naming import Family, Pieces
from wsesim.numerics.verify import verify_model
from wsesim.numerics.weights import SeededWeights, Weights
from wsesim.ops import find
from wsesim.ops.gelu_tanh import gelu_tanh

GOLDEN = Path(__file__).parents[1] / "golden" / "models"
GPT2 = ModelSpec(
    name="gpt2", layers=2, width=48, heads=4, kv_heads=4, head_width=12, ffn_width=96, vocab=300, max_length=32
)  # fmt: skip
CLASSIFY = replace(GPT2, name="classify", task="classify", classes=3)
LLAMA = replace(
    GPT2, name="llama", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
    attention_bias=False, tied=False,
)  # fmt: skip
GPTJ = replace(
    GPT2, name="gptj", position="rotary", rotary_width=4, rotary_pairs="interleaved", block="parallel",
    attention_bias=False, tied=False,
    head_bias=True,
)  # fmt: skip
BERT = replace(GPT2, name="bert", norm_order="post", causal=False, token_types=2, task="mlm", masked=5)
MIXTRAL = replace(LLAMA, name="mixtral", experts=4, experts_per_token=2)
ALL = (GPT2, CLASSIFY, LLAMA, GPTJ, BERT, MIXTRAL)
STORED: dict[str, Any] = {"width": 24, "head_width": 6, "ffn_width": 40, "vocab": 61, "max_length": 16}
"""Of the golden files."""
TEXT = "The quick brown fox jumps over the lazy dog, while twelve grey zebras wait for rain at noon. "

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A mistake, and a model in which it shows."""

    name: str
    model: ModelSpec
    plant: Plant
    weights: str | None = None


def computing(kind: str, wrong: Callable[[OpFunction], OpFunction]) -> Plant:
    """Let ops of a kind compute something else."""

    def plant(patch: Patch) -> None:
        patch.setattr(storage, "function_of", lambda op: wrong(function_of(op)) if op.kind == kind else function_of(op))

    return plant


def on_result(change: Callable[[Array], Array]) -> Callable[[OpFunction], OpFunction]:
    return lambda right: lambda op, inputs, setting: (change(right(op, inputs, setting)[0]),)


def on_inputs(change: Callable[[list[Array], Setting], Sequence[Array]]) -> Callable[[OpFunction], OpFunction]:
    return lambda right: lambda op, inputs, setting: right(op, change(list(inputs), setting), setting)


def with_attrs(**attrs: Any) -> Callable[[OpFunction], OpFunction]:
    return lambda right: lambda op, inputs, setting: right(replace(op, attrs={**op.attrs, **attrs}), inputs, setting)


def in_graphs(change: Callable[[Graph], Graph]) -> Plant:
    """Let every graph that is verified be another."""

    def plant(patch: Patch) -> None:
        right = build.build_graph
        for module in (verify, probe, smaller):
            patch.setattr(module, "build_graph", lambda *args, **options: change(right(*args, **options)))

    return plant


def reading(op_name: str, place: int, instead: str) -> Callable[[Graph], Graph]:
    """Let an op of a layer read another tensor."""

    def changed(op: Op) -> Op:
        inputs = tuple(instead if at == place else name for at, name in enumerate(op.inputs))
        return replace(op, inputs=inputs) if op.name == op_name else op

    def change(graph: Graph) -> Graph:
        embed, layer, head = graph.blocks
        return replace(graph, blocks=(embed, replace(layer, ops=tuple(map(changed, layer.ops))), head))

    return change


def of_kind(name: str, **fields: Any) -> Plant:
    """Let the backward pass be derived from a kind that states something else."""
    return lambda patch: patch.setattr(
        backward, "find", lambda kind: replace(find(kind), **fields) if kind == name else find(kind)
    )


def method(owner: Any, name: str, wrong: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Plant:
    return lambda patch: patch.setattr(owner, name, wrong(getattr(owner, name)))


def swapped_heads(first: int, second: int) -> Callable[[list[Array], Setting], list[Array]]:
    """Exchange thirds of a packed tensor of as many queries as keys and values."""

    def change(inputs: list[Array], setting: Setting) -> list[Array]:
        parts = np.split(inputs[-1], 3, axis=-1)
        parts[first], parts[second] = parts[second], parts[first]
        return [*inputs[:-1], np.concatenate(parts, axis=-1)]

    return change


def grouped_by_rest(inputs: list[Array], setting: Setting) -> list[Array]:
    """Let query head h read key head h % kv_heads of two."""
    probabilities, qkv = inputs
    return [probabilities[:, [0, 2, 1, 3]], qkv]


def future(right: OpFunction) -> OpFunction:
    def wrong(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
        (x, *mask), length = inputs, inputs[0].shape[-1]
        unseen = np.triu(np.ones((x.shape[-2], length), dtype=bool), 2 + length - x.shape[-2])
        powers = np.exp(np.where(unseen, -np.inf, x) - x.max(axis=-1, keepdims=True))
        if mask:
            powers = powers * mask[0][:, None, None]
        return (powers / powers.sum(axis=-1, keepdims=True),)

    return wrong


def layer_norm(divisor: int, *, outside: bool = False) -> Callable[[OpFunction], OpFunction]:
    def wrong(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
        x, scale, bias = inputs
        y = x - x.mean(axis=-1, keepdims=True)
        square = np.square(y).sum(axis=-1, keepdims=True) / (x.shape[-1] - divisor)
        epsilon = float(op.attrs["epsilon"])
        return (y / (np.sqrt(square) + epsilon if outside else np.sqrt(square + epsilon)) * scale + bias,)

    return lambda right: wrong


def route_over_all(right: OpFunction) -> OpFunction:
    def wrong(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
        powers = np.exp(inputs[0] - inputs[0].max(axis=-1, keepdims=True))
        return (np.where(right(op, inputs, setting)[0] > 0, powers / powers.sum(axis=-1, keepdims=True), 0),)

    return wrong


def alike_layers(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, block, copy: right(self, block, 0)


class FirstLayer:
    """Has no layer but the first."""

    def __init__(self, source: Weights) -> None:
        self.source = source

    def load(self, block: str, copy: int) -> dict[str, Array]:
        return self.source.load(block, 0)


def tokens(change: Callable[[dict[str, Array]], dict[str, Array]]) -> Plant:
    def plant(patch: Patch) -> None:
        right = inputs.token_inputs
        patch.setattr(verify, "token_inputs", lambda *args: change(dict(right(*args))))

    return plant


def rebuilt(**attrs: Any) -> Plant:
    """Let models be built as if they were others."""
    return lambda patch: patch.setattr(build, "BlockBuilder", type("Changed", (BlockBuilder,), attrs))


def without_bias(self: Any, name: str, *args: Any, bias: bool, **options: Any) -> str:
    return BlockBuilder.linear(self, name, *args, bias=bias and not name.startswith("ffn"), **options)


def with_bias(self: Any, name: str, *args: Any, bias: bool, **options: Any) -> str:
    return BlockBuilder.linear(self, name, *args, bias=bias or name.startswith("ffn"), **options)


def untied(self: Any, name: str, *axes: str, of: str | None = None, **options: Any) -> str:
    return BlockBuilder.weight(self, name, *axes, of=None if name == "logits.weight" else of, **options)


def resized(**change: Callable[[int], int]) -> Callable[[Graph], Graph]:
    return lambda graph: graph.with_dims(**{name: size(graph.dims[name]) for name, size in change.items()})


def no_logits_bias(graph: Graph) -> Graph:
    *others, head = graph.blocks
    ops = tuple(replace(op, inputs=op.inputs[:2]) if op.name == "head.logits" else op for op in head.ops)
    tensors = {name: tensor for name, tensor in head.tensors.items() if name != "logits.bias"}
    return replace(graph, blocks=(*others, replace(head, ops=ops, tensors=tensors)))


def exchanged(self: Any, right: Callable[..., None], op: Op, kind: str, name: str, inputs: Any, outputs: Any) -> None:
    swapped = (inputs[1], inputs[0], *inputs[2:]) if kind == "linear_grad_weight" else inputs
    right(self, op, kind, name, swapped, outputs)


def rolled_gradients(self: Any, right: Callable[..., None], gradients: Mapping[Any, str]) -> None:
    names = [*gradients.values()]
    right(self, dict(zip(gradients, [*names[1:], *names[:1]], strict=True)))


def stored(name: str, change: Callable[[Pieces], Pieces]) -> Plant:
    """Let a weight of a file be read in another way."""

    def wrong(right: Callable[..., Pieces]) -> Callable[..., Pieces]:
        def pieces(self: Family, weight: str, *where: Any, **counts: int) -> Pieces:
            found = right(self, weight, *where, **counts)
            return change(found) if weight == name else found

        return pieces

    return method(Family, "pieces", wrong)


ROWS = (
    Row("mask lets one future token through", GPT2, computing("softmax", future)),
    Row("mask left out", GPT2, computing("softmax", with_attrs(causal=False))),
    Row("scores scaled by the head", BERT, computing("scores", on_result(lambda x: x / np.sqrt(12)))),
    Row("query and key swapped", GPT2, computing("scores", on_inputs(swapped_heads(0, 1)))),
    Row("key and value swapped", GPT2, computing("scores", on_inputs(swapped_heads(1, 2)))),
    Row("grouped heads by the rest", LLAMA, computing("weighted_sum", on_inputs(grouped_by_rest))),
    Row("linear forgets the bias", GPT2, computing("linear", on_inputs(lambda inputs, _: inputs[:2]))),
    Row("square weights transposed", GPT2, computing("linear", on_inputs(
        lambda inputs, _: [inputs[0], inputs[1].T if inputs[1].shape[0] == inputs[1].shape[1] else inputs[1],
                           *inputs[2:]]))),
    Row("gelu as tanh", GPT2, computing("gelu", lambda right: lambda op, inputs, _: (gelu_tanh(inputs[0]),))),
    Row("layer norm with n - 1", GPT2, computing("layer_norm", layer_norm(1))),
    Row("epsilon outside the root", GPT2, computing("layer_norm", layer_norm(0, outside=True))),
    Row("epsilon of 2e-5", GPT2, computing("layer_norm", with_attrs(epsilon=2e-5))),
    Row("rms norm without epsilon", LLAMA, computing("rms_norm", with_attrs(epsilon=0.0))),
    Row("rotary backwards", LLAMA, computing("rotary", with_attrs(base=1 / 10000.0))),
    Row("rotary pairs inverted", GPTJ, computing("rotary", with_attrs(interleaved=False))),
    Row("rotary by another base", LLAMA, computing("rotary", with_attrs(base=9999.0))),
    Row("loss not shifted", GPT2, computing("cross_entropy", with_attrs(shift=False))),
    Row("loss without the mean", GPT2, computing("cross_entropy", on_result(lambda x: x * 7))),
    Row("class read at the first token", CLASSIFY, computing("select", with_attrs(positions="first"))),
    Row("route over all experts", MIXTRAL, computing("route", route_over_all)),
    Row("heads joined wrongly", GPT2, computing("weighted_sum", on_result(
        lambda x: x.reshape(*x.shape[:2], 4, -1).swapaxes(2, 3).reshape(x.shape)))),
    Row("layer 0's weights in every layer", GPT2, lambda patch: patch.setattr(
        verify, "walk", lambda graph, weights, tokens, **options: executor.walk(
            graph, FirstLayer(weights), tokens, **options))),
    Row("ffn reads the stream", GPT2, in_graphs(reading("ffn.up", 0, "attention.residual.out"))),
    Row("residual skips the input", GPT2, in_graphs(reading("attention.residual", 0, "attention.norm.out"))),
    Row("position table off by a row", GPT2, computing("position", on_inputs(
        lambda inputs, _: [inputs[0], np.roll(inputs[1], 1, axis=0), *inputs[2:]]))),
    Row("gate and up swapped", LLAMA, computing("silu_gate", on_inputs(lambda inputs, _: inputs[::-1]))),
    Row("labels rolled by one", GPT2, tokens(lambda made: made | {"labels": np.roll(made["labels"], 1, axis=1)})),
    Row("types exchanged", BERT, tokens(lambda made: made | {"types": 1 - made["types"]})),
    Row("ids folded to two", GPT2, lambda patch: patch.setattr(verify, "fold_ids", lambda ids, vocab: ids % 2)),
    Row("queries and keys of a file exchanged", replace(LLAMA, **STORED, norm_epsilon=1e-6),
        stored("attention.qkv.weight",
               lambda found: replace(found, names=tuple(found.names[at] for at in (0, 2, 1)))), "llama"),
    Row("matrix of a file not transposed", replace(GPTJ, **STORED, activation="gelu_tanh"),
        stored("attention.project.weight", lambda found: replace(found, out_in=False)), "gptj"),
    Row("experts of a file in another order", replace(MIXTRAL, **STORED | {"ffn_width": 20}, norm_epsilon=1e-6,
                                                      rotary_base=1e6),
        stored("ffn.up.weight", lambda found: replace(found, names=found.names[::-1])), "mixtral"),
    Row("seeded layers alike", GPT2, method(SeededWeights, "load", alike_layers)),
    Row("biases never drawn", GPT2, lambda patch: patch.setattr(verify, "SPREAD", 0.0)),
    Row("builder forgets ffn biases", GPT2, rebuilt(linear=without_bias)),
    Row("builder never ties", GPT2, rebuilt(weight=untied)),
    Row("ffn of three widths", GPT2, in_graphs(resized(ffn=lambda size: size * 3 // 4))),
    Row("builder forgets the bias of logits", GPTJ, in_graphs(no_logits_bias)),
    Row("bias where there is none", LLAMA, rebuilt(linear=with_bias)),
    Row("vocabulary rounded up", GPT2, in_graphs(resized(vocab=lambda size: -(-size // 64) * 64))),
    Row("softmax saves its input", GPT2, of_kind("softmax", needs=(0,), needs_output=False)),
    Row("gelu saves nothing", GPT2, of_kind("gelu", needs=())),
    Row("weight gradient's inputs exchanged", GPT2, method(_Backward, "_append", lambda right: (
        lambda self, *args: exchanged(self, right, *args)))),
    Row("gate without a gradient", LLAMA, of_kind("silu_gate", differentiable=(1,))),
    Row("first of several gradients", GPT2, method(_Backward, "_merged", lambda _: (
        lambda self, name: self.parts[name][0]))),
    Row("residual drops a branch", GPT2, of_kind("residual", differentiable=(0,))),
    Row("update by another weight's gradient", GPT2, method(_Backward, "_optimize", lambda right: (
        lambda self, gradients: rolled_gradients(self, right, gradients)))),
    Row("gradient of a tied head lost", GPT2, method(_Backward, "_with_lent", lambda _: (
        lambda self, tensor, gradient: gradient))),
    Row("biases decay", GPT2, computing("adamw", with_attrs(decays=True))),
    Row("moments exchanged", GPT2, computing("adamw", on_inputs(lambda inputs, _: [*inputs[:2], *inputs[:1:-1]]))),
    Row("clipping left out", GPT2, lambda patch: patch.setattr(optimizer, "NORM_GUARD", -1e9)),
    Row("norm of one block", GPT2, computing("norm", on_result(lambda x: x / 2))),
)  # fmt: skip


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(TEXT * 2)
    return str(path)


def verified(row: Row, text: str) -> Any:
    weights = GOLDEN / f"{row.weights}.safetensors" if row.weights else None
    path = Path(text)
    if weights:  # one token a character, each below 61
        path = path.with_name("narrow.txt")
        path.write_text("Q7X3Z9J1")
    with np.errstate(all="ignore"):  # what comes of a mistake
        return verify_model(row.model, text=str(path), sequences=2, length=4 if weights else 12, weights=weights)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.every(3)
def test_a_planted_mistake_is_seen(row: Row, text: str, monkeypatch: Patch) -> None:
    row.plant(monkeypatch)
    assert not verified(row, text).ok


@pytest.mark.parametrize("model", [*ALL, *(row.model for row in ROWS if row.weights)], ids=lambda model: model.name)
def test_without_a_mistake_all_is_well(model: ModelSpec, text: str) -> None:
    weights = next((row.weights for row in ROWS if row.model == model), None)
    found = verified(Row("none", model, lambda patch: None, weights), text)
    assert found.ok, found.worst
    assert found.gradients > 10


def test_what_only_shows_in_differences_of_positions_is_no_mistake(text: str, monkeypatch: Patch) -> None:
    """All rotary positions one later turn queries and keys alike: the same scores, by which verify goes."""
    right = tables.places
    monkeypatch.setattr(rotary, "places", lambda *args: right(*args) + 1)
    assert verified(Row("none", LLAMA, lambda patch: None), text).ok


def test_a_gelu_by_tanh_is_far_over_the_tolerance(text: str, monkeypatch: Patch) -> None:
    row = next(row for row in ROWS if row.name == "gelu as tanh")
    row.plant(monkeypatch)
    ids = np.arange(16).reshape(2, 8)
    found = max(probe.probe(GPT2, ids, 0), key=lambda each: each.error / each.tolerance)
    assert found.error > 1e4 * found.tolerance
