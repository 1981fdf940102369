"""What a service shows beside its figures: percentiles, and what it does over time and over rates."""

from __future__ import annotations

from collections.abc import Mapping

from wsesim.answer import Curve, Table
from wsesim.questions.shared.service import Service
from wsesim.system import PERCENTILES, Requests, Served

BINS = 60
"""Stretches of time that utilization is shown for."""


def percentile_table(found: Mapping[str, Mapping[str, float]]) -> Table:
    """Return mean and percentiles of what requests take, by what they are of."""
    names = {"ttft_s": "time to first token", "tpot_s": "time per output token", "latency_s": "whole answer"}
    points = ("mean", *(f"p{point}" for point in PERCENTILES))
    rows = tuple((names[name], *(values[point] for point in points)) for name, values in found.items())
    columns = ("what", *(f"{point}_s" for point in points))
    return Table(name="percentiles", title="How long requests take", columns=columns, rows=rows)


def drawings(
    service: Service, served: Served, requests: Requests, tried: tuple[tuple[float, float], ...]
) -> tuple[Curve, ...]:
    """Return utilization over time, and good answers over the rates *tried*."""
    moments, shares = served.utilization(BINS)
    start = float(requests.arrival_s[0])
    found = [
        Curve(
            name="utilization", title="Utilization", x_label="seconds since the first request", y_label="",
            points=tuple(zip((moments - start).tolist(), shares.tolist(), strict=True)), steps=True, share=True,
        )
    ]  # fmt: skip
    if tried:
        goal = service.objective.share
        found.append(
            Curve(
                name="rates", title="Good answers", x_label=f"requests a second; dashed: {goal:.1%}", y_label="",
                points=tried, log_x=True, share=True, limit=goal,
            )
        )  # fmt: skip
    return tuple(found)
