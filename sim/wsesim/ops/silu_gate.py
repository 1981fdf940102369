"""SiLU; and SwiGLU (Shazeer 2020): SiLU of a gate, times what passes it; as it is, or within bounds (gpt-oss)."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import CoreProgram, Gap, Kind, Option, Recipe, gradient_of

BOUND, STEEPNESS = 7.0, 1.702
"""Of gpt-oss (OpenAI 2025, arXiv 2508.10925), as `transformers` has it."""
_FORMULA = Recipe(3, exps=1, divides=1)
"""Negate the gate, one plus, times what passes."""


def silu_gate(gate: Any, up: Any) -> Any:
    """Return gate * sigmoid(gate) * up, without overflow on either side."""
    return gate * _sigmoid(gate) * up


def silu_gate_backward(gradient: Any, gate: Any, up: Any) -> tuple[Any, Any]:
    """Return the gradients of gate and of up."""
    share = _sigmoid(gate)
    return gradient * up * share * (1 + gate * (1 - share)), gradient * gate * share


def silu(x: Any) -> Any:
    """Return x * sigmoid(x)."""
    return x * _sigmoid(x)


def silu_backward(gradient: Any, x: Any) -> Any:
    """Return the gradient of x."""
    share = _sigmoid(x)
    return gradient * share * (1 + x * (1 - share))


def bounded_silu_gate(gate: Any, up: Any) -> Any:
    """Return g * sigmoid(1.702 g) * (u + 1), g being the gate up to 7 and u what passes from -7 to 7."""
    import numpy as np

    bounded = np.minimum(gate, BOUND)
    return bounded * _sigmoid(STEEPNESS * bounded) * (np.clip(up, -BOUND, BOUND) + 1)


def bounded_silu_gate_backward(gradient: Any, gate: Any, up: Any) -> tuple[Any, Any]:
    """Return the gradients of gate and of up: none beyond the bounds."""
    import numpy as np

    bounded, passing = np.minimum(gate, BOUND), np.clip(up, -BOUND, BOUND) + 1
    share = _sigmoid(STEEPNESS * bounded)
    of_gate = gradient * passing * share * (1 + STEEPNESS * bounded * (1 - share)) * (gate <= BOUND)
    return of_gate, gradient * bounded * share * (np.abs(up) <= BOUND)


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
    Kind(
        name="silu",
        meaning="x * sigmoid(x)",
        work=Recipe(2, exps=1, divides=1),
        resident=Recipe(2, exps=1, divides=1),
        numpy=silu,
        program=Gap("no core program: `silu-gate` has a gate"),
        differentiable=(0,),
        option=Option("activation", "silu", hugging_face=("silu", "swish")),
        backward=(gradient_of("silu", Recipe(5, exps=1, divides=1), numpy=silu_backward),),
    ),
    Kind(
        name="silu_bounded_gate",
        meaning="g * sigmoid(1.702 g) * (u + 1), g and u within bounds",
        # Three bounds, the steepness, and one added, beside what swiglu does.
        work=Recipe(8, exps=1, divides=1),
        resident=Recipe(8, exps=1, divides=1),
        numpy=bounded_silu_gate,
        program=Gap("no core program: `silu-gate` has no bounds"),
        differentiable=(0, 1),
        option=Option("activation", "swiglu_bounded"),
        gated=True,
        backward=(gradient_of("silu_bounded_gate", Recipe(16, exps=1, divides=1), numpy=bounded_silu_gate_backward),),
    ),
)
