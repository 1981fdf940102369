"""Kernels: how an op lies on a rectangle of cores, and its cycles in closed form.

What costs many rectangles at once, with NumPy, is imported by who needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.kernels.base import Cost, Region, all_of, together
from wsesim.kernels.costs import kernel_cost

if TYPE_CHECKING:
    from wsesim.hardware import Wafer

__all__ = ["Cost", "Region", "all_of", "kernel_cost", "resident_events", "together"]


def resident_events(cost: Cost, wafer: Wafer, precision: str) -> dict[str, float]:
    """Return what of a resident op costs energy: every element of a vector instruction reads two values and writes one,
    as wide as the datapath."""
    from wsesim.kernels.resident import resident_events

    return resident_events(cost, wafer, precision)
