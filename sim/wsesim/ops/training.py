"""What training adds to a graph beside gradients of its ops."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import NUMERICS, Gap, Kind, Recipe

_INFERENCE = Gap("inference has no backward pass")
_STORE = Gap("weights are updated where they are kept, off the wafer")
_NO_PROGRAM = Gap("no core program: it does not run on the wafer")


def accumulate(*gradients: Any) -> Any:
    """Return the sum."""
    total = gradients[0] + gradients[1]
    for gradient in gradients[2:]:
        total += gradient
    return total


OPS = (
    Kind(
        name="accumulate",
        meaning="sum of gradients that meet",
        work=Recipe(1),
        resident=_INFERENCE,
        numpy=accumulate,
        program=Gap("no core program: `residual` adds two, here as many as meet"),
    ),
    Kind(
        name="norm",
        meaning="sum of squares of a block's weight gradients: of all blocks, what clipping needs",
        work=_STORE,
        resident=_INFERENCE,
        numpy=NUMERICS,
        program=_NO_PROGRAM,
    ),
    Kind(
        name="adamw",
        meaning="update of one weight and its two moments (Loshchilov and Hutter, arXiv 1711.05101)",
        work=_STORE,
        resident=_INFERENCE,
        numpy=NUMERICS,
        program=_NO_PROGRAM,
    ),
)
