"""ReLU: what is below zero becomes zero; its square (So et al. 2021, arXiv 2109.08668); and one with a gate."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import Gap, Kind, Option, Recipe, gradient_of

_MAXIMUM = Recipe(1)


def relu(x: Any) -> Any:
    """Return max(x, 0)."""
    import numpy as np

    return np.maximum(x, 0)


def relu_backward(gradient: Any, x: Any) -> Any:
    """Return the gradient where x is above zero."""
    return gradient * (x > 0)


def squared_relu(x: Any) -> Any:
    """Return max(x, 0)²."""
    return relu(x) * relu(x)


def squared_relu_backward(gradient: Any, x: Any) -> Any:
    """Return twice the gradient times x, where x is above zero."""
    return 2 * gradient * relu(x)


def relu_gate(gate: Any, up: Any) -> Any:
    """Return max(gate, 0) * up."""
    return relu(gate) * up


def relu_gate_backward(gradient: Any, gate: Any, up: Any) -> tuple[Any, Any]:
    """Return the gradients of gate and of up."""
    return gradient * up * (gate > 0), gradient * relu(gate)


OPS = (
    Kind(
        name="relu",
        meaning="max(x, 0)",
        work=_MAXIMUM,
        resident=_MAXIMUM,
        numpy=relu,
        program=Gap("no core program: one vector instruction"),
        differentiable=(0,),
        option=Option("activation", "relu", hugging_face=("relu",)),
        # A mask by comparing with zero, and its product with the gradient.
        backward=(gradient_of("relu", Recipe(2), numpy=relu_backward),),
    ),
    Kind(
        name="squared_relu",
        meaning="max(x, 0)²",
        work=Recipe(2),
        resident=Recipe(2),
        numpy=squared_relu,
        program=Gap("no core program: two vector instructions"),
        differentiable=(0,),
        option=Option("activation", "relu2", hugging_face=("relu2",)),
        backward=(gradient_of("squared_relu", Recipe(3), numpy=squared_relu_backward),),
    ),
    Kind(
        name="relu_gate",
        meaning="max(gate, 0) * up",
        work=Recipe(2),
        resident=Recipe(2),
        numpy=relu_gate,
        program=Gap("no core program: two vector instructions"),
        differentiable=(0, 1),
        option=Option("activation", "reglu", hugging_face=("relu",)),
        gated=True,
        backward=(gradient_of("relu_gate", Recipe(5), numpy=relu_gate_backward),),
    ),
)
