"""Kernels: how an op lies on a rectangle of cores, and its cycles in closed form.

What costs many rectangles at once, with NumPy, is imported by who needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.kernels.base import Cost, Region, all_of, together
from wsesim.kernels.costs import Form, kernel_cost, kernel_form
from wsesim.kernels.linear import inputs_pass
from wsesim.kernels.parts import WHOLE, Parts, half_of, is_stream

if TYPE_CHECKING:
    from wsesim.hardware import Wafer

__all__ = [
    "WHOLE", "Cost", "Form", "Parts", "Region", "all_of", "half_of", "inputs_pass", "is_stream", "kernel_cost",
    "kernel_form", "resident_events", "together",
]  # fmt: skip


def resident_events(cost: Cost, wafer: Wafer, precision: str) -> dict[str, float]:
    """Return what of a resident op costs energy: every element of a vector instruction reads two values and writes one,
    as wide as the datapath."""
    from wsesim.kernels.resident import resident_events

    return resident_events(cost, wafer, precision)
