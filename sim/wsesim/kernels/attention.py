"""Attention: scores, softmax and weighted sum, and what comes back from them.

A head's features lie on head_width / features_per_core neighbouring columns; a sequence's tokens on some rows.

        head 0          head 1
     +----+----+----+----+----+----+
     | q  | q  | q  | q  | q  | q  |   keys and values of the sequence run down the columns like weights:
     +----+----+----+----+----+----+   each triggers an AXPY over the core's queries;
     | q  | q  | q  | q  | q  | q  |   partial scores are summed across the head's columns,
     +----+----+----+----+----+----+   probabilities are broadcast across them.

Products and sums are single precision (scores are exponentiated next), so the rate is that of `fmacs`, and it leaves
the datapath no room: partial scores that pass are added in cycles of their own. (In a linear layer partial sums are 16
bits wide, and its products add to them as they pass.) The full square of scores is
computed, masked or not; it passes in strips and is never stored whole. Where tokens see the keys of a window alone, of
the square there is the band: a key passes the cores whose tokens see it, and triggers an AXPY over those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import fsum

from wsesim.kernels.base import Cost, Region, all_of, element_events, passed_events, together
from wsesim.ops import recipe_of


@dataclass(frozen=True, slots=True)
class Sight:
    """Keys that tokens see; of layers with a window and without, the mean."""

    each: float
    """Of a token."""
    passing: float
    """That pass a core: those that any of its tokens sees."""

    @classmethod
    def of(cls, region: Region, windows: Iterable[tuple[int, float]] = ((0, 1.0),)) -> Sight:
        """Return what tokens of *region* see in layers with *windows* (0: all keys), so large a share of each."""
        length, inside = region.length, min(region.tokens_per_core, region.length) - 1
        sizes = [(min(window or length, length), share) for window, share in windows]
        return cls(
            fsum(share * size for size, share in sizes),
            fsum(share * min(length, size + inside) for size, share in sizes),
        )


def product(region: Region, *, width: int, times: int = 1, sight: Sight | None = None) -> Cost:
    """Return the cost of scores or of the weighted sum: `width` = all heads side by side; backward does it twice."""
    sight, tokens = sight or Sight.of(region), region.tokens_per_core
    software, wafer, link = region.software, region.cluster.wafer, region.link_wavelets_per_cycle()
    sums = times * tokens * sight.each
    axpys = times * sight.passing * region.features_per_core(width)
    axpy = region.axpy("fp32", tokens * sight.each / sight.passing)
    adding = passed_events(wafer.core, sums)
    across = sums * software.attention_value_bytes / wafer.fabric.wavelet_bytes
    return Cost(
        overlapped={
            "fmac": axpys * axpy.cycles,
            "reduction": across / link,
            "arrival": axpys / link,
        },
        serial={
            "fill": region.chain_fill_cycles(region.columns),
            "reduction": sums / wafer.core.simd_fp32_per_cycle,
        },
        fabric_bytes=(axpys + across) * region.wavelet_bytes * region.cores,
        sram_bytes=axpys * axpy.sram_bytes * region.cores,
        events=all_of(together(all_of(axpy.events, axpys), adding), region.cores),
    )


def softmax(region: Region, *, heads: int, sight: Sight | None = None) -> Cost:
    """Return the cost of the softmax of every query over its keys."""
    wafer, recipe = region.cluster.wafer, recipe_of("softmax")
    cycles = recipe.exps * wafer.code.exp_cycles + recipe.ops / wafer.core.simd_fp32_per_cycle
    return _over_scores(region, heads, recipe.ops, cycles, sight)


def softmax_backward(region: Region, *, heads: int, sight: Sight | None = None) -> Cost:
    """Return the cost of p * (dp - sum(p * dp))."""
    ops = recipe_of("softmax_backward").ops
    return _over_scores(region, heads, ops, ops / region.cluster.wafer.core.simd_fp32_per_cycle, sight)


def over_scores(region: Region, kind: str, *, heads: int, sight: Sight | None = None) -> Cost:
    """Return the cost of an op of *kind* on every score alone: nothing is summed."""
    recipe, wafer = recipe_of(kind), region.cluster.wafer
    rest = recipe.ops / wafer.core.simd_fp32_per_cycle
    cycles = recipe.exps * wafer.code.exp_cycles + recipe.divides * wafer.code.divide_cycles + rest
    return replace(_over_scores(region, heads, recipe.ops, cycles, sight), serial={})


def _over_scores(region: Region, heads: int, ops: float, cycles_each: float, sight: Sight | None) -> Cost:
    scores = region.tokens_per_core * (sight or Sight.of(region)).each * heads / region.columns
    return Cost(
        overlapped={"elementwise": scores * cycles_each},
        serial={"fill": region.chain_fill_cycles(max(1, region.columns // heads))},
        sram_bytes=scores * 8 * region.cores,
        events=all_of(element_events(region.cluster.wafer.core, scores * ops, scores * cycles_each), region.cores),
    )
