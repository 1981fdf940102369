from dataclasses import replace

import pytest

from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.model import ModelSpec, build_graph, load_preset

GPT = ModelSpec(name="gpt", layers=3, width=8, heads=2, kv_heads=2, head_width=4, ffn_width=32, vocab=11, max_length=16)
LLAMA = replace(GPT, kv_heads=1, activation="swiglu", norm="rms_norm", position="rotary", bias=False,
                attention_bias=False, tied=False)  # fmt: skip
GPT_J = replace(
    GPT, position="rotary", rotary_width=2, rotary_pairs="interleaved", block="parallel", attention_bias=False,
    tied=False, head_bias=True,
)  # fmt: skip
BERT = replace(GPT, norm_order="post", causal=False, token_types=2, task="mlm", masked=4)


def kinds(graph: Graph, block: str) -> list[str]:
    (found,) = (candidate for candidate in graph.blocks if candidate.name == block)
    return [op.kind for op in found.ops]


def names(graph: Graph, block: str) -> list[str]:
    (found,) = (candidate for candidate in graph.blocks if candidate.name == block)
    return [op.name for op in found.ops]


def test_a_gpt() -> None:
    graph = build_graph(GPT, sequences=2, length=4)
    assert kinds(graph, "embed") == ["embedding", "position"]
    assert kinds(graph, "layer") == [
        "layer_norm", "linear", "scores", "softmax", "weighted_sum", "linear", "residual", "layer_norm", "linear",
        "gelu", "linear", "residual",
    ]  # fmt: skip
    assert kinds(graph, "head") == ["layer_norm", "linear", "cross_entropy"]
    assert [block.repeat for block in graph.blocks] == [1, 3, 1]


def test_a_llama() -> None:
    graph = build_graph(LLAMA, sequences=2, length=4)
    assert kinds(graph, "embed") == ["embedding"]
    assert kinds(graph, "layer") == [
        "rms_norm", "linear", "rotary", "scores", "softmax", "weighted_sum", "linear", "residual", "rms_norm",
        "linear", "linear", "silu_gate", "linear", "residual",
    ]  # fmt: skip
    layer = graph.blocks[1]
    assert graph.shape(layer.tensors["attention.qkv.weight"]) == (8, 8 + 4 + 4)
    assert not [tensor.name for tensor in layer.weights() if tensor.name.endswith("bias")]
    assert graph.blocks[2].tensors["logits.weight"].of is None


def test_a_qwen_norms_queries_and_keys_by_head_before_they_turn() -> None:
    plain, normed = (build_graph(replace(LLAMA, head_norm=on), sequences=2, length=4) for on in (False, True))
    assert kinds(normed, "layer")[1:4] == ["linear", "head_norm", "rotary"]
    layer = normed.blocks[1]
    scales = [layer.tensors[f"attention.{part}_norm.scale"] for part in ("query", "key")]
    assert [normed.shape(scale) for scale in scales] == [(4,), (4,)]
    assert normed.parameters() - plain.parameters() == LLAMA.layers * 2 * 4


def test_an_activation_is_named_by_what_it_is() -> None:
    for activation, name in (("gelu_tanh", "ffn.gelu"), ("relu", "ffn.relu")):
        assert name in names(build_graph(replace(GPT, activation=activation), sequences=2, length=4), "layer")


def test_a_gpt_j_norms_once_for_both_halves() -> None:
    graph = build_graph(GPT_J, sequences=2, length=4)
    assert kinds(graph, "layer").count("layer_norm") == 1
    layer = graph.blocks[1]
    readers = [op.name for op in layer.ops if "norm.out" in op.inputs]
    assert readers == ["attention.qkv", "ffn.up"]
    (rotary,) = (op for op in layer.ops if op.kind == "rotary")
    assert (rotary.attrs["turned"], rotary.attrs["interleaved"]) == (2, True)
    neox = build_graph(replace(GPT_J, rotary_pairs="halves"), sequences=2, length=4)
    assert [op.attrs["interleaved"] for op in neox.blocks[1].ops if op.kind == "rotary"] == [False]
    assert "logits.bias" in graph.blocks[2].tensors


def test_a_bert_norms_after_each_half() -> None:
    graph = build_graph(BERT, sequences=2, length=8)
    assert kinds(graph, "embed") == ["embedding", "position", "embedding", "residual", "layer_norm"]
    assert names(graph, "layer")[-2:] == ["ffn.residual", "ffn.norm"]
    head = graph.blocks[2]
    assert names(graph, "head") == [
        "head.masked", "head.dense", "head.gelu", "head.norm", "head.logits", "head.loss",
        "head.first", "head.pool", "head.tanh", "head.classes", "head.class_loss",
    ]  # fmt: skip
    assert graph.shape(head.tensors["head.logits.out"]) == (2, 4, 11)
    assert head.outputs == ("head.loss.out", "head.class_loss.out")


def test_an_encoder_without_sentences_has_one_loss() -> None:
    graph = build_graph(replace(BERT, sentence_head=False), sequences=2, length=8)
    assert names(graph, "head")[-1] == "head.loss"
    assert graph.blocks[2].outputs == ("head.loss.out",)


@pytest.mark.parametrize("task", ["lm", "classify", "mlm"])
def test_a_pre_norm_model_ends_in_a_norm_whatever_its_task(task: str) -> None:
    for causal in (True, False):
        graph = build_graph(replace(GPT, task=task, causal=causal), sequences=2, length=4)
        assert kinds(graph, "head")[0] == "layer_norm"
        assert graph.blocks[2].ops[0].inputs[0] == "x"


def test_a_causal_model_is_classified_by_its_last_token_and_an_encoder_by_its_first() -> None:
    causal = build_graph(replace(GPT, task="classify", classes=5), sequences=2, length=4)
    assert names(causal, "head") == ["head.norm", "head.last", "head.classes", "head.class_loss"]
    assert causal.shape(causal.blocks[2].tensors["head.classes.out"]) == (2, 5)
    encoder = build_graph(replace(BERT, task="classify"), sequences=2, length=4)
    assert names(encoder, "head") == ["head.first", "head.pool", "head.tanh", "head.classes", "head.class_loss"]


def test_precision_is_that_of_every_number() -> None:
    mixed, single = (build_graph(GPT, sequences=1, length=4, precision=name) for name in ("mixed", "fp32"))
    for graph, dtype in ((mixed, "fp16"), (single, "fp32")):
        found = {tensor.dtype for block in graph.blocks for tensor in block.tensors.values()
                 if tensor.role in ("activation", "weight")}  # fmt: skip
        assert found == {dtype}


def test_a_table_of_positions_has_an_end() -> None:
    with pytest.raises(SpecError, match="length = 17 is over the model's 16 positions"):
        build_graph(GPT, sequences=1, length=17)
    build_graph(LLAMA, sequences=1, length=17)


def test_masked_positions_are_at_most_the_length() -> None:
    assert build_graph(replace(BERT, masked=20), sequences=1, length=5).dims["masked"] == 5


def test_no_batch_is_refused() -> None:
    with pytest.raises(SpecError, match="batch must be at least 1, got 0"):
        build_graph(GPT, sequences=0, length=4)


@pytest.mark.parametrize("name", ["gpt3-175b", "llama-3-8b"])
def test_a_large_model_has_no_more_ops_than_a_small_one(name: str) -> None:
    large = load_preset(name)
    small = replace(large, layers=1, width=8, heads=2, kv_heads=1 if large.kv_heads < large.heads else 2, head_width=4)
    assert [len(block.ops) for block in build_graph(large, sequences=1, length=64).blocks] == [
        len(block.ops) for block in build_graph(small, sequences=1, length=64).blocks
    ]
