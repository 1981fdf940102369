"""Squares of cores that kernels of tests run on."""

from wsesim.hardware import Wafer
from wsesim.kernels.resident import Rectangle
from wsesim.software import Inference


def square_of(wafer: Wafer, side: int, software: Inference) -> Rectangle:
    """Return a rectangle with *side* cores along each axis."""
    return Rectangle(wafer=wafer, columns=side, rows=side, software=software)
