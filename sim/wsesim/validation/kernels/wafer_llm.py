"""Whole models in inference as WaferLLM runs them: layer by layer on one square of cores (arXiv 2502.04563).

Times are of layers alone, attention is one head of full width without groups, and a model that memory is too small for
was timed by a part of its layers: so says the source, and so it is run here. The shapes are those the models were
released with; rows give names only.
"""

from __future__ import annotations

import re
from dataclasses import replace

from wsesim.errors import SpecError
from wsesim.hardware import Wafer, load_cluster
from wsesim.mapping.resident import DoesNotFit, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import Model
from wsesim.software import load_software
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

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
_CONTEXT = r"(\d+)-token context"


def _plan(row: KernelRow, wafer: Wafer) -> tuple[ResidentPlan, int]:
    name = row.params.partition(";")[0].strip().lower()
    if name not in SHAPES:
        raise NotPredicted(f"no shape of a model {name!r}; there are: {', '.join(SHAPES)}")
    if row.columns is None or row.columns != row.rows:
        raise NotPredicted("a square of cores is needed")
    layers, width, heads, ffn_width = SHAPES[name]
    positions = int(row.found(_CONTEXT)[1])
    model = Model(
        name=name, layers=layers, width=width, heads=heads, kv_heads=heads, head_width=width // heads,
        ffn_width=ffn_width, vocab=VOCAB, max_length=positions, activation="swiglu", norm="rms_norm",
        position="rotary", bias=False, attention_bias=False, tied=False,
    )  # fmt: skip
    cluster = replace(load_cluster(row.machine_name).cluster, wafer=wafer)
    try:
        plan = plan_resident(
            ResidentRequest(
                model=model, cluster=cluster, software=load_software("waferllm").for_inference(), placement="whole",
                prefill_grid=row.columns, decode_grid=row.columns,
                positions=positions, chunk=positions, ends=False, must_fit=False,
            )
        )  # fmt: skip
    except SpecError as error:
        raise NotPredicted(str(error)) from None
    if isinstance(plan, DoesNotFit):
        raise NotPredicted(plan.why)
    return plan, positions


def _predict(row: KernelRow, wafer: Wafer) -> Prediction:
    plan, positions = _plan(row, wafer)
    if row.unit != "tokens/s" or row.clock_hz is None:
        raise NotPredicted(f"a rate in {row.unit!r} without the clock it was converted with")
    prefill = "prefill" in row.kernel.lower()
    cycles = plan.prefill(positions).cycles if prefill else plan.decode(positions).cycles
    return Prediction(value=(positions if prefill else 1) * row.clock_hz / cycles, level="closed")


FAMILIES = (
    Family(
        name="wl",
        title="whole models in inference",
        matches=lambda row: re.search(r"LLM (prefill|decode) \(WaferLLM\)", row.kernel) is not None,
        predict=_predict,
        median_goal=0.08,
        worst_goal=0.25,
        missing="the closed forms hold the factors of silicon already",
    ),
)
