"""The largest rate of a service: how it is said, good answers over the rate, and who is let in for those asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nextafter

from wsesim.answer import Choice, Curve
from wsesim.questions.shared.service import Service
from wsesim.questions.shared.service_choice import SEARCHED, Judged, words_tried
from wsesim.system import LargestRate, Objective, Requests, Served, ServiceTimes, counted, serve, share_at
from wsesim.units import show_seconds

OVER = 1.2
"""How far beyond the largest rate, and the one asked for, rates are drawn."""
_DRAWN = (0.1, OVER)
"""Parts of the largest rate that are drawn, beside the one asked for and those that the search tried."""
LIMIT_DIGITS = 4
"""Of a limit that is said: three would call 1.265 ms 1.27."""
_FAR = 10
"""Times the largest rate from which on the one asked for needs a logarithmic axis."""


def rate_curves(service: Service, requests: Requests, searched: Requests | None, judged: Judged) -> tuple[Curve, ...]:
    """Return good answers over the rate; nothing where no rate holds the objective, or none was looked for."""
    found = judged.rate
    if found is None or searched is None or not found.per_s:
        return ()
    times = replace(judged.times, slots=found.slots)
    asked = service.arrivals.rate_per_s or requests.rate_per_s
    missing = {asked, *(part * found.per_s for part in _DRAWN)}
    below = sorted(rate for rate in missing if rate < found.full_per_s)
    more = {rate: share_at(rate, searched, times, service.objective)[0] for rate in below}
    tried = {rate: share for rate, (share, _) in found.tried.items()}
    return (_curve(found, asked, tried | more, service.objective.share),)


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


def limits_words(goal: Objective) -> str:
    """Say what is good enough, as exactly as it is given."""
    first, each = (show_seconds(limit, digits=LIMIT_DIGITS) for limit in (goal.ttft_s, goal.tpot_s))
    return f"first token in {first} and each further token in {each}"


def rate_words(service: Service, judged: Judged) -> tuple[str, ...]:
    """Say how the largest rate was judged, and how sure it is."""
    found = judged.rate
    if found is None:
        return ()
    goal, span = service.objective, counted(SEARCHED)
    if not found.per_s:
        tried = "; ".join(words_tried(judged))
        return (
            f"No rate holds the objective with the placements tried: even one request at a time, only "
            f"{found.share:.1%} have their {limits_words(goal)}. Tried: {tried}.",
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
