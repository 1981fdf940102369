"""Tiny models against what torch and transformers computed with the same weights (golden/make_gpt2.py)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from wsesim.graph import with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import execute
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.training import NamedArrays, backward, forward

FOLDER = Path(__file__).parents[1] / "golden" / "models"
GPT2 = ModelSpec(
    name="gpt2_gelu", layers=2, width=24, heads=4, kv_heads=4, head_width=6, ffn_width=40, vocab=61, max_length=16
)  # fmt: skip
BERT = replace(
    GPT2, name="bert_mlm", norm_order="post", causal=False, token_types=2, task="mlm", masked=4, norm_epsilon=1e-12
)  # fmt: skip
MODELS = (
    GPT2,
    replace(GPT2, name="gpt2_gelu_new", activation="gelu_tanh"),
    replace(GPT2, name="gpt2_classify", activation="gelu_tanh", task="classify", classes=3),
    replace(
        GPT2, name="llama", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
        attention_bias=False, tied=False, norm_epsilon=1e-6,
    ),
    replace(
        GPT2, name="mixtral", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
        attention_bias=False, tied=False, norm_epsilon=1e-6, rotary_base=1e6, experts=4, experts_per_token=2,
        ffn_width=20,
    ),
    replace(
        GPT2, name="gptj", position="rotary", rotary_width=4, rotary_pairs="interleaved", block="parallel",
        activation="gelu_tanh", attention_bias=False, tied=False, head_bias=True,
    ),
    BERT,
    replace(BERT, name="bert_classify", task="classify", classes=3),
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_logits_and_loss_are_those_of_transformers(model: ModelSpec) -> None:
    wanted = load_file(FOLDER / f"{model.name}.expected.safetensors")
    sequences, length = wanted["ids"].shape
    graph = build_graph(model, sequences=sequences, length=length)
    weights = SafetensorsWeights(FOLDER / f"{model.name}.safetensors", graph)
    tokens = token_inputs(graph, wanted["ids"])
    if model.token_types:
        np.testing.assert_array_equal(tokens["types"], wanted["types"])

    run = execute(graph, weights, tokens)
    *_, reference = walk_reference(model, weights, tokens)

    stored = {"head.logits.out": "logits", "head.classes.out": "class_logits"}
    assert {stored[name] for name in run.logits} == set(wanted) & {"logits", "class_logits"}
    for name, logits in run.logits.items():
        np.testing.assert_allclose(logits, wanted[stored[name]], rtol=0, atol=1e-5)
    for which, in_float64 in reference.logits.items():
        # transformers makes rotary angles and RMS norms in fp32, whatever the rest is in.
        exact = 1e-5 if model.position == "rotary" else 1e-12
        np.testing.assert_allclose(
            in_float64, wanted["logits" if which == "tokens" else "class_logits"], rtol=0, atol=exact
        )
    assert run.loss == pytest.approx(float(wanted["loss"][0]), abs=1e-5)
    assert sum(reference.losses.values()) == pytest.approx(float(wanted["loss"][0]), abs=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_gradients_are_those_of_torch(model: ModelSpec) -> None:
    ids = load_file(FOLDER / f"{model.name}.expected.safetensors")["ids"]
    graph = with_training(build_graph(model, sequences=len(ids), length=ids.shape[1]))
    tokens = token_inputs(graph, ids)
    wanted = SafetensorsWeights(FOLDER / f"{model.name}.gradients.safetensors", graph, np.float64)
    # transformers makes rotary angles and RMS norms in fp32, whatever the rest is in.
    for dtype, exact in ((np.float64, 5e-6 if model.position == "rotary" else 1e-12), (np.float32, 5e-6)):
        weights = SafetensorsWeights(FOLDER / f"{model.name}.safetensors", graph)
        arrays = NamedArrays.begin(graph, weights, dtype)
        found = backward(graph, arrays, forward(graph, arrays, tokens))
        assert found.keys() == {key for key in arrays.arrays if "moment" not in key[2]}
        for (block, copy, name), gradient in found.items():
            # A key's bias has none, so that it is measured with queries and values, in one tensor.
            of_torch = wanted.load(block, copy)[name]
            assert float(np.abs(gradient - of_torch).max()) <= exact * float(np.abs(of_torch).max())


def test_the_golden_files_stay_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_500_000
