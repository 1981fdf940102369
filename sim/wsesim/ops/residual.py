"""The sum of the residual stream and what a sublayer adds to it."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import CoreProgram, Kind, Recipe


def residual(a: Any, b: Any) -> Any:
    """Return a + b."""
    return a + b


OPS = (
    Kind(
        name="residual",
        meaning="a + b",
        work=Recipe(1),
        resident=Recipe(1),
        numpy=residual,
        program=CoreProgram("residual"),
        differentiable=(0, 1),
        needs=(),
        passes_gradient=True,
    ),
)
