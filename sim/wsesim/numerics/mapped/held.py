"""A step as mapped, held to the same step in one piece: forward, gradients, and the weights after an update.

Both round in fp32 and add up in other orders. What that may come to is what `verify` allows of a tensor,
u sqrt(n) (8 rms + largest), n being the terms that led to it in both; those of a gradient are all of both passes. The
update has an epsilon of 1, so that a gradient of nearly zero moves a weight by no more than itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np

from wsesim.graph import Graph
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.executor import walk
from wsesim.numerics.mapped.step import MappedStep
from wsesim.numerics.optimizer import AdamW, Schedule
from wsesim.numerics.storage import EXACT, Storage
from wsesim.numerics.training import Key, NamedArrays, backward, forward, update
from wsesim.numerics.verify import DEVIATIONS, LOSS_ROUNDING, UNIT_ROUNDOFF, inner_length
from wsesim.numerics.weights import Weights

RATE = 0.1
OPTIMIZER = AdamW(schedule=Schedule(peak=RATE), epsilon=1.0)
Computed = tuple[Mapping[str, float], Mapping[Key, Array]]
"""Losses, and the gradient of each weight."""
FLOOR = 0.1
"""Of a gradient's tolerance, that of the largest. Assumed: what comes back through a softmax or a norm is small because
larger terms cancel (the gradient of a key's bias is zero in theory), and is off as those are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTensor:
    """One tensor of both."""

    name: str
    error: float
    """Largest difference; infinite if one is no finite number."""
    tolerance: float

    @property
    def excess(self) -> float:
        """Error beside tolerance: over 1 is a mistake."""
        return self.error / self.tolerance if self.tolerance else inf if self.error else 0.0


def hold(mapped: MappedStep, graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Ids]) -> Iterator[HeldTensor]:
    """Yield every block's output, and of a graph with backward ops all of one step; *arrays* are updated.

    *graph* is that of the whole batch; a forward graph has only outputs and losses.
    """
    yield from _forward(mapped, graph, arrays, tokens)
    if any(block.phase("backward") for block in graph.blocks):
        yield from _step(mapped, graph, arrays, tokens)


def _step(mapped: MappedStep, graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Ids]) -> Iterator[HeldTensor]:
    run = forward(graph, arrays, tokens)
    wanted = dict(run.losses), backward(graph, arrays, run)
    yield from hold_step(graph, arrays, wanted, mapped.gradients(graph, arrays, tokens))


def hold_step(
    graph: Graph, arrays: NamedArrays, wanted: Computed, found: Computed, storage: Storage = EXACT
) -> Iterator[HeldTensor]:
    """Yield losses and gradients of both, and the weights after an update, which *storage* computes of those found.

    *arrays* are updated by what is wanted.
    """
    both = sum(inner_length(graph, block, op) * block.repeat for block in graph.blocks for op in block.ops
               if op.phase != "optimizer")  # fmt: skip
    (losses, gradients), (found_losses, found_gradients) = wanted, found
    for name, loss in losses.items():
        allowed = UNIT_ROUNDOFF * sqrt(both) * DEVIATIONS * abs(loss) + LOSS_ROUNDING * max(1.0, abs(loss))
        yield HeldTensor(name=name, error=_finite(abs(found_losses[name] - loss)), tolerance=allowed)
    floor = FLOOR * max(_allowed(array, both) for array in gradients.values())
    allowed_of = {key: max(floor, _allowed(array, both)) for key, array in gradients.items()}
    for key, array in gradients.items():
        yield _held(f"gradient of {_named(key)}", found_gradients[key], array, allowed_of[key])
    other = NamedArrays(graph, {key: array.copy() for key, array in arrays.arrays.items()})
    update(graph, arrays, gradients, OPTIMIZER, 1)
    update(graph, other, found_gradients, OPTIMIZER, 1, storage=storage)
    for key, allowed in allowed_of.items():
        array = arrays.arrays[key]
        rounding = 4 * UNIT_ROUNDOFF * float(np.abs(array).max())
        yield _held(f"{_named(key)} after a step", other.arrays[key], array, 2 * RATE * allowed + rounding)


def _forward(mapped: MappedStep, graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Ids]) -> Iterator[HeldTensor]:
    """Hold the first pass of the first wafer."""
    first = mapped.sizes[0][0]
    part = {name: each[:first] for name, each in tokens.items()}
    return hold_outputs(graph.with_dims(batch=first), arrays, part, mapped.on_lines(first))


def hold_outputs(
    graph: Graph, weights: Weights, tokens: Mapping[str, Ids], storage: Storage, *, other: Graph | None = None
) -> Iterator[HeldTensor]:  # fmt: skip
    """Yield the outputs of each block, and what losses are made of, that *storage* computes, held to the plain ones.

    It computes them of *graph*, or of an *other* that gives the same.
    """
    terms, blocks = 0, {block.name: block for block in graph.blocks}
    both = (walk(graph, weights, tokens), walk(other or graph, weights, tokens, storage=storage))
    for wanted, found in zip(*both, strict=True):
        block = blocks[wanted.block]
        terms += sum(inner_length(graph, block, op) for op in block.phase("forward"))
        for name in wanted.tensors:
            if block.tensors[name].role in ("activation", "loss"):
                array = wanted.tensors[name]
                yield _held(f"{_named((wanted.block, wanted.copy, name))}", found.tensors[name], array,
                            _allowed(array, terms))  # fmt: skip


def _allowed(array: Array, terms: int) -> float:
    rms, largest = sqrt(float(np.square(array, dtype=np.float64).mean())), float(np.abs(array).max())
    return UNIT_ROUNDOFF * sqrt(2 * terms) * (DEVIATIONS * rms + largest)


def _held(name: str, found: Array, wanted: Array, allowed: float) -> HeldTensor:
    return HeldTensor(name=name, error=_finite(float(np.abs(found - wanted).max())), tolerance=allowed)


def _finite(error: float) -> float:
    return error if isfinite(error) else inf


def _named(key: Key) -> str:
    block, copy, tensor = key
    return f"{tensor} of {block} {copy + 1}"
