"""Where every KiB of a core goes: program, buffers, one layer's working set, what the backward pass needs again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, fsum

from wsesim.answer import MemoryUse
from wsesim.graph import Block, Graph, Op, matrices
from wsesim.hardware import Wafer
from wsesim.kernels import WHOLE, Parts, Region
from wsesim.mapping.alive import peaks_per_token, per_token
from wsesim.mapping.recompute import from_its_input
from wsesim.ops import find

PARTS = (1, 2, 4, 8, 16)
"""Into how many parts a layer may be cut: each count divides the next, so that more of them hold less at a time."""


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
    parts: Parts = WHOLE
    """In which layers are worked through."""

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
    """Return what *graph* keeps per token where layers are worked through whole."""
    return activations_in(graph)[1]


def activations_in(graph: Graph) -> dict[int, Activations]:
    """Return what *graph* keeps per token where layers are worked through in so many parts, each of `PARTS`.

    Heads are divided where less is then alive at once; else they are left together, as that costs nothing.
    """
    layers, copies = layers_of(graph), sum(layer.repeat for layer in layers_of(graph))
    boundary = max(fsum(_kept_inside(graph, layer, layer.inputs)) for layer in layers)
    kept = fsum(layer.repeat / copies * fsum(_kept_inside(graph, layer, layer.tensors)) for layer in layers)
    ways = [(parts, Parts(heads=heads, columns=parts)) for parts in PARTS
            for heads in sorted({1, _groups_of_heads(graph, parts)})]  # fmt: skip
    found: dict[int, Activations] = {}
    for (parts, cut), working in zip(ways, _workings(graph, [cut for _, cut in ways]), strict=True):
        if parts not in found or working < found[parts].working:
            found[parts] = Activations(
                working=working, boundary=boundary, kept=kept, repeats=tuple(layer.repeat for layer in layers),
                backward=has_backward(graph), parts=cut,
            )  # fmt: skip
    return found


def _groups_of_heads(graph: Graph, most: int) -> int:
    """Return into how many groups, *most* or fewer, heads may fall: keys stay whole, and what is normed together."""
    ops = [op for layer in layers_of(graph) for op in layer.ops]
    if any(find(op.kind).sums_along == "attention" for op in ops):
        return 1
    heads = [number for op in ops if isinstance(number := op.attrs.get("kv_heads"), int)]
    return max(count for count in PARTS if count <= min([most, graph.dims["heads"], *heads]))


def _workings(graph: Graph, cuts: Sequence[Parts]) -> list[float]:
    """Return the most bytes per token that are alive at once, forward and backward, in the parts of each of *cuts*.

    In parts, what the backward pass computes again is computed as it is needed.
    """
    layers = layers_of(graph)
    whole = max(_whole(graph, block) for block in graph.blocks)
    others = [_whole(graph, block) for block in graph.blocks if block not in layers]
    inside = zip(*(peaks_per_token(graph, layer, ops, cuts) for layer in layers for ops in _sweeps(layer)), strict=True)
    return [whole if cut == WHOLE else max(*others, *peaks) for cut, peaks in zip(cuts, inside, strict=True)]


def _sweeps(layer: Block) -> Sequence[Sequence[Op]]:
    backward = layer.phase("backward")
    return [layer.phase("forward")] + ([(*from_its_input(layer), *backward)] if backward else [])


def _whole(graph: Graph, block: Block) -> float:
    ops = [op for op in block.ops if op.phase != "optimizer"]
    return peaks_per_token(graph, block, ops, [WHOLE])[0]


def _kept_inside(graph: Graph, layer: Block, names: Iterable[str]) -> list[float]:
    """Return the bytes per token of those tensors that the backward pass reads again."""
    read = {name for op in layer.ops if op.phase == "backward" for name in op.inputs}
    kept = (name for name in names if name in read and layer.tensors[name].role == "activation")
    return [per_token(graph, layer.tensors[name]) for name in kept]


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
        ("one layer at work", ceil(per_core * what.working), f"most that is alive at once, {sweeps}{_in_parts(what)}"),
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


def _in_parts(what: Activations) -> str:
    return "" if what.parts == WHOLE else f", in {what.parts.columns} parts"


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
