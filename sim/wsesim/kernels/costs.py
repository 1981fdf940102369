"""From an op of the graph to the closed form of its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType

from wsesim.errors import SpecError
from wsesim.graph import BYTES_PER_ELEMENT, Block, Graph, Op, Tensor, linear_tensors, matrices, windows
from wsesim.kernels import attention, experts, linear
from wsesim.kernels.base import Cost, Region
from wsesim.kernels.elementwise import elementwise
from wsesim.kernels.parts import WHOLE, Parts, is_stream
from wsesim.ops import Gap, Kernel, find


def kernel_cost(graph: Graph, block: Block, op: Op, region: Region, parts: Parts = WHOLE) -> Cost:
    """Return the cost of one call of *op* on *region*, part by part; the graph's batch must be the region's.

    Raises:
        SpecError: the op states no work.
    """
    count = parts.of_op(block, op)
    if count == 1:
        return _whole_cost(graph, block, op, region)
    sums = [
        elementwise(region, "residual", width=graph.dims[tensor.axes[-1]], positions=_share_of_tokens(graph, tensor))
        for tensor in parts.summed(block, op)
    ]
    return _whole_cost(parts.cut(graph), block, op, region).times(count).then(*(each.times(count - 1) for each in sums))


def _whole_cost(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    work = find(op.kind).work
    if isinstance(work, Gap):
        raise SpecError(op.name, f"has no cost: {work.reason}")
    name = work.name if isinstance(work, Kernel) else "elementwise"
    cost, done = KERNELS[name](graph, block, op, region), _share_of_scores(block, op, region)
    return cost if done == 1 else cost.share(done)


def _share_of_scores(block: Block, op: Op, region: Region) -> float:
    """Return the share of the square of scores, or of its band, that *op* works on: less what a mask takes from it."""
    skipped, length = region.software.masked_skipped, region.length
    if not skipped or not _is_causal(block, op):
        return 1.0
    seen = [(min(window or length, length), share) for window, share in windows(block, op)]
    masked = sum(share * keys * (keys - 1) / (2 * length) for keys, share in seen)
    return 1 - skipped * masked / sum(share * keys for keys, share in seen)


def _is_causal(block: Block, op: Op) -> bool:
    touches = any("keys" in block.tensors[name].axes for name in (*op.inputs, *op.outputs))
    return touches and any(other.attrs.get("causal") for other in block.ops)


def _linear_cost(form: Callable[..., Cost]) -> Callable[[Graph, Block, Op, Region], Cost]:
    def cost(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
        activation, weight = (block.tensors[name] for name in linear_tensors(op))
        first, second = (graph.dims[axis] for axis in weight.axes[-2:])
        inputs, outputs = (second, first) if op.attrs.get("transposed") else (first, second)
        return form(
            region, inputs=inputs, outputs=outputs, positions=_share_of_tokens(graph, activation),
            density=graph.nonzeros(weight) / graph.elements(weight), matrices=matrices(graph, weight),
        )  # fmt: skip

    return cost


def _product(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    return attention.product(region, width=_of_heads(graph, op), sight=_sight(block, op, region))


def _product_backward(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    return attention.product(region, width=_of_heads(graph, op), times=2, sight=_sight(block, op, region))


def _of_heads(graph: Graph, op: Op) -> int:
    """Return the features of all heads side by side."""
    return graph.dims["heads"] * graph.dims[str(op.attrs.get("inner", "head"))]


def _softmax(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    return attention.softmax(region, heads=graph.dims["heads"], sight=_sight(block, op, region))


def _softmax_backward(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    return attention.softmax_backward(region, heads=graph.dims["heads"], sight=_sight(block, op, region))


def _over_scores(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    return attention.over_scores(region, op.kind, heads=graph.dims["heads"], sight=_sight(block, op, region))


def _sight(block: Block, op: Op, region: Region) -> attention.Sight:
    return attention.Sight.of(region, windows(block, op))


def _exchange(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    stream = _stream(block, op)
    width, positions = graph.dims[stream.axes[-1]], _share_of_tokens(graph, stream)
    return experts.exchange(region, op.kind, width=width, positions=positions)


def _elementwise(graph: Graph, block: Block, op: Op, region: Region) -> Cost:
    stream = _stream(block, op)
    width, positions = graph.dims[stream.axes[-1]], _share_of_tokens(graph, stream)
    return elementwise(
        region, op.kind, width=width, positions=positions, bytes_each=BYTES_PER_ELEMENT[stream.dtype],
        parts=width // graph.dims.get(find(op.kind).sums_along or "", width),
    )  # fmt: skip


KERNELS: Mapping[str, Callable[[Graph, Block, Op, Region], Cost]] = MappingProxyType(
    {
        "elementwise": _elementwise,
        "linear": _linear_cost(linear.forward),
        "linear_grad_input": _linear_cost(linear.grad_input),
        "linear_grad_weight": _linear_cost(linear.grad_weight),
        "attention_product": _product,
        "attention_product_backward": _product_backward,
        "softmax": _softmax,
        "softmax_backward": _softmax_backward,
        "over_scores": _over_scores,
        "exchange": _exchange,
    }
)
"""Closed forms by the name an op states; what states a recipe alone is elementwise."""


def _stream(block: Block, op: Op) -> Tensor:
    """Return the activation with the most axes that the op touches."""
    touched = (block.tensors[name] for name in (*op.outputs, *op.inputs))
    return max(filter(is_stream, touched), key=lambda tensor: len(tensor.axes))


def _share_of_tokens(graph: Graph, stream: Tensor) -> float:
    tokens = prod(graph.dims[axis] for axis in stream.axes[:-1])
    return tokens * stream.room / (graph.dims["batch"] * graph.dims["length"])
