"""GeGLU (Shazeer 2020): GELU of a gate, times what passes it; by the error function, or by the tanh (Gemma)."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import NUMERICS, Gap, Kind, Option, Recipe, gradient_of
from wsesim.ops.gelu_tanh import gelu_tanh, gelu_tanh_backward

_PROGRAM = Gap("no core program: `gelu`, and a product of vectors")


def gelu_tanh_gate(gate: Any, up: Any) -> Any:
    """Return gelu_tanh(gate) * up."""
    return gelu_tanh(gate) * up


def gelu_tanh_gate_backward(gradient: Any, gate: Any, up: Any) -> tuple[Any, Any]:
    """Return the gradients of gate and of up."""
    return gelu_tanh_backward(gradient * up, gate), gradient * gelu_tanh(gate)


OPS = (
    Kind(
        name="gelu_gate",
        meaning="gelu(gate) * up, exact error function",
        work=Recipe(10, exps=1, divides=1),  # those of gelu, and the product
        resident=Recipe(10, exps=1, divides=1),
        numpy=NUMERICS,  # which has erf
        program=_PROGRAM,
        differentiable=(0, 1),
        option=Option("activation", "geglu", hugging_face=("gelu", "gelu_python")),
        gated=True,
        # The gradient of gelu, of which Phi is used once more, and three products.
        backward=(gradient_of("gelu_gate", Recipe(16, exps=1, divides=1)),),
    ),
    Kind(
        name="gelu_tanh_gate",
        meaning="gelu(gate) * up, tanh approximation",
        work=Recipe(9, exps=1, divides=1),
        resident=Recipe(9, exps=1, divides=1),
        numpy=gelu_tanh_gate,
        program=_PROGRAM,
        differentiable=(0, 1),
        option=Option(
            "activation", "geglu_tanh", hugging_face=("gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh")
        ),
        gated=True,
        backward=(gradient_of("gelu_tanh_gate", Recipe(15, exps=1, divides=1), numpy=gelu_tanh_gate_backward),),
    ),
)
