"""The largest rate of a service: how it is said, and who is let in for those asked."""

from __future__ import annotations

from dataclasses import replace

from wsesim.answer import Choice
from wsesim.questions.shared.service import Service
from wsesim.questions.shared.service_choice import SEARCHED, Judged, words_tried
from wsesim.system import Objective, Requests, Served, ServiceTimes, counted, serve
from wsesim.units import show_seconds, show_share

LIMIT_DIGITS = 4
"""Of a limit that is said: three would call 1.265 ms 1.27."""


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


def limits_words(goal: Objective) -> str:
    """Say what is good enough, as exactly as it is given."""
    first, each = (show_seconds(limit, digits=LIMIT_DIGITS) for limit in (goal.ttft_s, goal.tpot_s))
    return f"first token in {first} and each further token in {each}"


def rate_words(service: Service, judged: Judged) -> tuple[str, ...]:
    """Say how the largest rate was judged, and how sure it is; where none is known, what was tried in vain."""
    found = judged.rate
    if found is None:
        return _missed_words(service, judged)
    goal, span = service.objective, counted(SEARCHED)
    if not found.per_s:
        tried = "; ".join(words_tried(judged))
        return (
            f"No rate holds the objective with the placements tried: even one request at a time, only "
            f"{show_share(found.share)} have their {limits_words(goal)}. Tried: {tried}.",
        )
    drawn = "drawn from the same seed" if service.arrivals.trace is None else "of the trace, over and over"
    sure, (low, high) = "", found.between_per_s
    if found.error:
        sure = (
            f", give or take {show_share(2 * found.error)}, so that the rate may lie between {low:.3g} and {high:.3g}"
        )
    return (
        f"The largest rate is judged on {span.stop - span.start:,} requests {drawn}, between {span.start:,} that fill "
        f"the queues and {SEARCHED - span.stop:,} that empty them: {show_share(found.share)} are good there{sure}. "
        f"At more than {found.full_per_s:.4g} a second the queue grows without end, and no more are answered.",
    )


def _missed_words(service: Service, judged: Judged) -> tuple[str, ...]:
    """Say what was tried where too few answers are good with all of it."""
    if judged.score >= service.objective.share or not judged.others:
        return ()
    tried = "; ".join(f"{words}: {show_share(share)}" for words, share in words_tried(judged).items())
    return (f"No placement that was tried has more good answers for these requests. Tried: {tried}.",)
