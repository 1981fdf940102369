"""What training adds to a graph beside gradients of its ops."""

from wsesim.ops.base import Gap, Kind, Recipe

_INFERENCE = Gap("inference has no backward pass")
_FORWARD = Gap("only the forward pass is executed")

OPS = (
    Kind(
        name="accumulate",
        meaning="sum of gradients that meet",
        work=Recipe(1),
        resident=_INFERENCE,
        numpy=_FORWARD,
        program=Gap("no core program: `residual` adds two, here as many as meet"),
    ),
    Kind(
        name="adam",
        meaning="optimizer update of one weight",
        work=Gap("weights are updated where they are kept, off the wafer"),
        resident=_INFERENCE,
        numpy=_FORWARD,
        program=Gap("no core program: it does not run on the wafer"),
    ),
)
