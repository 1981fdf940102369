"""Kernels: how an op lies on a rectangle of cores, and its cycles in closed form."""

from wsesim.kernels.base import Cost, Region
from wsesim.kernels.costs import kernel_cost

__all__ = ["Cost", "Region", "kernel_cost"]
