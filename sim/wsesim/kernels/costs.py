"""From an op of the graph to the closed form of its kernel."""

from __future__ import annotations

from math import prod

from wsesim.graph import BYTES_PER_ELEMENT, Block, Graph, Op, Tensor
from wsesim.kernels import attention, linear
from wsesim.kernels.base import Cost, Region
from wsesim.kernels.elementwise import elementwise

_LINEAR = {
    "linear": linear.forward,
    "linear_grad_input": linear.grad_input,
    "linear_grad_weight": linear.grad_weight,
}


def kernel_cost(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    """Return the cost of one call of *op* on *region*; the graph's batch must be the region's micro-batch."""
    if op.kind in _LINEAR:
        inputs, outputs, positions = _linear_shape(graph, block, op)
        return _LINEAR[op.kind](region, inputs=inputs, outputs=outputs, positions=positions)
    if op.kind in ("scores", "weighted_sum"):
        return attention.product(region, width=graph.dims["attention"])
    if op.kind in ("scores_backward", "weighted_sum_backward"):
        return attention.product(region, width=graph.dims["attention"], times=2)
    if op.kind == "softmax":
        return attention.softmax(region, heads=graph.dims["heads"])
    if op.kind == "softmax_backward":
        return attention.softmax_backward(region, heads=graph.dims["heads"])
    stream = _stream(block, op)
    return elementwise(
        region,
        op.kind,
        width=graph.dims[stream.axes[-1]],
        positions=_share_of_tokens(graph, stream.axes[:-1]),
        bytes_each=BYTES_PER_ELEMENT[stream.dtype],
    )


def _linear_shape(graph: Graph, block: Block, op: Op) -> tuple[int, int, float]:
    weight_name = op.outputs[0] if op.kind == "linear_grad_weight" else op.inputs[1]
    activation = op.outputs[0] if op.kind == "linear_grad_input" else op.inputs[0]
    first, second = (graph.dims[axis] for axis in block.tensors[weight_name].axes)
    inputs, outputs = (second, first) if op.attrs.get("transposed") else (first, second)
    return inputs, outputs, _share_of_tokens(graph, block.tensors[activation].axes[:-1])


def _stream(block: Block, op: Op) -> Tensor:
    """Return the activation with the most axes that the op touches."""
    touched = [block.tensors[name] for name in (*op.outputs, *op.inputs)]
    streams = [t for t in touched if t.role in ("activation", "gradient") and "batch" in t.axes]
    return max(streams, key=lambda tensor: len(tensor.axes))


def _share_of_tokens(graph: Graph, axes: tuple[str, ...]) -> float:
    return prod(graph.dims[axis] for axis in axes) / (graph.dims["batch"] * graph.dims["length"])
