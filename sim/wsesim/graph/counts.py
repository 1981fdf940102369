"""What ops cost in arithmetic.

Multiply-accumulates (MACs) are counted for matrix work only, as published FLOP formulas do: one MAC is two FLOPs.
Elementwise work is counted as numbers produced; what one of them costs in cycles is the kernel's business.
"""

from __future__ import annotations

from math import prod

from wsesim.errors import SpecError
from wsesim.graph.core import Block, Graph, Op, Tensor
from wsesim.ops import Kernel, find, kinds

_LINEAR = ("linear", "linear_grad_input", "linear_grad_weight")
"""Kernels that multiply by a weight."""


def macs(graph: Graph, block: Block, op: Op) -> int:
    """Return the multiply-accumulates of *op*, full (not causal-halved) attention, one copy of the block.

    Weights that are zero by their making are left out, and so are keys out of a window; of copies with a window and
    without it is the mean.

    Raises:
        SpecError: for a kind nobody knows.
    """
    if op.kind not in kinds():
        raise SpecError(op.name, f"has the unknown kind {op.kind!r}")
    if not find(op.kind).matrix:
        return 0
    dims, tensors = graph.dims, block.tensors
    if is_linear(op):
        return _linear_macs(graph, block, *linear_tensors(op))
    score_axes = next(t.axes for name in (*op.inputs, *op.outputs) if "keys" in (t := tensors[name]).axes)
    per_key = dims[str(op.attrs.get("inner", "head"))]
    for axis in score_axes:
        per_key *= dims[axis] if axis != "keys" else 1
    seen = [(min(window or dims["keys"], dims["keys"]), share) for window, share in windows(block, op)]
    keys = seen[0][0] if len(seen) == 1 else sum(share * size for size, share in seen)
    return round(per_key * keys) * (2 if op.phase == "backward" else 1)


def windows(block: Block, op: Op) -> tuple[tuple[int, float], ...]:
    """Return the windows of keys that an op of attention has (0: all keys), and in what share of the copies each."""
    window, every = int(op.attrs.get("window", 0)), int(op.attrs.get("full_every", 0))
    full = block.repeat // every / block.repeat if window and every else 0.0 if window else 1.0
    return tuple((size, share) for size, share in ((0, full), (window, 1 - full)) if share)


def is_linear(op: Op) -> bool:
    """Return whether *op* multiplies by a weight: a linear layer, or what comes back through one."""
    return _kernel(op) in _LINEAR


def _kernel(op: Op) -> str | None:
    work = find(op.kind).work
    return work.name if isinstance(work, Kernel) else None


def linear_tensors(op: Op) -> tuple[str, str]:
    """Return the names of a linear op's activation on the side of its inputs, and of its weight or its gradient."""
    kernel = _kernel(op)
    activation = op.outputs[0] if kernel == "linear_grad_input" else op.inputs[0]
    return activation, op.outputs[0] if kernel == "linear_grad_weight" else op.inputs[1]


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
