"""What a service does over the rate of requests: good answers, what is answered, and how long it takes.

    rates        share of good answers
    throughput   what is answered a second, and what of it is good: as much as arrives, until no more can leave
    rate_ttft    time to first token, P50 and P99; beyond the rate at which requests leave there is none, as it grows
    rate_tpot    time per output token

All are of the runs by which the largest rate was found, and of a few more where those leave a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import nextafter

from wsesim.answer import Curve, Table
from wsesim.questions.shared.service import Service
from wsesim.questions.shared.service_choice import Judged
from wsesim.system import LargestRate, RateTried, Requests, tried_at

OVER = 1.2
"""How far beyond the largest rate, and the one asked for, rates are drawn."""
_DRAWN = (0.1, 0.35, 0.6, 0.8, 0.92, OVER)
"""Parts of the largest rate that are drawn, beside the one asked for and those that the search tried."""
_GAP = 0.08
"""Part of the largest rate nearer than which to one that was tried no other is."""
_FAR = 10
"""Times the largest rate from which on the one asked for needs a logarithmic axis."""
_WIDE = 20.0
"""Ratio of the longest to the shortest wait from which on they are drawn on a logarithmic axis."""
_SHOWN = ("p50", "p99")
_RATE = "requests a second"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSweep:
    """What became of the requests at rates from far below the largest to beyond it."""

    found: LargestRate
    asked: float
    """Requests a second that were asked for."""
    tried: Mapping[float, RateTried]
    """By rate, rising; none at or beyond the full rate but what the search tried there."""

    @property
    def last(self) -> float:
        """The highest rate drawn."""
        return OVER * max(self.asked, self.found.per_s)

    @property
    def log_x(self) -> bool:
        """Whether the rate asked for is too far off for an even axis."""
        return self.asked > _FAR * self.found.per_s

    @property
    def marks(self) -> tuple[tuple[str, float], ...]:
        """Where lines stand."""
        return ("asked", self.asked), ("largest", self.found.per_s)


def sweep_rates(
    service: Service, requests: Requests, searched: Requests | None, judged: Judged
) -> RateSweep | None:  # fmt: skip
    """Return what becomes of requests over the rate; None where no rate holds the objective, or none was looked for."""
    found = judged.rate
    if found is None or searched is None or not found.per_s:
        return None
    times, asked = replace(judged.times, slots=found.slots), service.arrivals.rate_per_s or requests.rate_per_s
    near = _GAP * found.per_s
    wanted = [asked] if asked < found.full_per_s else []
    for rate in (part * found.per_s for part in _DRAWN):
        if rate < found.full_per_s and all(abs(rate - other) > near for other in (*found.tried, *wanted)):
            wanted.append(rate)
    more = {rate: tried_at(rate, searched, times, service.objective) for rate in wanted if rate not in found.tried}
    first = min(asked, _DRAWN[0] * found.per_s)
    all_tried = sorted({**found.tried, **more}.items())
    return RateSweep(found=found, asked=asked, tried={rate: met for rate, met in all_tried if rate >= first})


def rate_curves(service: Service, sweep: RateSweep | None) -> Iterator[Curve]:
    """Yield what is drawn over the rate."""
    if sweep is None:
        return
    shares = [(rate, met.share) for rate, met in sweep.tried.items() if rate <= sweep.last]
    good = [(rate, rate * share) for rate, share in shares]
    full, last = sweep.found.full_per_s, sweep.last
    if last > full:  # there the queue grows until everyone waits too long
        over = nextafter(full, last)
        shares, good = [*shares, (over, 0.0), (last, 0.0)], [*good, (over, 0.0), (last, 0.0)]
    answered = [(rate, min(rate, full)) for rate in sorted({rate for rate, _ in shares} | {min(full, last)})]
    drawn = partial(Curve, x_label=_RATE, y_label="", log_x=sweep.log_x, marks=sweep.marks)
    yield drawn(name="rates", title="Good answers", points=tuple(shares), share=True, limit=sweep.found.goal)
    yield drawn(
        name="throughput", title="Throughput, a second", line="answered", points=tuple(answered),
        others=(("good", tuple(good)),), y_figure="rate",
    )  # fmt: skip
    goal = service.objective
    for figure, title, limit in (
        ("ttft_s", "Time to first token by rate", goal.ttft_s), ("tpot_s", "Time per output token by rate", goal.tpot_s)
    ):  # fmt: skip
        lines = [(point.upper(), tuple(_waits(sweep, figure, point))) for point in _SHOWN]
        values = [*(value for _, line in lines for _, value in line), limit]
        if lines[0][1]:
            yield drawn(
                name=f"rate_{figure.removesuffix('_s')}", title=title, line=lines[0][0], points=lines[0][1],
                others=tuple(lines[1:]), y_figure=figure, limit=limit, log_y=max(values) > _WIDE * min(values),
            )  # fmt: skip


def _waits(sweep: RateSweep, figure: str, point: str) -> Iterator[tuple[float, float]]:
    for rate, met in sweep.tried.items():
        if rate <= sweep.last and figure in met.waits:
            yield rate, met.waits[figure][point]


def rate_table(sweep: RateSweep | None) -> tuple[Table, ...]:
    """Return the same as numbers."""
    if sweep is None:
        return ()
    columns = ("rate_per_s", "good_share", *(f"{name}_{point}_s" for name in ("ttft", "tpot") for point in _SHOWN))
    rows = tuple(
        (rate, met.share, *(met.waits.get(name, {}).get(point) for name in ("ttft_s", "tpot_s") for point in _SHOWN))
        for rate, met in sweep.tried.items()
    )
    return (Table(name="rates", title="How long requests take, by their rate", columns=columns, rows=rows),)
