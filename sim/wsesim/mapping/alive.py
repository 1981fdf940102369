"""What of a layer is alive at once: what its ops have written and others still read, for each token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import fsum

from wsesim.graph import Block, Graph, Op, Tensor
from wsesim.kernels import WHOLE, Parts, half_of, is_stream


def peaks_per_token(graph: Graph, block: Block, ops: Sequence[Op], cuts: Sequence[Parts]) -> list[float]:
    """Walk *ops* of a block in order, and return the most bytes per token alive at once, in parts as each of *cuts*.

    In parts each stretch of ops of one half runs for one part after another: of what is written and read in it alone
    there is a part at a time.
    """
    sizes = {name: per_token(graph, tensor) for name, tensor in block.tensors.items()}
    within = _within_a_stretch(block, ops) if any(parts != WHOLE for parts in cuts) else set()
    dies = _dies(block, ops)
    return [
        _peak(block, ops, dies, {name: size / (parts.of(block.tensors[name]) if name in within else 1)
                                 for name, size in sizes.items()})
        for parts in cuts
    ]  # fmt: skip


def _peak(block: Block, ops: Sequence[Op], dies: Sequence[Sequence[str]], sizes: Mapping[str, float]) -> float:
    alive = {name: sizes[name] for name in block.inputs}
    peak = fsum(alive.values())
    for op, done in zip(ops, dies, strict=True):
        for name in op.outputs:
            alive[name] = sizes[name]
        peak = max(peak, fsum(alive.values()))
        for name in done:
            alive.pop(name, None)
    return peak


def passes_in_strips(tensor: Tensor) -> bool:
    """Whether the tensor has keys or vocabulary entries along an axis, so that it is never stored whole."""
    return "keys" in tensor.axes or "vocab" in tensor.axes


def per_token(graph: Graph, tensor: Tensor) -> float:
    """Bytes per token; nothing for what is not an activation, or passes in strips."""
    if not is_stream(tensor) or passes_in_strips(tensor):
        return 0.0
    return graph.bytes(tensor) / (graph.dims["batch"] * graph.dims["length"])


def _within_a_stretch(block: Block, ops: Sequence[Op]) -> set[str]:
    """Return the tensors that a single stretch of ops of one half touches, and that do not leave the block."""
    stretches: dict[str, set[int]] = {name: {-1} for name in (*block.inputs, *block.outputs)}
    for number, (_, stretch) in enumerate(groupby(ops, key=lambda op: half_of(block, op))):
        for op in stretch:
            for name in (*op.inputs, *op.outputs):
                stretches.setdefault(name, set()).add(number)
    return {name for name, found in stretches.items() if len(found) == 1}


def _dies(block: Block, ops: Sequence[Op]) -> list[list[str]]:
    """Return of each op what no later one reads: of its inputs, and of its outputs that do not leave the block."""
    last_read = {name: index for index, op in enumerate(ops) for name in op.inputs}
    return [
        [name for name in op.inputs if last_read[name] == index]
        + [name for name in op.outputs if name not in last_read and name not in block.outputs]
        for index, op in enumerate(ops)
    ]
