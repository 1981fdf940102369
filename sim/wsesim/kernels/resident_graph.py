"""A model's graph laid on a rectangle of cores for inference: where features lie, what sums run along.

While tokens are written the residual stream lies along y. A product sums along the axis that its inputs lie along, and
its outputs lie along the other, so that nothing is ever transposed:

    norm y | q,k,v y | scores x | softmax y | weighted sum y | project x | norm y | up, gate y | down x

A collective along another axis than the one before finds routes that have to be turned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, prod

from wsesim.errors import NotModelled
from wsesim.graph import Block, Graph, Op, Tensor, linear_tensors
from wsesim.kernels.counts import least, whole
from wsesim.kernels.resident import Along
from wsesim.model import Model, build_graph
from wsesim.ops import Gap, Kernel, Kind, Recipe, find

WRITTEN = "argmax"
"""Kind of the op that stands in inference where training has its loss: the entry with the largest score is sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentWeight:
    """A matrix, a table or a vector that stays: spread over both axes, a vector repeated along one."""

    down: int
    """Its size along y; 1 where it is repeated."""
    across: int
    """Its size along x."""
    number: int = 1
    """Matrices of this size: experts."""
    tied: bool = False
    """Whether it is the table of tokens."""
    matrix: bool = True
    """Whether products are taken with it."""

    @property
    def values(self) -> int:
        """Numbers it holds."""
        return self.down * self.across * self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertShare:
    """What of the tokens goes to which feed-forward network; all of a layer lie in one rectangle, each on all cores."""

    experts: int
    chosen: int
    """Of a token."""
    imbalance: float
    """Tokens of the busiest over the mean; one after the other, all take the time of the busiest."""

    def of(self, tokens: int) -> tuple[int, int]:
        """Return how many experts work one after the other, and the tokens each has time for."""
        sent = tokens * self.chosen
        busy = least(self.experts, sent)
        return busy, least(tokens, whole(self.imbalance * sent / busy))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentOp:
    """An op of the graph as resident kernels see it."""

    name: str
    kind: str
    facet: Recipe | Kernel
    """What it does to each of its elements; the kernel it is, if not elementwise."""
    along: Along
    """The axis that its input lies along while tokens are written, which its sums run along."""
    turned: bool = False
    """Whether the collective before runs along the other axis."""
    parts: tuple[int, ...] = ()
    """Features of a token that it works on, each part spread over the line; of a product its outputs."""
    inputs: int = 0
    """Of a product."""
    joined: int = 0
    """Of a product: outputs of all matrices that multiply the same vector, side by side in one product."""
    biased: bool = False
    keys: int = 0
    """Within attention: features of all keys side by side."""
    queries: int = 0
    """Within attention: features of all queries side by side."""
    of_scores: bool = False
    """Whether it gives a number for each score, as many as there are positions."""
    causal: bool = False
    """Whether it stands where tokens see those before them alone."""
    copies: int = 1
    """Positions of a sequence that a head looks at."""
    by_sequence: bool = False
    """Whether sequences follow each other, as a core has room for the scores of one."""
    experts: ExpertShare | None = None
    weights: tuple[ResidentWeight, ...] = ()

    @property
    def form(self) -> tuple[object, ...]:
        """All that its cost depends on: ops that have one cost the same."""
        product = (self.inputs, self.joined, self.biased, self.keys, self.queries, self.of_scores, self.copies,
                   self.by_sequence, self.causal)  # fmt: skip
        return (self.kind, self.along, self.turned, self.parts, self.experts, *product)

    @property
    def recipe(self) -> Recipe:
        """What it does to each of its elements."""
        return self.facet.recipe if isinstance(self.facet, Kernel) else self.facet

    @property
    def kernel(self) -> str:
        """The kernel it is: matvec | handover | exchange | elementwise."""
        return self.facet.name if isinstance(self.facet, Kernel) else "elementwise"

    @property
    def share(self) -> float:
        """Of a product that it is one matrix of."""
        return self.parts[0] / self.joined if self.joined else 1.0

    @property
    def query_groups(self) -> int:
        """Queries that share a key: multiplied one after the other."""
        return ceil(self.queries / self.keys)

    def loads(self, tokens: int) -> tuple[int, int]:
        """Return how often the op is done for *tokens*, one after the other, and for how many at once."""
        tokens = tokens * self.copies
        return (1, tokens) if self.experts is None else self.experts.of(tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidentModel:
    """A model's ops as resident kernels see them; one object a model."""

    model: Model
    embed: tuple[ResidentOp, ...]
    layer: tuple[ResidentOp, ...]
    head: tuple[ResidentOp, ...]

    @property
    def layer_values(self) -> int:
        """Numbers of a layer's matrices."""
        return sum(weight.values for op in self.layer for weight in op.weights if weight.matrix)

    @property
    def kv_width(self) -> int:
        """Keys of all heads side by side; as many values."""
        return self.model.kv_heads * self.model.head_width

    @property
    def up_width(self) -> int:
        """What the feed-forward layer's first product gives, its gate included."""
        return self.model.ffn_width * (2 if self.model.gated else 1)


@lru_cache(maxsize=256)
def resident_model(model: Model) -> ResidentModel:
    """Return the ops of *model* as resident kernels see them.

    Raises:
        NotModelled: an op has no resident cost.
    """
    graph = build_graph(model, sequences=1, length=model.max_length)
    embed, layer, head = graph.blocks
    _, last = _lay_out(graph, layer, None)
    layer_ops, last = _lay_out(graph, layer, last)
    head_ops, first = _lay_out(graph, head, last)
    embed_ops, _ = _lay_out(graph, embed, first)
    return ResidentModel(model=model, embed=embed_ops, layer=layer_ops, head=head_ops)


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
    keys, queries = (_kv_width(block, graph), dims["attention"]) if in_attention else (0, 0)
    found = ResidentOp(
        name=op.name.replace("loss", "choice"), kind=kind.name, facet=facet, along=along, keys=keys, queries=queries,
        parts=(width,), copies=_positions(graph, block, stream), by_sequence=stream.axes[-1] == "vocab",
        of_scores=of_scores, causal=in_attention and any(other.attrs.get("causal") for other in block.ops),
        experts=_experts(graph, block, op), weights=_weights(graph, block, op, along),
    )  # fmt: skip
    if op.kind.endswith("linear"):
        return _product(graph, block, op, found)
    if kind.name in ("rotary", "head_norm", "wide_norm"):
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
    return replace(found, inputs=inputs, parts=(outputs,), biased=biased)


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
    return ResidentWeight(down=down, across=across, number=number, tied=tensor.of is not None, matrix=linear)


def _positions(graph: Graph, block: Block, stream: Tensor) -> int:
    """Return the positions of a sequence that an op of a head works on: those selected, or the last."""
    if block.name != "head":
        return 1
    if "length" in stream.axes:
        return max(prod(graph.dims[axis] for axis in t.axes if axis == "masked") for t in block.tensors.values())
    return prod(graph.dims[axis] for axis in stream.axes if axis == "masked")


def _kv_width(block: Block, graph: Graph) -> int:
    heads = next(op.attrs["kv_heads"] for op in block.ops if "kv_heads" in op.attrs)
    return int(heads) * graph.dims["head"]


def _experts(graph: Graph, block: Block, op: Op) -> ExpertShare | None:
    touched = [block.tensors[name] for name in (*op.inputs, *op.outputs)]
    chosen = next((tensor for tensor in touched if "chosen" in tensor.axes), None)
    if chosen is None:
        return None
    return ExpertShare(experts=graph.dims["experts"], chosen=graph.dims["chosen"], imbalance=chosen.room)
