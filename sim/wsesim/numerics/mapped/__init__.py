"""A graph computed as it is mapped: features and tokens split over the cores, sums in the order of the fabric."""

from wsesim.numerics.mapped.held import HeldTensor, hold, hold_step
from wsesim.numerics.mapped.lines import Lines, OnLines, mapped_kinds
from wsesim.numerics.mapped.step import MappedStep, through_tree

__all__ = ["HeldTensor", "Lines", "MappedStep", "OnLines", "hold", "hold_step", "mapped_kinds", "through_tree"]
