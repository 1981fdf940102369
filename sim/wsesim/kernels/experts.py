"""Mixture of experts: tokens on their way to the rows where their experts' tokens lie, and back.

Every row holds an equal share of each expert's tokens, so that one expert after the other has all cores; features stay
in their columns. Any token may have to go anywhere: half of all that is sent crosses the middle of its column, a
quarter in each direction.

       before            after
    +---------+       +---------+
    | a b a b |  -->  | a a b b |    tokens of experts a and b on two rows of cores
    | b a b a |  <--  | a a b b |
    +---------+       +---------+
"""

from __future__ import annotations

from wsesim.kernels.base import Cost, Region, all_of, element_events
from wsesim.kernels.collectives import ACROSS_MIDDLE
from wsesim.ops import recipe_of

_VALUE_BYTES = {"fp32": 4}
"""Of a value on its way; 2 in other precisions."""


def exchange(region: Region, kind: str, *, width: int, positions: float) -> Cost:
    """Return the cost of moving *width* features of `positions` times the region's tokens along their columns."""
    core, recipe = region.cluster.wafer.core, recipe_of(kind)
    values = region.tokens_per_core * positions * region.features_per_core(width)
    wavelets = values * _VALUE_BYTES.get(region.precision, 2) / region.wavelet_bytes
    moving = values * recipe.ops / core.simd_fp32_per_cycle
    crossing = ACROSS_MIDDLE * region.rows * wavelets
    serial = {"launch": float(recipe.ops * core.vector_launch_cycles), "fill": region.chain_fill_cycles(region.rows)}
    if recipe.row_sums:
        serial["reduction"] = (
            2 * recipe.row_sums * region.tokens_per_core * positions / region.link_wavelets_per_cycle()
        )
        serial["fill"] += 2 * region.chain_fill_cycles(region.columns)
    return Cost(
        overlapped={
            "elementwise": moving,
            "exchange": crossing / region.link_wavelets_per_cycle(),
        },
        serial=serial,
        # the mean way of a value is a third of the column
        fabric_bytes=wavelets * region.wavelet_bytes * region.cores * region.rows / 3,
        sram_bytes=values * 2 * recipe.ops * 2 * region.cores,
        events=all_of(element_events(core, values * recipe.ops, moving), region.cores),
    )
