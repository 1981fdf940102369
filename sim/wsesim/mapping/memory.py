"""Where every KiB of a core goes: program, buffers, one layer's working set, what the backward pass needs again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, fsum

from wsesim.answer import MemoryUse
from wsesim.graph import Block, Graph, Op, Tensor, matrices
from wsesim.hardware import Wafer
from wsesim.kernels import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """Bytes per token of a model's activations, on all columns together; independent of the batch."""

    working: float
    """Most that is alive at once inside one block, forward and backward."""
    boundary: float
    """What enters a layer: kept for every one when the inside is recomputed."""
    kept: float
    """What the backward pass of one layer reads again, if nothing is recomputed; of layers that differ, the mean."""
    repeats: tuple[int, ...]
    """Layers that are alike, of each kind."""
    backward: bool = True
    """Whether there is a backward pass that reads them."""

    @property
    def copies(self) -> int:
        """All layers."""
        return sum(self.repeats)


def layers_of(graph: Graph) -> tuple[Block, ...]:
    """Return the blocks that are layers: those between the first and the last, or the one that repeats."""
    return graph.blocks[1:-1] or (layer_of(graph),)


def layer_of(graph: Graph) -> Block:
    """Return the block that repeats; of a model with one layer, the one that activations pass through."""
    return max(graph.blocks, key=lambda block: (block.repeat, _is_passed_through(block)))


def _is_passed_through(block: Block) -> bool:
    return all(
        any(block.tensors[name].role == "activation" for name in names) for names in (block.inputs, block.outputs)
    )


def has_backward(graph: Graph) -> bool:
    """Return whether *graph* is one of training."""
    return any(block.phase("backward") for block in graph.blocks)


def buffer_bytes(graph: Graph, *, layers: float) -> int:
    """Return the room for weights on their way in: so many copies of the largest layer, or such a part of one.

    Half of it is at work, half on its way. Of experts, one at a time; larger blocks stream through the same room.
    """
    each = (sum(graph.bytes(tensor) // matrices(graph, tensor) for tensor in layer.weights())
            for layer in layers_of(graph))  # fmt: skip
    return ceil(layers * max(each))


def activations(graph: Graph) -> Activations:
    """Return what *graph* keeps per token."""
    layers, copies = layers_of(graph), sum(layer.repeat for layer in layers_of(graph))
    return Activations(
        working=max(_peak_per_token(graph, block) for block in graph.blocks),
        boundary=max(fsum(_kept_inside(graph, layer, layer.inputs)) for layer in layers),
        kept=fsum(layer.repeat / copies * fsum(_kept_inside(graph, layer, layer.tensors)) for layer in layers),
        repeats=tuple(layer.repeat for layer in layers),
        backward=has_backward(graph),
    )


def _kept_inside(graph: Graph, layer: Block, names: Iterable[str]) -> list[float]:
    """Return the bytes per token of those tensors that the backward pass reads again."""
    read = {name for op in layer.ops if op.phase == "backward" for name in op.inputs}
    kept = (name for name in names if name in read and layer.tensors[name].role == "activation")
    return [_per_token(graph, layer.tensors[name]) for name in kept]


def memory_table(
    wafer: Wafer, region: Region, what: Activations, *, heads: int, buffer_bytes: int, recompute: float,
    held: Region | None = None,
) -> tuple[MemoryUse, ...]:  # fmt: skip
    """Return the lines of a core's memory; reserved memory is the first line.

    Layers are worked through with the sequences of *region*; what the backward pass needs is kept of those of *held*,
    the micro-batch, which are the same or more. With *recompute* 0 that is the inside of every layer, else the input of
    one in so many, from which those of the layers between are computed again for the sequences at work.
    """
    per_core, held = region.tokens_per_core / region.columns, held or region
    heads_here = max(1, ceil(heads / region.columns))
    sweeps = "forward and backward" if what.backward else "forward"
    software = region.software
    layers, strip = software.layers_in_flight, software.strip_keys
    note = f"{layers:g} of a layer: a part at work, one on its way" if layers < 1 else f"{layers:g} layers"
    in_flight = (ceil(buffer_bytes / wafer.cores), note)
    lines = [
        ("program and system", wafer.core.reserved_bytes, "stack, tasks, communication"),
        ("weights in flight", *in_flight),
        ("one layer at work", ceil(per_core * what.working), f"most that is alive at once, {sweeps}"),
        (
            "scores in flight",
            region.tokens_per_core * strip * heads_here * software.attention_value_bytes,
            f"a strip of {strip} keys; scores and logits are never stored whole",
        ),
    ]
    if what.backward:
        lines.insert(2, ("gradients in flight", *in_flight))
        lines += _kept(what, held, recompute)
        if recompute > 1:
            between = max(ceil(many / kept_inputs(many, recompute)) - 1 for many in what.repeats) * what.boundary
            lines.append(("inputs between checkpoints", ceil(per_core * between), "of the sequences at work"))
    return tuple(MemoryUse(what=name, bytes_per_core=size, note=note) for name, size, note in lines)


def checkpoints(copies: int) -> tuple[float, ...]:
    """Return every how-manieth layer's input may be kept: of all layers, of one less, ... of the first alone."""
    return tuple(copies / inputs for inputs in range(copies, 0, -1))


def kept_inputs(copies: int, recompute: float) -> int:
    """Return of how many layers the input is kept, as evenly spaced as can be."""
    return max(1, round(copies / recompute)) if recompute else 0


def _kept(what: Activations, held: Region, recompute: float) -> list[tuple[str, int, str]]:
    """Return the line of what is kept of the sequences *held*."""
    inputs = sum(kept_inputs(many, recompute) for many in what.repeats)
    each = what.boundary * inputs if recompute else what.kept * what.copies
    which = f"{inputs} of {what.copies} layers" if recompute > 1 else f"{what.copies} layers"
    note = f"{'input' if recompute else 'inside'} of {which}, {held.sequences:,} sequence{'s' * (held.sequences > 1)}"
    return [("kept for the backward pass", ceil(held.tokens_per_core / held.columns * each), note)]


def _peak_per_token(graph: Graph, block: Block) -> float:
    """Walk the block forward and back, and return the most bytes per token alive at once."""
    ops = [op for op in block.ops if op.phase != "optimizer"]
    last_read = {name: index for index, op in enumerate(ops) for name in op.inputs}
    alive = {name: _per_token(graph, block.tensors[name]) for name in block.inputs}
    peak = fsum(alive.values())
    for index, op in enumerate(ops):
        for name in op.outputs:
            alive[name] = _per_token(graph, block.tensors[name])
        peak = max(peak, fsum(alive.values()))
        for name in _finished(op, index, last_read, block):
            alive.pop(name, None)
    return peak


def _finished(op: Op, index: int, last_read: dict[str, int], block: Block) -> list[str]:
    done = [name for name in op.inputs if last_read[name] == index]
    return done + [name for name in op.outputs if name not in last_read and name not in block.outputs]


def passes_in_strips(tensor: Tensor) -> bool:
    """Whether the tensor has keys or vocabulary entries along an axis, so that it is never stored whole."""
    return "keys" in tensor.axes or "vocab" in tensor.axes


def _per_token(graph: Graph, tensor: Tensor) -> float:
    """Bytes per token; nothing for what is not an activation, or passes in strips."""
    if tensor.role not in ("activation", "gradient") or "batch" not in tensor.axes:
        return 0.0
    if passes_in_strips(tensor):
        return 0.0
    return graph.bytes(tensor) / (graph.dims["batch"] * graph.dims["length"])
