"""Kernels: how an op lies on a rectangle of cores, and its cycles in closed form."""

from wsesim.kernels.base import Cost, Region, all_of, together
from wsesim.kernels.costs import kernel_cost
from wsesim.kernels.resident import resident_events

__all__ = ["Cost", "Region", "all_of", "kernel_cost", "resident_events", "together"]
