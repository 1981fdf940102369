"""What a service looks like over time, and how its waits are spread: curves of a page.

queue   requests that are on the wafers' side and whose prompt has not begun to enter
batch   sequences at work, from the first chunk of their prompt to their last token
cache   positions those hold, prompt and answer, of all there are
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wsesim.answer import Curve
from wsesim.system import Objective, Requests, Served

MOMENTS = 240
"""Moments at which queue, batch and cache are drawn."""
SHARES = 101
"""Points of a distribution."""
WIDE = 30.0
"""Ratio of the longest to the shortest wait from which on they are drawn on a logarithmic axis."""
_Numbers = npt.NDArray[np.float64]


def occupancy_curves(requests: Requests, served: Served, capacity_tokens: int) -> Iterator[Curve]:
    """Yield queue, batch and cache over time; *capacity_tokens* are the positions of all copies."""
    held = served.held
    if not held.any():
        return
    start = float(served.arrival_s[0])
    moments = start + np.linspace(0, served.duration_s, MOMENTS)
    ready, begun, end = (each[held] for each in (served.ready_s, served.begun_s, served.end_s))
    tokens = (requests.prompt + requests.output)[held].astype(float)
    ones = np.ones(len(tokens))
    for name, title, unit, values in (
        ("queue", "Queue", "requests waiting", _inside(moments, ready, begun, ones)),
        ("batch", "Batch", "sequences at work", _inside(moments, begun, end, ones)),
        ("cache", "Cache", "", _inside(moments, begun, end, tokens) / capacity_tokens),
    ):
        yield Curve(
            name=name, title=title, x_label="seconds since the first request", y_label=unit, share=name == "cache",
            points=tuple(zip((moments - start).tolist(), values.tolist(), strict=True)), steps=True,
        )  # fmt: skip


def _inside(moments: _Numbers, start: _Numbers, end: _Numbers, weights: _Numbers) -> _Numbers:
    """Return at each moment the sum of the weights of those that have started and not ended."""
    return _until(moments, start, weights) - _until(moments, end, weights)


def _until(moments: _Numbers, times: _Numbers, weights: _Numbers) -> _Numbers:
    order = np.argsort(times)
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    found: _Numbers = sums[np.searchsorted(times[order], moments, side="right")]
    return found


def wait_curves(counted: Served, objective: Objective) -> Iterator[Curve]:
    """Yield the distributions of time to first token, time per output token and whole answers, of those that count."""
    tpot = counted.tpot_s[counted.output[counted.held] > 1]
    for name, title, values, limit in (
        ("ttft", "Time to first token", counted.ttft_s, objective.ttft_s),
        ("tpot", "Time per output token", tpot, objective.tpot_s),
        ("latency", "Whole answer", counted.latency_s, None),
    ):
        if not len(values):
            continue
        shares = np.linspace(0, 1, SHARES)
        waits = np.quantile(values, shares)
        yield Curve(
            name=name, title=title, x_label="of requests, within", y_label="", x_figure=f"{name}_s", share=True,
            limit=objective.share if limit else None,
            points=tuple(zip(waits.tolist(), shares.tolist(), strict=True)),
            marks=(("good enough", limit),) if limit is not None and limit <= 2 * waits[-1] else (),
            log_x=bool(waits[0] > 0 and waits[-1] > WIDE * waits[0]),
        )  # fmt: skip
