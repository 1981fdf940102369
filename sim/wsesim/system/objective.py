"""What was good enough: percentiles of served requests, goodput, and the largest rate that holds an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from wsesim.system.requests import Requests
from wsesim.system.serving import Served, ServiceTimes, serve

PERCENTILES = (50, 90, 95, 99)
CLOSE = 0.01
"""The search ends when the rate is known to one per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is good enough, and for which share of requests."""

    ttft_s: float
    tpot_s: float
    share: float

    def met_share(self, served: Served) -> float:
        """Return the share of requests that were good enough; those that can never be held were not."""
        good = (served.ttft_s <= self.ttft_s) & (served.tpot_s <= self.tpot_s)
        return float(good.sum()) / len(served.held)


def percentiles(served: Served) -> dict[str, dict[str, float]]:
    """Return mean and percentiles of TTFT, TPOT and latency, seconds; empty if nothing was served.

    An answer of one token has no time per token.
    """
    found: dict[str, dict[str, float]] = {}
    for name in ("ttft_s", "tpot_s", "latency_s"):
        values = getattr(served, name)
        if name == "tpot_s":
            values = values[served.output[served.held] > 1]
        if len(values):
            points = np.percentile(values, PERCENTILES)
            named = {f"p{point}": float(value) for point, value in zip(PERCENTILES, points, strict=True)}
            found[name] = {"mean": float(values.mean()), **named}
    return found


def largest_rate(
    requests: Requests, times: ServiceTimes, objective: Objective, *, say: Callable[[str], None] = lambda _: None
) -> tuple[float, Mapping[float, float]]:
    """Return the largest rate (requests a second) at which *requests* hold the objective, and the share at each tried.

    The same requests are moved closer together or further apart, so that only the rate differs. 0 if they do not hold
    it even one by one; where they hold it all at once, the rate at which all arrive within the time of one.
    """
    tried: dict[float, float] = {}

    def holds(rate: float) -> bool:
        say(f"trying {rate:.4g} requests a second")
        tried[rate] = objective.met_share(serve(requests.at_rate(rate), times))
        return tried[rate] >= objective.share

    alone = float(np.median(serve(requests.at_rate(1e-9), times).latency_s)) if len(requests) else 0.0
    low = 1e-3 / alone if alone > 0 else 1e-9
    if not holds(low):
        return 0.0, tried
    high, at_once = 1 / alone, len(requests) / alone
    while holds(high):
        if high >= at_once:
            return high, tried
        low, high = high, min(2 * high, at_once)
    while high / low > 1 + CLOSE:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, tried
