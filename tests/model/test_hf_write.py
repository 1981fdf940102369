"""What is written as a config.json is what is read from it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wsesim.errors import SpecError
from wsesim.model import ModelSpec, hf_config, read_hf_config

GPT2 = ModelSpec(
    name="gpt2", layers=2, width=24, heads=4, kv_heads=4, head_width=6, ffn_width=40, vocab=61, max_length=16
)  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [
        GPT2, replace(GPT2, activation="gelu_tanh", norm_epsilon=1e-6), replace(GPT2, activation="relu", tied=False),
        replace(GPT2, task="classify", classes=5), replace(GPT2, task="classify", classes=2, ffn_width=96),
    ],
)  # fmt: skip
def test_what_is_written_is_read(model: ModelSpec, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(hf_config(model)))
    found = read_hf_config(tmp_path / "config.json")
    back = replace(found, name=model.name, source=model.source, sentence_head=model.sentence_head)
    assert back == model
    assert hf_config(found) == hf_config(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (replace(GPT2, position="rotary"), "position = rotary is not what a gpt2 has, learned"),
        (replace(GPT2, kv_heads=2), "kv_heads = 2 is not what a gpt2 has, 4"),
        (replace(GPT2, head_width=8), "head_width = 8 is not what a gpt2 has, 6"),
        (replace(GPT2, norm="rms_norm"), "norm = rms_norm"),
        (replace(GPT2, sparsity=0.5), "sparsity = 0.5"),
        (replace(GPT2, bias=False), "bias = False"),
        (replace(GPT2, experts=4), "experts = 4"),
        (replace(GPT2, activation="swiglu"), "activation must be one of .* in a gpt2, got swiglu"),
        (replace(GPT2, causal=False, task="mlm"), "task must be lm or classify"),
        (replace(GPT2, heads=5, kv_heads=5), "heads"),
    ],
)
def test_what_a_gpt2_cannot_be_is_named(model: ModelSpec, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        hf_config(model)
