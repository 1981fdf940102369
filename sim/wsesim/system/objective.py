"""What was good enough: limits, the share of requests within them, and percentiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wsesim.errors import require_not_negative, require_positive
from wsesim.system.served import Served

PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is good enough, and for which share of requests."""

    ttft_s: float
    tpot_s: float
    share: float

    def __post_init__(self) -> None:
        require_not_negative(ttft_s=self.ttft_s, tpot_s=self.tpot_s)
        require_positive(share=self.share)

    def met(self, served: Served) -> npt.NDArray[np.bool_]:
        """Return of each request whether it was good enough; one that can never be held was not."""
        found = np.zeros(len(served.held), dtype=bool)
        found[served.held] = (served.ttft_s <= self.ttft_s) & (served.tpot_s <= self.tpot_s)
        return found

    def met_share(self, served: Served) -> float:
        """Return the share of requests that were good enough."""
        return float(self.met(served).mean())


def percentiles(served: Served) -> dict[str, dict[str, float]]:
    """Return mean and percentiles of TTFT, TPOT, latency and the wait in the queue, seconds.

    Empty if nothing was served. An answer of one token has no time per token.
    """
    found: dict[str, dict[str, float]] = {}
    for name in ("ttft_s", "tpot_s", "latency_s", "waited_s"):
        values = getattr(served, name)
        if name == "tpot_s":
            values = values[served.output[served.held] > 1]
        if len(values):
            points = np.percentile(values, PERCENTILES)
            named = {f"p{point}": float(value) for point, value in zip(PERCENTILES, points, strict=True)}
            found[name] = {"mean": float(values.mean()), **named}
    return found


def gap_percentiles(served: Served, since_s: float = -math.inf) -> dict[str, float]:
    """Return mean and percentiles of the times from one token of an answer to its next, over all tokens, seconds.

    Only of tokens written from *since_s* on; empty if there are none.
    """
    gaps, counts = served.gaps(since_s)
    if not counts.sum():
        return {}
    order = np.argsort(gaps)
    reached = np.cumsum(counts[order])
    points = {
        f"p{point}": float(gaps[order][np.searchsorted(reached, reached[-1] * point / 100)]) for point in PERCENTILES
    }
    return {"mean": float(gaps @ counts / reached[-1]), **points}
