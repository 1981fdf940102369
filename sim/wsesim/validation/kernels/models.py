"""Rows of whole models in inference as WaferLLM runs them: layer by layer on one square of cores (arXiv 2502.04563).

Times are of layers alone, attention is one head of full width without groups, and a model that memory is too small for
was timed by a part of its layers: so says the source, and so it is asked here. The shapes are those the models were
released with; rows give names only.
"""

from __future__ import annotations

import re
from typing import Any

from wsesim.validation.asking import NotAsked, RowQuestion, named
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

SHAPES = {
    "llama3-8b": (32, 4096, 32, 14336),
    "llama2-7b": (32, 4096, 32, 11008),
    "llama2-13b": (40, 5120, 40, 13824),
    "codellama-34b": (48, 8192, 64, 22016),
    "llama3-70b": (80, 8192, 64, 28672),
    "qwen2-72b": (80, 8192, 64, 29568),
}
"""Layers, width, heads, feed-forward width, by name in small letters."""
VOCAB = 32000
"""Not in the time: embedding and head are left out."""
FIGURES = {"prefill": "prompt_tokens_per_s", "decode": "tokens_per_s"}


def _model(name: str, positions: int) -> dict[str, Any]:
    if name not in SHAPES:
        raise NotAsked(f"no shape of a model {name!r}; there are: {', '.join(SHAPES)}")
    layers, width, heads, ffn_width = SHAPES[name]
    return {
        "name": name, "layers": layers, "width": width, "heads": heads, "kv_heads": heads, "head_width": width // heads,
        "ffn_width": ffn_width, "vocab": VOCAB, "max_length": positions, "activation": "swiglu", "norm": "rms_norm",
        "position": "rotary", "bias": False, "attention_bias": False, "tied": False,
    }  # fmt: skip


def _ask(row: KernelRow) -> RowQuestion:
    if row.unit != "tokens/s" or row.clock_hz is None:
        raise NotAsked(f"a rate in {row.unit!r} without the clock it was converted with")
    phase = "prefill" if "prefill" in row.kernel.lower() else "decode"
    positions, side = int(row.found(r"(\d+)-token context")[1]), row.side
    inference: dict[str, Any] = {
        "prompt": positions, "placement": "whole", f"{phase}_grid": side, "ends": False, "must_fit": False,
    }  # fmt: skip
    inference |= {"chunk": positions} if phase == "prefill" else {}
    data: dict[str, Any] = {
        "name": named(row.id), "phase": phase, "model": _model(row.params.partition(";")[0].strip().lower(), positions),
        "inference": inference, "cluster": row.machine_name, "software": "waferllm", "hardware": row.clock,
    }  # fmt: skip
    return RowQuestion(data=data, figure=FIGURES[phase], to_unit=row.to_unit, level="closed")


FAMILIES = (
    KernelFamily(
        name="wl",
        title="whole models in inference",
        matches=lambda row: re.search(r"LLM (prefill|decode) \(WaferLLM\)", row.kernel) is not None,
        ask=_ask,
        median_goal=0.08,
        worst_goal=0.25,
        missing="the closed forms hold the factors of silicon already",
    ),
)
