"""Dataflow graphs of models: tensors, ops, one layer written once.

Importing this package is cheap: what draws and exports is imported by the function that needs it.
"""

from __future__ import annotations

from typing import Any

from wsesim.graph.backward import is_borrowed, is_lent, with_training
from wsesim.graph.core import BYTES_PER_ELEMENT, Attribute, Block, Graph, Op, Tensor
from wsesim.graph.counts import flops, is_linear, linear_tensors, macs, matrices, windows
from wsesim.graph.packing import PACKED_FORMATS, PackedFormat, Packing, packing_of

__all__ = [
    "BYTES_PER_ELEMENT",
    "PACKED_FORMATS",
    "Attribute",
    "Block",
    "Graph",
    "Op",
    "PackedFormat",
    "Packing",
    "Tensor",
    "flops",
    "is_borrowed",
    "is_lent",
    "is_linear",
    "linear_tensors",
    "macs",
    "matrices",
    "packing_of",
    "to_chakra",
    "to_dot",
    "to_json",
    "to_svg",
    "windows",
    "with_training",
]


def to_svg(graph: Graph) -> str:
    """Return *graph*, forward only or with training, as an SVG document; the same graph gives the same bytes."""
    from wsesim.graph.svg import to_svg

    return to_svg(graph)


def to_json(graph: Graph) -> dict[str, Any]:
    """Return *graph* as plain lists and dicts; figures of a block are those of one copy of it."""
    from wsesim.graph.export import to_json

    return to_json(graph)


def to_dot(graph: Graph, *, weights: bool = False) -> str:
    """Return *graph* in Graphviz' language, with *weights* or without: a cluster a block, a node an op."""
    from wsesim.graph.export import to_dot

    return to_dot(graph, weights=weights)


def to_chakra(graph: Graph, *, systems: int = 1) -> bytes:
    """Return *graph* as the trace of one of *systems*, which all do the same."""
    from wsesim.graph.chakra import to_chakra

    return to_chakra(graph, systems=systems)
