"""What a workload asks, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim import units
from wsesim.hardware import HardwareChoice
from wsesim.model import Model, parameters


def title_of(resolved: Mapping[str, Any], model: Model, hardware: HardwareChoice) -> str:
    """Return the question of a resolved workload."""
    cluster = hardware.cluster
    machine = cluster.name if cluster.systems == 1 else f"{cluster.name}, {cluster.systems} systems"
    named = f"{model.name} ({units.show_count(parameters(model))} parameters) on {machine}"
    return f"{_opening(resolved, named)}, {resolved['precision']} precision."


def _opening(resolved: Mapping[str, Any], named: str) -> str:
    phase = resolved["phase"]
    if phase in ("training", "evaluation"):
        batch = resolved["batch"]
        step = "training step" if phase == "training" else "evaluation step (forward only)"
        return f"One {step} of {named}: {batch['sequences']:,} sequences of {batch['length']:,} tokens"
    if phase == "serving":
        serving = resolved["serving"]
        come = (
            "requests of a trace"
            if serving["trace"]
            else f"{serving['rate']:g} request{'' if serving['rate'] == 1 else 's'} a second"
        )
        return f"Serving {named}: {come}"
    asked = resolved["inference"]
    each = "" if asked["batch"] == 1 else f" for each of {asked['batch']:,} sequences"
    if phase == "prefill":
        return f"Prefill of {named}: a prompt of {asked['prompt']:,} tokens{each}"
    if phase == "decode":
        return f"Decode of {named}: {asked['generate']:,} tokens after {asked['prompt']:,}{each}"
    return f"Generation with {named}: {asked['prompt']:,} tokens in, {asked['generate']:,} out{each}"
