"""The largest rate of a service: what it is looked for with, how it is said, and good answers over the rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, nextafter

from wsesim.answer import Choice, Curve
from wsesim.questions.base import Say
from wsesim.questions.shared.service import Service
from wsesim.system import (
    LargestRate,
    Objective,
    Requests,
    Served,
    ServiceTimes,
    best_rate,
    counted,
    largest_rate,
    requests_of,
    serve,
    share_at,
)

SEARCHED = 4000
"""Requests that the largest rate is looked for with, however many are served: what a service can do is its own."""
OVER = 1.2
"""How far beyond the largest rate, and the one asked for, rates are drawn."""
_DRAWN = (0.1, OVER)
"""Parts of the largest rate that are drawn, beside the one asked for and those that the search tried."""
_FAR = 10
"""Times the largest rate from which on the one asked for needs a logarithmic axis."""


def find_rate(
    service: Service, requests: Requests, times: ServiceTimes, say: Say
) -> tuple[LargestRate | None, tuple[Curve, ...], tuple[Choice, ...]]:
    """Return the largest rate that holds the objective, good answers over the rate, and how many are let in at once.

    None and nothing where it is not asked for, or requests of a trace all arrive together and so have no rate; no
    curve where no rate holds the objective; no choice where the file says how many are held, or all slots are best.
    """
    searched = _searched(service, requests) if service.search else None
    if searched is None:
        return None, (), ()
    if service.batch is None:
        found, *others = best_rate(searched, times, service.objective, say=say)
    else:
        found, others = largest_rate(searched, times, service.objective, say=say), []
    if not found.per_s:
        return found, (), ()
    times = replace(times, slots=found.slots)
    asked = service.arrivals.rate_per_s or requests.rate_per_s
    missing = {asked, *(part * found.per_s for part in _DRAWN)}
    below = sorted(rate for rate in missing if rate < found.full_per_s)
    more = {rate: share_at(rate, searched, times, service.objective)[0] for rate in below}
    tried = {rate: share for rate, (share, _) in found.tried.items()}
    choices = tuple(_let_in(found, other, times.copies) for other in others)
    return found, (_curve(found, asked, tried | more, service.objective.share),), choices


def _let_in(found: LargestRate, all_slots: LargestRate, copies: int) -> Choice:
    """Return the choice of how many sequences are let in at once, where it is not all there is room for."""
    return Choice(
        what="sequences let in at once", chosen=f"{copies * found.slots:,} at most", figure="largest_rate_per_s",
        value=found.per_s, others=((f"all {copies * all_slots.slots:,} there is room for", all_slots.per_s),),
    )  # fmt: skip


def served_best(
    requests: Requests, times: ServiceTimes, slots: int, objective: Objective
) -> tuple[Served, ServiceTimes, tuple[Choice, ...]]:
    """Serve *requests* with at most *slots* let in at once, or with all there is room for if more are good then.

    Beyond the largest rate the queue of those not let in grows without end. That choice is returned where it is made.
    """
    fewer = replace(times, slots=slots)
    served = serve(requests, fewer)
    if slots == times.slots:
        return served, fewer, ()
    whole = serve(requests, times)
    held, all_held = objective.met_share(served), objective.met_share(whole)
    if all_held <= held:
        return served, fewer, ()
    fewest, most = (f"{times.copies * fewer.slots:,} at most", held), times.copies * times.slots
    choice = Choice(
        what="sequences let in at once for the requests asked", chosen=f"all {most:,} there is room for",
        figure="met_share", value=all_held, others=(fewest,),
    )  # fmt: skip
    return whole, times, (choice,)


def _searched(service: Service, requests: Requests) -> Requests | None:
    if service.arrivals.trace is None:
        return requests_of(replace(service.arrivals, requests=SEARCHED))
    return requests.repeated(SEARCHED) if isfinite(requests.rate_per_s) else None


def _curve(found: LargestRate, asked: float, shares: Mapping[float, float], goal: float) -> Curve:
    """Draw shares by rate; beyond the full rate there are none, as the queue grows until everyone waits too long."""
    first, last = min(asked, _DRAWN[0] * found.per_s), OVER * max(asked, found.per_s)
    points = [(rate, share) for rate, share in sorted(shares.items()) if first <= rate <= last]
    if last > found.full_per_s:
        points += [(nextafter(found.full_per_s, last), 0.0), (last, 0.0)]
    return Curve(
        name="rates", title="Good answers", x_label="requests a second", y_label="", points=tuple(points), share=True,
        log_x=asked > _FAR * found.per_s, limit=goal, mark=asked, marked="asked",
    )  # fmt: skip


def rate_words(service: Service, found: LargestRate | None) -> tuple[str, ...]:
    """Say how the largest rate was judged, and how sure it is."""
    if found is None:
        return ()
    goal, span = service.objective, counted(SEARCHED)
    if not found.per_s:
        return (
            f"No rate holds the objective: even one request at a time, only {found.share:.1%} have their first token "
            f"in {goal.ttft_s:g} s and the others in {goal.tpot_s:g} s each.",
        )
    drawn = "drawn from the same seed" if service.arrivals.trace is None else "of the trace, over and over"
    sure, (low, high) = "", found.between_per_s
    if found.error:
        sure = f", give or take {2 * found.error:.1%}, so that the rate may lie between {low:.3g} and {high:.3g}"
    return (
        f"The largest rate is judged on {span.stop - span.start:,} requests {drawn}, between {span.start:,} that fill "
        f"the queues and {SEARCHED - span.stop:,} that empty them: {found.share:.1%} are good there{sure}. At more "
        f"than {found.full_per_s:.4g} a second the queue grows without end.",
    )
