"""One step of training on named arrays: forward, backward, update, by the ops of the graph.

    arrays = NamedArrays.begin(graph, weights)            weights and the optimizer's state, by (block, copy, tensor)
    run    = forward(graph, arrays, tokens)               losses, and what the backward pass reads again
    grads  = backward(graph, arrays, run)                 of each weight; a tied head's added to its table's
    norm   = update(graph, arrays, grads, optimizer, 1)   arrays are changed where they lie

`step` does all of it for a batch in parts: however it is cut, and whichever labels of a part are ignored, gradients add
up to those of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from numpy.typing import DTypeLike

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op, is_borrowed, is_lent
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.executor import NO_SCALARS, losses_of, run_ops, streamed, tokens_of
from wsesim.numerics.loss import COUNT, LOSS_SCALE, labels_counted
from wsesim.numerics.optimizer import AdamW
from wsesim.numerics.storage import EXACT, Storage
from wsesim.numerics.weights import Weights

Key = tuple[str, int, str]
"""Block, copy (from 0), tensor."""


class NamedArrays:
    """Weights, moments and places of a training graph, each once, in memory."""

    def __init__(self, graph: Graph, arrays: MutableMapping[Key, Array]) -> None:
        """Take *arrays* as they are.

        Raises:
            SpecError: one that *graph* needs is missing, or has another shape.
        """
        self.arrays = arrays
        self._graph = graph
        self._blocks = {block.name: block for block in graph.blocks}
        self._owner = {name: block.name for block in graph.blocks for name in _owned(block)}
        for block in graph.blocks:
            for copy in range(block.repeat):
                self.load(block.name, copy)

    @classmethod
    def begin(cls, graph: Graph, weights: Weights, dtype: DTypeLike = np.float32) -> NamedArrays:
        """Load *weights*; moments are zero, and the places of a sparse weight are those where it is not."""
        arrays: dict[Key, Array] = {}
        for block in graph.blocks:
            for copy in range(block.repeat):
                loaded = weights.load(block.name, copy)
                for name in _owned(block):
                    tensor = block.tensors[name]
                    array = loaded[name] if tensor.role == "weight" else None
                    arrays[block.name, copy, name] = (
                        np.array(array, dtype=dtype) if array is not None
                        else loaded[str(tensor.of)] != 0 if tensor.dtype == "bool"
                        else np.zeros(graph.shape(tensor), dtype=dtype)
                    )  # fmt: skip
        return cls(graph, arrays)

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return weights and state of one copy of a block, not copied; a tied head is the token table."""
        found = {}
        for tensor in self._blocks[block].tensors.values():
            if tensor.role in ("weight", "state"):
                own = tensor.role == "state" or not is_borrowed(tensor)
                key = (block, copy, tensor.name) if own else (self._owner[str(tensor.of)], 0, str(tensor.of))
                array = self.arrays.get(key)
                wanted = self._graph.shape(tensor)
                if array is None or array.shape != wanted:
                    has = "is missing" if array is None else f"has the shape {array.shape}"
                    raise SpecError(tensor.name, f"of {block} {copy} {has}, wanted {wanted}")
                found[tensor.name] = array
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A forward pass whose backward pass is to follow."""

    losses: Mapping[str, float]
    """By tensor."""
    saved: dict[tuple[str, int], dict[str, Array]]
    """By block and copy: what is read again, or with recompute what the block takes in. Emptied by `backward`."""
    tokens: Mapping[str, Ids]
    scalars: Mapping[str, float]
    recompute: bool
    storage: Storage

    @property
    def loss(self) -> float:
        """The sum of all losses."""
        return sum(self.losses.values())


def forward(
    graph: Graph,
    arrays: NamedArrays,
    tokens: Mapping[str, Ids],
    *,
    scalars: Mapping[str, float] = NO_SCALARS,
    recompute: bool = False,
    storage: Storage = EXACT,
) -> Forward:
    """Run the forward ops; with *recompute* keep of each block what it takes in only.

    *scalars* may hold `count.LABELS`, the labels of the whole batch of which this is a part, and `loss_scale`.

    Raises:
        InputError, SpecError: as `execute`.
    """
    carried: Sequence[Array] = ()
    saved: dict[tuple[str, int], dict[str, Array]] = {}
    losses: dict[str, float] = {}
    for block in graph.blocks:
        inputs, outputs = _activations(block, block.inputs), _activations(block, block.outputs)
        ends = [op.outputs[0] for op in losses_of(block)]
        again = set(inputs) if recompute else {*_read_again(block)}
        for copy in range(block.repeat):
            values = dict(zip(inputs, carried, strict=True))
            values |= tokens_of(graph, block, tokens) | streamed(block, arrays.load(block.name, copy), storage)
            run_ops(
                graph, block, block.phase("forward"), values, keep={*again, *outputs, *ends}, scalars=scalars,
                storage=storage, copy=copy,
            )  # fmt: skip
            carried = [values[name] for name in outputs]
            losses |= {name: float(values[name][0]) for name in ends}
            saved[block.name, copy] = {name: values[name] for name in again if name in values}
    return Forward(
        losses=losses, saved=saved, tokens=tokens, scalars=scalars, recompute=recompute, storage=storage
    )  # fmt: skip


def backward(graph: Graph, arrays: NamedArrays, run: Forward) -> dict[Key, Array]:
    """Return the gradient of every weight, times the loss scale; uses up what *run* has saved.

    Raises:
        SpecError: *graph* has no backward ops, or *run* was used before.
    """
    if not any(block.phase("backward") for block in graph.blocks):
        raise SpecError(graph.name, "has no backward ops: `with_training` adds them")
    gradients: dict[Key, Array] = {}
    lent: dict[str, Array] = {}
    carried: Sequence[Array] = ()
    for block, copy in _downwards(graph):
        values = _again(graph, block, copy, arrays, run)
        arrived = {name: lent.pop(name) for name in block.inputs if name in lent}
        spent = {*arrived, *_made(block, values)}
        passed = [name for name in _gradients(block, block.inputs) if name not in arrived]
        values |= arrived | dict(zip(passed, carried, strict=True))
        final, leaving = _final_gradients(block), _gradients(block, block.outputs)
        run_ops(
            graph, block, _arriving(block), values, keep={*final.values(), *leaving}, spent=spent,
            scalars=run.scalars, storage=run.storage, copy=copy,
        )  # fmt: skip
        lent |= {name: values[name] for name in leaving if is_lent(block, name)}
        carried = [values[name] for name in leaving if name not in lent]
        gradients |= {(block.name, copy, weight): values[name] for weight, name in final.items()}
    return gradients


def update(
    graph: Graph, arrays: NamedArrays, gradients: Mapping[Key, Array], optimizer: AdamW, step: int,
    *, loss_scale: float = 1.0, storage: Storage = EXACT,
) -> float:  # fmt: skip
    """Update weights and moments where they lie, and return the norm of all gradients before it is clipped.

    Goes over the gradients twice, as the graph does. *step* counts from 1; *storage* says who computes, and rounds
    nothing here. If the norm is not a finite number, nothing
    is changed.
    """
    total = 0.0
    for block, values in _with_gradients(graph, arrays, gradients):
        run_ops(graph, block, _of_kind(block, "norm"), values, keep=["gradients.square"], storage=storage)
        total += float(values["gradients.square"][0])
    norm = sqrt(total) / loss_scale
    if isfinite(norm):
        scalars = optimizer.scalars(step, norm, loss_scale)
        for block, values in _with_gradients(graph, arrays, gradients):
            run_ops(graph, block, _of_kind(block, "adamw"), values, keep=(), scalars=scalars, storage=storage)
    return norm


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """What a step of training came to."""

    losses: Mapping[str, float]
    """By tensor, before the update."""
    norm: float
    """Of all gradients, before it is clipped; if not finite, nothing was updated."""
    learning_rate: float


def step(
    graph: Graph, arrays: NamedArrays, batches: Sequence[Mapping[str, Ids]], optimizer: AdamW, number: int,
    *, loss_scale: float = 1.0, recompute: bool = False, storage: Storage = EXACT,
) -> StepTaken:  # fmt: skip
    """Take step *number* (from 1) on a batch given in parts, each as large as *graph* is."""
    scalars = {**label_counts(graph, batches), LOSS_SCALE: loss_scale}
    total: dict[Key, Array] = {}
    losses: dict[str, float] = {}
    for tokens in batches:
        run = forward(graph, arrays, tokens, scalars=scalars, recompute=recompute, storage=storage)
        losses = {name: losses.get(name, 0.0) + loss for name, loss in run.losses.items()}
        for key, gradient in backward(graph, arrays, run).items():
            if key in total:
                total[key] += gradient
            else:
                total[key] = gradient
    norm = update(graph, arrays, total, optimizer, number, loss_scale=loss_scale, storage=storage)
    return StepTaken(losses=losses, norm=norm, learning_rate=optimizer.schedule.rate(number))


def label_counts(graph: Graph, batches: Sequence[Mapping[str, Ids]]) -> dict[str, float]:
    """Return the scalars that say how many labels each loss of a batch in parts is a mean over."""
    ops = [op for block in graph.blocks for op in losses_of(block)]
    return {
        f"{COUNT}.{op.inputs[1]}": sum(labels_counted(op, tokens[op.inputs[1]]) for tokens in batches) for op in ops
    }


def _owned(block: Block) -> list[str]:
    return [
        tensor.name for tensor in block.tensors.values()
        if tensor.role == "state" or (tensor.role == "weight" and not is_borrowed(tensor))
    ]  # fmt: skip


def _activations(block: Block, names: Collection[str]) -> list[str]:
    return [name for name in names if block.tensors[name].role == "activation"]


def _gradients(block: Block, names: Collection[str]) -> list[str]:
    return [name for name in names if block.tensors[name].role == "gradient"]


def _made(block: Block, names: Collection[str]) -> list[str]:
    """Return the activations that are *block*'s own: those that pass from block to block are in other hands, too."""
    passing = {*block.inputs, *block.outputs}
    return [name for name in _activations(block, names) if name not in passing]


def _read_again(block: Block) -> Iterator[str]:
    for op in block.phase("backward"):
        yield from (name for name in op.inputs if block.tensors[name].role == "activation")


def _downwards(graph: Graph) -> Iterator[tuple[Block, int]]:
    for block in reversed(graph.blocks):
        for copy in reversed(range(block.repeat)):
            yield block, copy


def _again(graph: Graph, block: Block, copy: int, arrays: NamedArrays, run: Forward) -> dict[str, Array]:
    """Return what the backward ops of a block read, computed once more if only its input was kept."""
    if (block.name, copy) not in run.saved:
        raise SpecError("run", "is used up: each forward pass has one backward pass")
    weights = streamed(block, arrays.load(block.name, copy), run.storage)
    given: dict[str, Array] = {**tokens_of(graph, block, run.tokens), **weights}
    values = run.saved.pop((block.name, copy))
    if run.recompute:
        values |= given
        run_ops(
            graph, block, block.phase("forward"), values, keep={*_read_again(block)}, scalars=run.scalars,
            storage=run.storage, copy=copy,
        )  # fmt: skip
    return values | given


def _arriving(block: Block) -> list[Op]:
    """Return the backward ops, and the sum with what another block has for a weight."""
    return [*block.phase("backward"), *_of_kind(block, "accumulate", phase="optimizer")]


def _of_kind(block: Block, kind: str, phase: str = "optimizer") -> list[Op]:
    return [op for op in block.phase(phase) if op.kind == kind]


def _final_gradients(block: Block) -> dict[str, str]:
    """Return by weight the gradient that its update reads."""
    return {op.inputs[0]: op.inputs[1] for op in _of_kind(block, "adamw")}


def _with_gradients(
    graph: Graph, arrays: NamedArrays, gradients: Mapping[Key, Array]
) -> Iterator[tuple[Block, dict[str, Array]]]:
    """Yield each copy of a block with its weights, its state and the gradients of its weights."""
    for block, copy in _downwards(graph):
        final = _final_gradients(block)
        if final:
            found = {name: gradients[block.name, copy, weight] for weight, name in final.items()}
            yield block, arrays.load(block.name, copy) | found
