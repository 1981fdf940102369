"""SwiGLU (Shazeer 2020): SiLU of a gate, times what passes it."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import CoreProgram, Kind, Option, Recipe, gradient_of

_FORMULA = Recipe(3, exps=1, divides=1)
"""Negate the gate, one plus, times what passes."""


def silu_gate(gate: Any, up: Any) -> Any:
    """Return gate * sigmoid(gate) * up, the sigmoid without overflow on either side."""
    import numpy as np

    small = np.exp(-np.abs(gate))
    return gate * (np.where(gate >= 0, 1, small) / (1 + small)) * up


OPS = (
    Kind(
        name="silu_gate",
        meaning="silu(gate) * up",
        work=_FORMULA,
        resident=_FORMULA,
        numpy=silu_gate,
        program=CoreProgram("silu-gate"),
        differentiable=(0, 1),
        option=Option("activation", "swiglu", hugging_face=("silu", "swish")),
        gated=True,
        backward=(gradient_of("silu_gate", Recipe(8, exps=1, divides=1)),),
    ),
)
