"""A layer worked through in parts: groups of heads, and of columns of its feed-forward network, one after another.

    whole         x -> q k v -> heads -> project      x -> up, gate -> activation -> down
    in two parts  x -> half  -> half  -> half \\       x -> half     -> half       -> half \\
                  x -> other -> other -> other + sum  x -> other    -> other      -> other + sum

What lies between is held of one part alone. A weight belongs to one part, so that weights pass once; what each part
adds to the stream is summed. A group lies along all columns of the wafer: each fills them anew, and fewer features of a
head on a core mean more partial scores that pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.errors import require_positive
from wsesim.graph import Block, Graph, Op, Tensor

HEADS = frozenset({"heads", "qkv", "attention", "kv", "queries", "made"})
"""Axes that groups of heads divide."""
COLUMNS = frozenset({"ffn", "shared", "dense"})
"""Axes of feed-forward networks that groups of their columns divide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Into how many groups heads and columns are divided."""

    heads: int = 1
    columns: int = 1

    def __post_init__(self) -> None:
        require_positive(heads=self.heads, columns=self.columns)

    def of(self, tensor: Tensor) -> int:
        """Return into how many parts a tensor falls."""
        if HEADS.intersection(tensor.axes):
            return self.heads
        return self.columns if COLUMNS.intersection(tensor.axes) else 1

    def of_op(self, block: Block, op: Op) -> int:
        """Return how often an op runs for a call: once for each part of what it reads or writes of tokens."""
        return max(self.of(tensor) for tensor in streams(block, op)) if self != WHOLE else 1

    def cut(self, graph: Graph) -> Graph:
        """Return *graph* with the axes of the largest part."""
        counts = dict.fromkeys(HEADS, self.heads) | dict.fromkeys(COLUMNS, self.columns)
        return graph.with_dims(**{axis: -(-graph.dims[axis] // count) for axis, count in counts.items()
                                  if axis in graph.dims})  # fmt: skip

    def summed(self, block: Block, op: Op) -> list[Tensor]:
        """Return what an op that runs in parts writes whole, so that each part adds to it."""
        written = (block.tensors[name] for name in op.outputs)
        return [tensor for tensor in written if is_stream(tensor) and self.of(tensor) == 1]


WHOLE = Parts()
"""Of a layer that is not divided."""


def is_stream(tensor: Tensor) -> bool:
    """Return whether a tensor has values of each token."""
    return tensor.role in ("activation", "gradient") and "batch" in tensor.axes


def half_of(block: Block, op: Op) -> str | None:
    """Return whose groups divide an op: heads or columns; None where it needs all of a token."""
    axes = frozenset(axis for tensor in streams(block, op) for axis in tensor.axes)
    return "heads" if axes & HEADS else "columns" if axes & COLUMNS else None


def streams(block: Block, op: Op) -> list[Tensor]:
    """Return what an op touches of tokens."""
    return [tensor for name in (*op.inputs, *op.outputs) if is_stream(tensor := block.tensors[name])]
