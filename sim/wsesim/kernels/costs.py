"""From an op of the graph to the closed form of its kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import prod
from types import MappingProxyType

from wsesim.errors import SpecError
from wsesim.graph import BYTES_PER_ELEMENT, Block, Graph, Op, Tensor, linear_tensors, matrices, windows
from wsesim.kernels import attention, experts, linear
from wsesim.kernels.base import Cost, Region
from wsesim.kernels.elementwise import elementwise
from wsesim.kernels.parts import WHOLE, Parts, is_stream
from wsesim.ops import Gap, Kernel, find

Form = Callable[[Region], Cost]
"""The closed form of an op, with all that its graph says of it."""


def kernel_cost(graph: Graph, block: Block, op: Op, region: Region, parts: Parts = WHOLE) -> Cost:
    """Return the cost of one call of *op* on *region*, part by part; the graph's batch must be the region's.

    Raises:
        SpecError: the op states no work.
    """
    return kernel_form(graph, block, op, parts)(region)


def kernel_form(graph: Graph, block: Block, op: Op, parts: Parts = WHOLE) -> Form:
    """Return what one call of *op* costs, part by part, on whatever machine; the graph's batch must be the region's.

    Raises:
        SpecError: the op states no work.
    """
    count = parts.of_op(block, op)
    if count == 1:
        return _whole_form(graph, block, op)
    whole = _whole_form(parts.cut(graph), block, op)
    sums = [
        partial(elementwise, kind="residual", width=graph.dims[tensor.axes[-1]],
                positions=_share_of_tokens(graph, tensor))
        for tensor in parts.summed(block, op)
    ]  # fmt: skip
    return lambda region: whole(region).times(count).then(*(each(region).times(count - 1) for each in sums))


def _whole_form(graph: Graph, block: Block, op: Op) -> Form:
    work = find(op.kind).work
    if isinstance(work, Gap):
        raise SpecError(op.name, f"has no cost: {work.reason}")
    name = work.name if isinstance(work, Kernel) else "elementwise"
    form = KERNELS[name](graph, block, op)
    if not _is_causal(block, op):
        return form
    seen = windows(block, op)

    def cost(region: Region) -> Cost:
        done = _share_of_scores(seen, region)
        return form(region) if done == 1 else form(region).share(done)

    return cost


def _share_of_scores(windows: Iterable[tuple[int, float]], region: Region) -> float:
    """Return the share of the square of scores, or of its band, that is worked on: less what a mask takes from it."""
    skipped, length = region.software.masked_skipped, region.length
    if not skipped:
        return 1.0
    seen = [(min(window or length, length), share) for window, share in windows]
    masked = sum(share * keys * (keys - 1) / (2 * length) for keys, share in seen)
    return 1 - skipped * masked / sum(share * keys for keys, share in seen)


def _is_causal(block: Block, op: Op) -> bool:
    touches = any("keys" in block.tensors[name].axes for name in (*op.inputs, *op.outputs))
    return touches and any(other.attrs.get("causal") for other in block.ops)


def _linear_form(form: Callable[..., Cost]) -> Callable[[Graph, Block, Op], Form]:
    def of(graph: Graph, block: Block, op: Op) -> Form:
        activation, weight = (block.tensors[name] for name in linear_tensors(op))
        first, second = (graph.dims[axis] for axis in weight.axes[-2:])
        inputs, outputs = (second, first) if op.attrs.get("transposed") else (first, second)
        return partial(
            form, inputs=inputs, outputs=outputs, positions=_share_of_tokens(graph, activation),
            density=graph.nonzeros(weight) / graph.elements(weight), matrices=matrices(graph, weight),
        )  # fmt: skip

    return of


def _product(graph: Graph, block: Block, op: Op) -> Form:
    return _seeing(attention.product, block, op, width=_of_heads(graph, op))


def _product_backward(graph: Graph, block: Block, op: Op) -> Form:
    return _seeing(attention.product, block, op, width=_of_heads(graph, op), times=2)


def _of_heads(graph: Graph, op: Op) -> int:
    """Return the features of all heads side by side."""
    return graph.dims["heads"] * graph.dims[str(op.attrs.get("inner", "head"))]


def _softmax(graph: Graph, block: Block, op: Op) -> Form:
    return _seeing(attention.softmax, block, op, heads=graph.dims["heads"])


def _softmax_backward(graph: Graph, block: Block, op: Op) -> Form:
    return _seeing(attention.softmax_backward, block, op, heads=graph.dims["heads"])


def _over_scores(graph: Graph, block: Block, op: Op) -> Form:
    return _seeing(attention.over_scores, block, op, kind=op.kind, heads=graph.dims["heads"])


def _seeing(form: Callable[..., Cost], block: Block, op: Op, **shape: object) -> Form:
    """Return a closed form of attention with what tokens see of the keys."""
    seen = windows(block, op)
    return lambda region: form(region, sight=attention.Sight.of(region, seen), **shape)


def _exchange(graph: Graph, block: Block, op: Op) -> Form:
    stream = _stream(block, op)
    width, positions = graph.dims[stream.axes[-1]], _share_of_tokens(graph, stream)
    return partial(experts.exchange, kind=op.kind, width=width, positions=positions)


def _elementwise(graph: Graph, block: Block, op: Op) -> Form:
    stream = _stream(block, op)
    width, positions = graph.dims[stream.axes[-1]], _share_of_tokens(graph, stream)
    return partial(
        elementwise, kind=op.kind, width=width, positions=positions, bytes_each=BYTES_PER_ELEMENT[stream.dtype],
        parts=width // graph.dims.get(find(op.kind).sums_along or "", width),
    )  # fmt: skip


KERNELS: Mapping[str, Callable[[Graph, Block, Op], Form]] = MappingProxyType(
    {
        "elementwise": _elementwise,
        "linear": _linear_form(linear.forward),
        "linear_grad_input": _linear_form(linear.grad_input),
        "linear_grad_weight": _linear_form(linear.grad_weight),
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
