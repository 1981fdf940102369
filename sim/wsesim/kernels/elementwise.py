"""Norms, activations, residuals, embeddings, rotary positions, loss: work on what a core already holds.

+------+   each core runs vector instructions over its tokens x features;
| x[:] |   a norm also needs sums over the whole row: two values a token go along it and back.
+------+
"""

from __future__ import annotations

from math import ceil

from wsesim.kernels.base import Cost, Region, all_of, element_events
from wsesim.ops import recipe_of


def elementwise(
    region: Region, kind: str, *, width: int, positions: float = 1.0, bytes_each: int = 2, parts: int = 1
) -> Cost:  # fmt: skip
    """Return the cost of one op of *kind* over *width* features of `positions` of the region's tokens.

    Sums run along the whole row, or along each of its *parts* side by side.

    Raises:
        SpecError: the op states no counts.
    """
    recipe, core, code = recipe_of(kind), region.cluster.wafer.core, region.cluster.wafer.code
    tokens = region.tokens_per_core * positions
    elements = tokens * region.features_per_core(width)
    cycles = elements * (
        recipe.ops / core.simd_fp32_per_cycle + recipe.exps * code.exp_cycles + recipe.divides * code.divide_cycles
    )
    columns = ceil(region.columns / parts)
    wavelets = 2 * recipe.row_sums * tokens if columns > 1 else 0
    serial = {"launch": recipe.ops * core.vector_launch_cycles}
    if recipe.row_sums:
        serial["fill"] = 2 * region.chain_fill_cycles(columns)
    return Cost(
        overlapped={
            "elementwise": cycles,
            "reduction": wavelets / region.link_wavelets_per_cycle(),
        },
        serial=serial,
        fabric_bytes=wavelets * region.wavelet_bytes * region.cores,
        sram_bytes=elements * 3 * bytes_each * region.cores,
        events=all_of(element_events(core, elements * recipe.ops, cycles), region.cores),
    )
