"""Kernels: how an op lies on a rectangle of cores, and its cycles in closed form."""

from wsesim.kernels.base import Cost, Region, all_of, together
from wsesim.kernels.costs import kernel_cost
from wsesim.kernels.parts import WHOLE, Parts, half_of, is_stream
from wsesim.kernels.resident import resident_events

__all__ = [
    "WHOLE", "Cost", "Parts", "Region", "all_of", "half_of", "is_stream", "kernel_cost", "resident_events", "together",
]  # fmt: skip
