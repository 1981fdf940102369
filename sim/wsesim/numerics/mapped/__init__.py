"""A graph computed as it is mapped: features and tokens split over the cores, sums in the order of the fabric."""

from wsesim.numerics.mapped.absorbed import absorbed
from wsesim.numerics.mapped.held import HeldTensor, hold, hold_outputs, hold_step
from wsesim.numerics.mapped.lines import Lines, OnLines, StreamedLines, mapped_kinds
from wsesim.numerics.mapped.resident import ResidentLines, on_plan
from wsesim.numerics.mapped.step import MappedStep, through_tree

__all__ = [
    "HeldTensor", "Lines", "MappedStep", "OnLines", "ResidentLines", "StreamedLines", "absorbed", "hold",
    "hold_outputs", "hold_step", "mapped_kinds", "on_plan", "through_tree",
]  # fmt: skip
