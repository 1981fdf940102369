"""What each kind of op costs in arithmetic, and which gradients it hands back.

Multiply-accumulates (MACs) are counted for matrix work only, as published FLOP formulas do: one MAC is two FLOPs.
Elementwise work is counted as numbers produced; what one of them costs in cycles is the kernel's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from wsesim.errors import SpecError
from wsesim.graph.core import Block, Graph, Op, Tensor


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of op."""

    meaning: str
    matrix: bool = False
    """Whether it multiplies matrices, so that it has MACs."""
    differentiable: tuple[int, ...] = ()
    """Inputs (by position) that receive a gradient."""
    needs: tuple[int, ...] = (0, 1, 2)
    """Inputs (by position) that the backward pass reads again."""
    needs_output: bool = False
    """Whether the backward pass reads the op's output again."""


_FORWARD = {
    "embedding": Kind("rows of the token table", differentiable=(1,), needs=(0,)),
    "position": Kind("add a learned row per position", differentiable=(0, 1), needs=()),
    "layer_norm": Kind("(x - mean) / sqrt(var + eps) * scale + bias", differentiable=(0, 1, 2), needs=(0, 1)),
    "rms_norm": Kind("x / sqrt(mean of squares + eps) * scale", differentiable=(0, 1)),
    "linear": Kind("x @ weight + bias", matrix=True, differentiable=(0, 1, 2)),
    "expert_linear": Kind("x @ weight + bias, of each token's expert", matrix=True, differentiable=(0, 1, 3)),
    "route": Kind("softmax over the largest logits, 0 elsewhere", differentiable=(0,), needs=(), needs_output=True),
    "dispatch": Kind("each token to its experts", differentiable=(0,), needs=(1,)),
    "combine": Kind("sum of what a token's experts made of it, by weight", differentiable=(0, 1)),
    "rotary": Kind("turn query and key pairs by their position", differentiable=(0,), needs=()),
    "scores": Kind("query @ key^T / sqrt(head)", matrix=True, differentiable=(0,)),
    "softmax": Kind("exp(x - max) / sum over keys", differentiable=(0,), needs=(), needs_output=True),
    "weighted_sum": Kind("probabilities @ value", matrix=True, differentiable=(0, 1)),
    "residual": Kind("a + b", differentiable=(0, 1), needs=()),
    "gelu": Kind("x * Phi(x), exact error function", differentiable=(0,)),
    "gelu_tanh": Kind("x * Phi(x), tanh approximation", differentiable=(0,)),
    "silu_gate": Kind("silu(gate) * up", differentiable=(0, 1)),
    "select": Kind("some positions of each sequence", differentiable=(0,), needs=()),
    "tanh": Kind("hyperbolic tangent", differentiable=(0,), needs=(), needs_output=True),
    "cross_entropy": Kind("-log softmax at the label, mean over labels", differentiable=(0,)),
}
_BACKWARD = {
    "linear_grad_input": Kind("gradient @ weight^T", matrix=True),
    "linear_grad_weight": Kind("x^T @ gradient, and its column sums for the bias", matrix=True),
    "expert_linear_grad_input": Kind("gradient @ weight^T of each token's expert", matrix=True),
    "expert_linear_grad_weight": Kind("x^T @ gradient over each expert's tokens", matrix=True),
    "scores_backward": Kind("gradient of query and key", matrix=True),
    "weighted_sum_backward": Kind("gradient of probabilities and value", matrix=True),
    "accumulate": Kind("sum of gradients that meet"),
    "adam": Kind("optimizer update of one weight"),
}
_BACKWARD |= {
    f"{name}_backward": Kind(f"gradient of {name}")
    for name in _FORWARD
    if not name.endswith("linear") and f"{name}_backward" not in _BACKWARD
}

KINDS: Mapping[str, Kind] = MappingProxyType(_FORWARD | _BACKWARD)


def macs(graph: Graph, block: Block, op: Op) -> int:
    """Return the multiply-accumulates of *op*, full (not causal-halved) attention, one copy of the block.

    Weights that are zero by their making are left out.

    Raises:
        SpecError: for a kind nobody knows.
    """
    if op.kind not in KINDS:
        raise SpecError(op.name, f"has the unknown kind {op.kind!r}")
    if not KINDS[op.kind].matrix:
        return 0
    dims, tensors = graph.dims, block.tensors
    if is_linear(op):
        return _linear_macs(graph, block, *linear_tensors(op))
    score_axes = next(t.axes for name in (*op.inputs, *op.outputs) if "keys" in (t := tensors[name]).axes)
    per_product = dims["head"]
    for axis in score_axes:
        per_product *= dims[axis]
    return per_product * (2 if op.phase == "backward" else 1)


def is_linear(op: Op) -> bool:
    """Return whether *op* multiplies by a weight: a linear layer, or what comes back through one."""
    return op.kind.removeprefix("expert_") in ("linear", "linear_grad_input", "linear_grad_weight")


def linear_tensors(op: Op) -> tuple[str, str]:
    """Return the names of a linear op's activation on the side of its inputs, and of its weight or its gradient."""
    activation = op.outputs[0] if op.kind.endswith("grad_input") else op.inputs[0]
    return activation, op.outputs[0] if op.kind.endswith("grad_weight") else op.inputs[1]


def matrices(graph: Graph, weight: Tensor) -> int:
    """Return how many matrices a weight holds, between which the tokens are divided."""
    return graph.dims["experts"] if "experts" in weight.axes[:-2] else 1


def _linear_macs(graph: Graph, block: Block, activation: str, weight: str) -> int:
    rows = prod(graph.dims[axis] for axis in block.tensors[activation].axes[:-1])
    tensor = block.tensors[weight]
    return rows * graph.nonzeros(tensor) // matrices(graph, tensor)


def flops(graph: Graph, *, phases: tuple[str, ...] = ("forward",)) -> int:
    """Return the matrix FLOPs of the whole graph for the given phases: two per MAC, every copy of every block."""
    return 2 * sum(
        block.repeat * macs(graph, block, op) for block in graph.blocks for op in block.ops if op.phase in phases
    )
