"""Dataflow graphs of models: tensors, ops, one layer written once."""

from wsesim.graph.backward import is_borrowed, is_lent, with_training
from wsesim.graph.chakra import to_chakra
from wsesim.graph.core import BYTES_PER_ELEMENT, Attribute, Block, Graph, Op, Tensor
from wsesim.graph.counts import flops, is_linear, linear_tensors, macs, matrices, windows
from wsesim.graph.export import to_dot, to_json
from wsesim.graph.svg import to_svg

__all__ = [
    "BYTES_PER_ELEMENT",
    "Attribute",
    "Block",
    "Graph",
    "Op",
    "Tensor",
    "flops",
    "is_borrowed",
    "is_lent",
    "is_linear",
    "linear_tensors",
    "macs",
    "matrices",
    "to_chakra",
    "to_dot",
    "to_json",
    "to_svg",
    "windows",
    "with_training",
]
