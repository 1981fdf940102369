"""Run a graph in NumPy: block by block, op by op, every tensor dropped after its last use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.functions import function_of
from wsesim.numerics.weights import Weights


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
) -> Execution:
    """Run the forward ops of *graph* and return logits and losses.

    *tokens* holds every tensor of ids and labels (`token_inputs` makes them); *keep* names tensors to return from each
    copy of each block that has them. Arithmetic is in *dtype*; weights of one block copy are in memory at a time.

    Raises:
        InputError: an id is outside its table.
        SpecError: an op of a kind that cannot run, or an array whose shape is not the graph's.
    """
    sinks = {name: (op.inputs[0], op.outputs[0]) for block in graph.blocks for name, op in _losses(block)}
    ends = {name for sink in sinks.values() for name in sink}
    found: dict[str, Array] = {}
    kept: dict[tuple[str, int, str], Array] = {}
    for run in walk(graph, weights, tokens, dtype=dtype, keep={*keep, *ends}):
        for name, array in run.tensors.items():
            if name in ends:
                found[name] = array
            if name in keep:
                kept[run.block, run.copy, name] = array
    return Execution(
        logits={logits: found[logits] for logits, _ in sinks.values()},
        losses={loss: float(found[loss][0]) for _, loss in sinks.values()},
        kept=kept,
    )


def walk(
    graph: Graph,
    weights: Weights,
    tokens: Mapping[str, Ids],
    *,
    dtype: DTypeLike = np.float32,
    keep: Collection[str] = (),
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
            values |= _tokens_of(graph, block, tokens)
            values |= {name: array.astype(dtype, copy=False) for name, array in weights.load(block.name, copy).items()}
            run_ops(graph, block, block.phase("forward"), values, keep={*keep, *outputs})
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
) -> None:
    """Run *ops* in order on *values*, which gains their outputs and loses what none of them reads any more.

    Raises:
        SpecError: an op that nothing computes, or an output whose shape is not the graph's.
    """
    last_use = {name: index for index, op in enumerate(ops) for name in (*op.outputs, *op.inputs)}
    for name in [name for name in values if name not in last_use and name not in keep]:
        del values[name]
    for index, op in enumerate(ops):
        results = function_of(op)(op, [values[name] for name in op.inputs], graph.dims)
        for name, array in zip(op.outputs, results, strict=True):
            _check_shape(graph, block, name, array)
            values[name] = array
        for name in {*op.inputs, *op.outputs}:
            if last_use[name] <= index and name not in keep:
                del values[name]


def _losses(block: Block) -> Iterator[tuple[str, Op]]:
    for op in block.phase("forward"):
        if block.tensors[op.outputs[0]].role == "loss":
            yield op.outputs[0], op


def _tokens_of(graph: Graph, block: Block, tokens: Mapping[str, Ids]) -> dict[str, Ids]:
    names = [tensor.name for tensor in block.tensors.values() if tensor.role == "tokens"]
    for name in names:
        if name not in tokens:
            raise SpecError(name, f"is not among the tokens given: {', '.join(sorted(tokens)) or 'none'}")
        _check_shape(graph, block, name, tokens[name])
    return {name: tokens[name] for name in names}


def _check_shape(graph: Graph, block: Block, name: str, array: Array) -> None:
    wanted = graph.shape(block.tensors[name])
    if array.shape != wanted:
        raise SpecError(name, f"must have the shape {wanted}, got {array.shape}")
