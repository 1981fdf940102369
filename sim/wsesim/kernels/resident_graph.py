"""A model's graph laid on a rectangle of cores for inference: where features lie, what sums run along.

While tokens are written the residual stream lies along y. A product sums along the axis that its inputs lie along, and
its outputs lie along the other, so that nothing is ever transposed:

    norm y | q,k,v y | scores x | softmax y | weighted sum y | project x | norm y | up, gate y | down x

A collective along another axis than the one before finds routes that have to be turned.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import prod

from wsesim.errors import NotModelled
from wsesim.graph import Block, Graph, Op, Packing, Tensor, linear_tensors, packing_of
from wsesim.kernels.resident import Along
from wsesim.kernels.resident_model import ExpertShare, ResidentModel, ResidentOp, ResidentWeight
from wsesim.model import ModelSpec, build_graph, layer_kinds
from wsesim.ops import Gap, Kind, find

WRITTEN = "argmax"
"""Kind of the op that stands in inference where training has its loss: the entry with the largest score is sought."""


@lru_cache(maxsize=256)
def resident_model(model: ModelSpec) -> ResidentModel:
    """Return the ops of *model* as resident kernels see them.

    Raises:
        NotModelled: an op has no resident cost.
    """
    graph = build_graph(model, sequences=1, length=model.max_length)
    embed, *dense, layer, head = graph.blocks
    _, last = _lay_out(graph, layer, None)
    layer_ops, last = _lay_out(graph, layer, last)
    dense_ops = _lay_out(graph, dense[0], last)[0] if dense else ()
    head_ops, first = _lay_out(graph, head, last)
    embed_ops, _ = _lay_out(graph, embed, first)
    return ResidentModel(
        model=model, kinds=layer_kinds(model), embed=embed_ops, layer=layer_ops, dense=dense_ops, head=head_ops,
    )  # fmt: skip


def _lay_out(graph: Graph, block: Block, before: Along | None) -> tuple[tuple[ResidentOp, ...], Along | None]:
    """Return the block's ops, and the axis of its last collective; that *before* it is of the block before."""
    axes: dict[str, Along] = dict.fromkeys(block.inputs, "y")
    runs = list[list[ResidentOp]]()
    read = ""
    for op in block.ops:
        along = axes.get(op.inputs[0], "y")
        laid = _resident_op(graph, block, op, find(WRITTEN if find(op.kind).is_loss else op.kind), along)
        axes |= dict.fromkeys(op.outputs, _other(along) if laid.kernel == "matvec" else along)
        if laid.inputs and runs and runs[-1][0].inputs and read == op.inputs[0]:
            runs[-1].append(replace(laid, turned=runs[-1][0].turned))
            continue
        if laid.kernel == "matvec" or laid.recipe.row_sums:
            laid, before = replace(laid, turned=before not in (None, along)), along
        runs.append([laid])
        read = op.inputs[0]
    return tuple(op for run in runs for op in _joined(run)), before


def _other(along: Along) -> Along:
    return "x" if along == "y" else "y"


def _joined(run: list[ResidentOp]) -> tuple[ResidentOp, ...]:
    """Return neighbours that multiply the same vector as one product; its first op holds the matrices of all."""
    if not run[0].inputs:
        return tuple(run)
    joined = sum(op.parts[0] for op in run)
    found = []
    for number, op in enumerate(run):
        kept = (weight for weight in op.weights if not (weight.matrix and number))
        weights = tuple(_widened(weight, op.along, joined) if weight.matrix else weight for weight in kept)
        found.append(replace(op, joined=joined, weights=weights))
    return tuple(found)


def _widened(weight: ResidentWeight, along: Along, outputs: int) -> ResidentWeight:
    return replace(weight, across=outputs) if along == "y" else replace(weight, down=outputs)


def _resident_op(graph: Graph, block: Block, op: Op, kind: Kind, along: Along) -> ResidentOp:
    facet = kind.resident
    if isinstance(facet, Gap):
        raise NotModelled(f"{op.name} ({kind.name}) with resident weights", facet.reason)
    stream = block.tensors[op.inputs[0] if kind.name == WRITTEN else op.outputs[0]]
    dims, width = graph.dims, graph.dims[stream.axes[-1]]
    of_scores = stream.axes[-1] == "keys"
    in_attention = "kv_heads" in op.attrs or of_scores
    keys, queries = _heads_of(graph, block, op) if in_attention else (0, 0)
    found = ResidentOp(
        name=op.name.replace("loss", "choice"), kind=kind.name, facet=facet, along=along, keys=keys, queries=queries,
        parts=(width,), copies=_positions(graph, block, stream), by_sequence=stream.axes[-1] == "vocab",
        of_scores=of_scores, absorbed=_absorbed(graph, op), of_keys=op.name == "attention.expand",
        causal=in_attention and any(other.attrs.get("causal") for other in block.ops),
        experts=_experts(graph, block, op), weights=_weights(graph, block, op, along),
    )  # fmt: skip
    if op.kind.endswith("linear"):
        return _product(graph, block, op, found)
    if kind.name == "rotary_tail":
        return replace(found, parts=(width // int(op.attrs["size"]) * int(op.attrs["turned"]),))
    if kind.name in ("rotary", "head_norm", "head_layer_norm", "wide_norm"):
        turned = int(op.attrs.get("turned", dims["head"]))
        return replace(found, parts=(turned * queries // dims["head"], turned * keys // dims["head"]))
    return found


def _product(graph: Graph, block: Block, op: Op, found: ResidentOp) -> ResidentOp:
    weight = block.tensors[linear_tensors(op)[1]]
    if weight.density < 1:
        why = "cores hold whole matrices; no program with resident weights that leaves zeros out is published"
        raise NotModelled(f"{op.name} with sparse resident weights", why)
    inputs, outputs = _sizes(graph, op, weight)
    biased = any(name.endswith(".bias") for name in op.inputs)
    return replace(found, inputs=inputs, parts=(outputs,), biased=biased, packing=_packing(weight))


def _packing(weight: Tensor) -> Packing | None:
    return packing_of(weight.packed) if weight.packed else None


def _sizes(graph: Graph, op: Op, weight: Tensor) -> tuple[int, int]:
    """Return the inputs and the outputs of a matrix."""
    first, second = (graph.dims[axis] for axis in weight.axes[-2:])
    return (second, first) if op.attrs.get("transposed") else (first, second)


def _weights(graph: Graph, block: Block, op: Op, along: Along) -> tuple[ResidentWeight, ...]:
    """Return what of the weights that *op* reads stays on which axis."""
    tensors = [block.tensors[name] for name in op.inputs if block.tensors[name].role == "weight"]
    return tuple(_weight(graph, op, tensor, along) for tensor in tensors)


def _weight(graph: Graph, op: Op, tensor: Tensor, along: Along) -> ResidentWeight:
    linear = op.kind.endswith("linear")
    several = tensor.axes[0] == "experts" and len(tensor.axes) > 1
    axes, number = (tensor.axes[1:], graph.dims["experts"]) if several else (tensor.axes, 1)
    if len(axes) == 1:
        # A bias lies where outputs do, the scale of a norm where its input does.
        size, at = graph.dims[axes[0]], _other(along) if linear else along
        down, across = (size, 1) if at == "y" else (1, size)
        return ResidentWeight(down=down, across=across, number=number, matrix=False)
    if linear:
        inputs, outputs = _sizes(graph, op, tensor)
        down, across = (inputs, outputs) if along == "y" else (outputs, inputs)
    else:
        rows, width = (graph.dims[axis] for axis in axes)
        down, across = width, rows
    return ResidentWeight(down=down, across=across, number=number, tied=tensor.of is not None, matrix=linear,
                          packing=_packing(tensor))  # fmt: skip


def _positions(graph: Graph, block: Block, stream: Tensor) -> int:
    """Return the positions of a sequence that an op of a head works on: those selected, or the last."""
    if block.name != "head":
        return 1
    if "length" in stream.axes:
        return max(prod(graph.dims[axis] for axis in t.axes if axis == "masked") for t in block.tensors.values())
    return prod(graph.dims[axis] for axis in stream.axes if axis == "masked")


def _heads_of(graph: Graph, block: Block, op: Op) -> tuple[int, int]:
    """Return the features of all keys, or values, side by side, and of all queries, or of what is summed."""
    kv_heads = next(int(op.attrs["kv_heads"]) for op in block.ops if "kv_heads" in op.attrs)
    size = graph.dims[str(op.attrs.get("inner", "head"))]
    return kv_heads * size, graph.dims["heads"] * size


def _absorbed(graph: Graph, op: Op) -> int:
    """Return the features of all heads that meet what is cached where keys and values are never made of it."""
    sizes = {"latent_scores": ("latent", "turned"), "latent_sum": ("latent",)}.get(op.kind, ())
    return graph.dims["heads"] * sum(graph.dims[axis] for axis in sizes)


def _experts(graph: Graph, block: Block, op: Op) -> ExpertShare | None:
    touched = [block.tensors[name] for name in (*op.inputs, *op.outputs)]
    chosen = next((tensor for tensor in touched if "chosen" in tensor.axes), None)
    if chosen is None:
        return None
    return ExpertShare(experts=graph.dims["experts"], chosen=graph.dims["chosen"], imbalance=chosen.room)
