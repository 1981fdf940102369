"""Norms, activations, residuals, embeddings, rotary positions, loss: work on what a core already holds.

+------+   each core runs vector instructions over its tokens x features;
| x[:] |   a norm also needs sums over the whole row: two values a token go along it and back.
+------+
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.kernels.base import Cost, Region


@dataclass(frozen=True, slots=True)
class Recipe:
    """Work per element: vector operations, scalar exponentials, scalar divides; and sums along the row per token."""

    ops: float
    exps: float = 0.0
    divides: float = 0.0
    row_sums: int = 0


RECIPES = {
    "embedding": Recipe(1),
    "embedding_backward": Recipe(1),
    "position": Recipe(1),
    "position_backward": Recipe(1),
    "layer_norm": Recipe(6, row_sums=2),
    "layer_norm_backward": Recipe(11, row_sums=2),
    "rms_norm": Recipe(4, row_sums=1),
    "rms_norm_backward": Recipe(8, row_sums=1),
    "residual": Recipe(1),
    "residual_backward": Recipe(1),
    "accumulate": Recipe(1),
    "route": Recipe(6, exps=1, divides=1, row_sums=2),
    "route_backward": Recipe(4, row_sums=1),
    "rotary": Recipe(3),
    "rotary_backward": Recipe(3),
    "gelu": Recipe(9, exps=1, divides=1),
    "gelu_backward": Recipe(13, exps=1, divides=1),
    "gelu_tanh": Recipe(8, exps=1, divides=1),
    "gelu_tanh_backward": Recipe(12, exps=1, divides=1),
    "silu_gate": Recipe(3, exps=1, divides=1),
    "silu_gate_backward": Recipe(8, exps=1, divides=1),
    "tanh": Recipe(3, exps=1, divides=1),
    "tanh_backward": Recipe(3),
    "select": Recipe(1),
    "select_backward": Recipe(1),
    "cross_entropy": Recipe(4, exps=1, row_sums=2),
    "cross_entropy_backward": Recipe(4, exps=1),
}
"""Counts of the textbook formulas: GELU is x times a polynomial in erf's approximation (Abramowitz and Stegun 7.1.26),
the norms are two passes (mean, variance) and an affine, the loss is a running log-sum-exp."""


def elementwise(region: Region, kind: str, *, width: int, positions: float = 1.0, bytes_each: int = 2) -> Cost:
    """Return the cost of one op of *kind* over *width* features of `positions` of the region's tokens."""
    recipe, core, code = RECIPES[kind], region.cluster.wafer.core, region.cluster.wafer.code
    tokens = region.tokens_per_core * positions
    elements = tokens * region.features_per_core(width)
    cycles = elements * (
        recipe.ops / core.simd_fp32_per_cycle + recipe.exps * code.exp_cycles + recipe.divides * code.divide_cycles
    )
    wavelets = 2 * recipe.row_sums * tokens
    serial = {"launch": recipe.ops * core.vector_launch_cycles}
    if recipe.row_sums:
        serial["fill"] = 2 * region.chain_fill_cycles(region.columns)
    return Cost(
        overlapped={
            "elementwise": cycles,
            "reduction": wavelets / region.link_wavelets_per_cycle(),
        },
        serial=serial,
        fabric_bytes=wavelets * region.wavelet_bytes * region.cores,
        sram_bytes=elements * 3 * bytes_each * region.cores,
    )
