"""SwiGLU (Shazeer 2020): SiLU of a gate, times what passes it."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import CoreProgram, Kind, Option, Recipe, gradient_of

_FORMULA = Recipe(3, exps=1, divides=1)
"""Negate the gate, one plus, times what passes."""


def silu_gate(gate: Any, up: Any) -> Any:
    """Return gate * sigmoid(gate) * up, without overflow on either side."""
    return gate * _sigmoid(gate) * up


def silu_gate_backward(gradient: Any, gate: Any, up: Any) -> tuple[Any, Any]:
    """Return the gradients of gate and of up."""
    share = _sigmoid(gate)
    return gradient * up * share * (1 + gate * (1 - share)), gradient * gate * share


def _sigmoid(x: Any) -> Any:
    import numpy as np

    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


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
        backward=(gradient_of("silu_gate", Recipe(8, exps=1, divides=1), numpy=silu_gate_backward),),
    ),
)
