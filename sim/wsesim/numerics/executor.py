"""Run a graph in NumPy: block by block, op by op, every tensor dropped after its last use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import DTypeLike

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op, Tensor
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.functions import Setting
from wsesim.numerics.storage import EXACT, Storage
from wsesim.numerics.weights import Weights

NO_SCALARS: Mapping[str, float] = MappingProxyType({})
_PASSING = ("activation", "gradient")
"""Roles of tensors whose arrays are an op's own: nobody else has them."""
Cache = Mapping[tuple[str, int, str], Array]
"""By (block, copy, tensor): room for the keys and values of each token, [batch, any length, kv]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRun:
    """One copy of a block after its forward ops."""

    block: str
    copy: int
    """From 0; a repeated block has as many as it stands in a row."""
    tensors: Mapping[str, Array]
    """Its outputs and what else was to be kept, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a run of a whole graph gave."""

    logits: Mapping[str, Array]
    """By tensor: what each loss was made from."""
    losses: Mapping[str, float]
    """By tensor."""
    kept: Mapping[tuple[str, int, str], Array]
    """What was to be kept, by (block, copy, tensor)."""

    @property
    def loss(self) -> float:
        """The sum of all losses."""
        return sum(self.losses.values())


def execute(
    graph: Graph,
    weights: Weights,
    tokens: Mapping[str, Ids],
    *,
    dtype: DTypeLike = np.float32,
    keep: Collection[str] = (),
    cache: Cache | None = None,
    storage: Storage = EXACT,
) -> Execution:
    """Run the forward ops of *graph* and return logits and losses.

    *tokens* holds every tensor of ids and labels (`token_inputs` makes them); *keep* names tensors to return from each
    copy of each block that has them. Ops compute in *dtype*; if that is float32, what they give is kept as *storage*
    says. Weights of one block copy are in memory at a time. A graph with a cache reads and extends *cache*, which
    `new_cache` makes.

    Raises:
        InputError: an id is outside its table.
        SpecError: an op of a kind that cannot run, or an array whose shape is not the graph's.
    """
    losses = {op.outputs[0]: op.inputs[0] for block in graph.blocks for op in losses_of(block)}
    logits = tuple(losses.values()) or graph.blocks[-1].outputs
    found: dict[str, Array] = {}
    kept: dict[tuple[str, int, str], Array] = {}
    wanted = {*keep, *losses, *logits}
    for run in walk(graph, weights, tokens, dtype=dtype, keep=wanted, cache=cache, storage=storage):
        for name, array in run.tensors.items():
            if name in losses or name in logits:
                found[name] = array
            if name in keep:
                kept[run.block, run.copy, name] = array
    return Execution(
        logits={name: found[name] for name in logits}, losses={name: float(found[name][0]) for name in losses},
        kept=kept,
    )  # fmt: skip


def walk(
    graph: Graph,
    weights: Weights,
    tokens: Mapping[str, Ids],
    *,
    dtype: DTypeLike = np.float32,
    keep: Collection[str] = (),
    cache: Cache | None = None,
    storage: Storage = EXACT,
) -> Iterator[BlockRun]:
    """Run *graph* as `execute` does, yielding each block copy when it is done, so that a caller can follow along.

    Raises:
        InputError, SpecError: as `execute`.
    """
    carried: Sequence[Array] = ()
    for block in graph.blocks:
        inputs = [name for name in block.inputs if block.tensors[name].role == "activation"]
        outputs = [name for name in block.outputs if block.tensors[name].role in ("activation", "loss")]
        for copy in range(block.repeat):
            values = dict(zip(inputs, carried, strict=True))
            carried = ()
            values |= tokens_of(graph, block, tokens)
            values |= _cached(graph, block, copy, cache or {})
            values |= streamed(block, _loaded(weights, block, copy, dtype), storage)  # and kept nowhere else
            wanted = {*keep, *outputs}
            run_ops(graph, block, block.phase("forward"), values, keep=wanted, storage=storage, copy=copy)
            carried = [values[name] for name in outputs]
            yield BlockRun(block=block.name, copy=copy, tensors=values)
            del values


def run_ops(
    graph: Graph,
    block: Block,
    ops: Sequence[Op],
    values: dict[str, Array],
    *,
    keep: Collection[str],
    spent: Collection[str] = (),
    scalars: Mapping[str, float] = NO_SCALARS,
    storage: Storage = EXACT,
    copy: int = 0,
) -> None:
    """Run *ops* of any phase in order on *values*, which gains their outputs and loses what none reads any more.

    What an op gives may lie where an array that is lost lay, if an op of these made it or it is among *spent*.

    Raises:
        SpecError: an op that nothing computes, or an output whose shape is not the graph's.
    """
    last_use = {name: index for index, op in enumerate(ops) for name in (*op.outputs, *op.inputs)}
    for name in [name for name in values if name not in last_use and name not in keep]:
        del values[name]
    own = {*spent}
    for index, op in enumerate(ops):
        lost = {name for name in (*op.inputs, *op.outputs) if last_use[name] <= index and name not in keep}
        shapes = [graph.shape(block.tensors[name]) for name in op.outputs]
        spare = _spare(op, lost & own, values)
        setting = Setting(dims=graph.dims, shapes=shapes, scalars=scalars, spare=spare, copy=copy)
        results = storage.function_of(op)(op, [values[name] for name in op.inputs], setting)
        for name, array in zip(op.outputs, results, strict=True):
            _check_shape(graph, block, name, array)
            values[name] = storage.store(block.tensors[name], array)
        own |= {name for name in op.outputs if block.tensors[name].role in _PASSING}
        for name in lost:
            del values[name]


def _spare(op: Op, lost: Collection[str], values: Mapping[str, Array]) -> list[int]:
    """Return the places of the inputs that are *lost* and share their memory with nothing that stays."""
    return [
        place for place, name in enumerate(op.inputs)
        if name in lost
        and not any(np.may_share_memory(values[name], array) for other, array in values.items() if other != name)
    ]  # fmt: skip


def _loaded(weights: Weights, block: Block, copy: int, dtype: DTypeLike) -> dict[str, Array]:
    return {name: array.astype(dtype, copy=False) for name, array in weights.load(block.name, copy).items()}


def streamed(block: Block, weights: Mapping[str, Array], storage: Storage) -> dict[str, Array]:
    """Return weights and state of a block as its ops read them: weights in the format they are streamed in.

    What the block does not have, as moments in a forward graph, is left out.
    """
    return {name: storage.store(block.tensors[name], array) for name, array in weights.items() if name in block.tensors}


def losses_of(block: Block) -> list[Op]:
    """Return the ops of *block* that make losses."""
    return [op for op in block.phase("forward") if block.tensors[op.outputs[0]].role == "loss"]


def tokens_of(graph: Graph, block: Block, tokens: Mapping[str, Ids]) -> dict[str, Ids]:
    """Return the ids, labels and masks that *block* reads.

    Raises:
        SpecError: one is missing, or of another shape.
    """
    names = [tensor.name for tensor in block.tensors.values() if tensor.role == "tokens"]
    for name in names:
        if name not in tokens:
            raise SpecError(name, f"is not among the tokens given: {', '.join(sorted(tokens)) or 'none'}")
        _check_shape(graph, block, name, tokens[name])
    return {name: tokens[name] for name in names}


def new_cache(graph: Graph, keys: int, dtype: DTypeLike = np.float32) -> Cache:
    """Return room for *keys* tokens of each sequence, for a graph that has a cache."""
    batch = graph.dims["batch"]
    return {
        (block.name, copy, tensor.name): np.zeros((batch, keys, graph.dims[tensor.axes[-1]]), dtype=dtype)
        for block in graph.blocks
        for tensor in _caches(block)
        for copy in range(block.repeat)
    }


def _caches(block: Block) -> list[Tensor]:
    return [tensor for tensor in block.tensors.values() if tensor.role == "cache"]


def _cached(graph: Graph, block: Block, copy: int, cache: Cache) -> dict[str, Array]:
    """Return views of the cache as long as there are tokens."""
    found = {}
    for tensor in _caches(block):
        room, keys = cache.get((block.name, copy, tensor.name)), graph.dims["keys"]
        if room is None or room.shape[1] < keys:
            raise SpecError(tensor.name, f"has no room for {keys} tokens: `new_cache` makes it")
        found[tensor.name] = room[:, :keys]
    return found


def _check_shape(graph: Graph, block: Block, name: str, array: Array) -> None:
    wanted = graph.shape(block.tensors[name])
    if array.shape != wanted:
        raise SpecError(name, f"must have the shape {wanted}, got {array.shape}")
