"""From an op of the graph to the closed form of its kernel."""

from __future__ import annotations

from math import prod

from wsesim.graph import BYTES_PER_ELEMENT, Block, Graph, Op, Tensor, is_linear, linear_tensors, matrices
from wsesim.kernels import attention, experts, linear
from wsesim.kernels.base import Cost, Region
from wsesim.kernels.elementwise import elementwise

_LINEAR = {
    "linear": linear.forward,
    "linear_grad_input": linear.grad_input,
    "linear_grad_weight": linear.grad_weight,
}


def kernel_cost(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    """Return the cost of one call of *op* on *region*; the graph's batch must be the region's micro-batch."""
    if is_linear(op):
        return _linear_cost(graph, block, op, region)
    if op.kind in ("scores", "weighted_sum"):
        return attention.product(region, width=graph.dims["attention"])
    if op.kind in ("scores_backward", "weighted_sum_backward"):
        return attention.product(region, width=graph.dims["attention"], times=2)
    if op.kind == "softmax":
        return attention.softmax(region, heads=graph.dims["heads"])
    if op.kind == "softmax_backward":
        return attention.softmax_backward(region, heads=graph.dims["heads"])
    stream = _stream(block, op)
    width, positions = graph.dims[stream.axes[-1]], _share_of_tokens(graph, stream)
    if op.kind in experts.MOVES:
        return experts.exchange(region, op.kind, width=width, positions=positions)
    return elementwise(
        region, op.kind, width=width, positions=positions, bytes_each=BYTES_PER_ELEMENT[stream.dtype]
    )  # fmt: skip


def _linear_cost(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    activation, weight = (block.tensors[name] for name in linear_tensors(op))
    first, second = (graph.dims[axis] for axis in weight.axes[-2:])
    inputs, outputs = (second, first) if op.attrs.get("transposed") else (first, second)
    return _LINEAR[op.kind.removeprefix("expert_")](
        region, inputs=inputs, outputs=outputs, positions=_share_of_tokens(graph, activation),
        density=graph.nonzeros(weight) / graph.elements(weight), matrices=matrices(graph, weight),
    )  # fmt: skip


def _stream(block: Block, op: Op) -> Tensor:
    """Return the activation with the most axes that the op touches."""
    touched = [block.tensors[name] for name in (*op.outputs, *op.inputs)]
    streams = [t for t in touched if t.role in ("activation", "gradient") and "batch" in t.axes]
    return max(streams, key=lambda tensor: len(tensor.axes))


def _share_of_tokens(graph: Graph, stream: Tensor) -> float:
    tokens = prod(graph.dims[axis] for axis in stream.axes[:-1])
    return tokens * stream.room / (graph.dims["batch"] * graph.dims["length"])
