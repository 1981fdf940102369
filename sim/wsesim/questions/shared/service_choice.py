"""What is chosen for a service by the largest rate: its placement where the objective binds, chunks, who is let in.

Where no largest rate is looked for, placement and chunk are chosen by the good answers of the requests as they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from operator import itemgetter

from wsesim.answer import Choice, DoesNotFit
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.base import Say
from wsesim.questions.shared.choosing import placement_choice, plan_words
from wsesim.questions.shared.request_figures import FULL_REQUEST
from wsesim.questions.shared.service import Service, drained_placement, open_chunks, quick_placements
from wsesim.questions.shared.service_readers import full_s, times_of
from wsesim.system import LargestRate, Requests, ServiceTimes, best_rate, requests_of, serve, tried_at

SEARCHED = 4000
"""Requests that the largest rate is looked for with, however many are served: what a service can do is its own."""
BINDS = 0.5
"""Of the rate at which the pipeline is full, a largest rate below which the objective binds: tokens are too slow."""
_RATE, _SHARE = "largest_rate_per_s", "met_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A placement and the largest rate it holds, or the share of good answers it gives."""

    plan: ResidentPlan
    times: ServiceTimes
    """With all slots there is room for, and the chunk that is best."""
    found: tuple[LargestRate, ...] = ()
    """The largest first, then those of other choices; empty where none is asked for."""
    shares: tuple[tuple[int, float], ...] = ()
    """Chunks with their good answers of requests as they arrive, the best first; empty where a rate is asked for."""
    others: tuple[Judged, ...] = ()
    """Other placements that were tried, the next best first."""

    @property
    def rate(self) -> LargestRate | None:
        """The largest rate; None where none is asked for, or requests of a trace all arrive together."""
        return self.found[0] if self.found else None

    @property
    def per_s(self) -> float:
        """Requests a second; 0 where none is known."""
        return self.found[0].per_s if self.found else 0.0

    @property
    def score(self) -> float:
        """What placements are compared by, more is better: the largest rate, or else the share of good answers."""
        return self.shares[0][1] if self.shares else self.per_s


def searched_of(service: Service, requests: Requests) -> Requests | None:
    """Return the requests that the largest rate is looked for with; None where there is none to look for."""
    if not service.search:
        return None
    if service.arrivals.trace is None:
        return requests_of(replace(service.arrivals, requests=SEARCHED))
    served = requests.chosen(~requests.refused)
    return served.repeated(SEARCHED) if len(served) and isfinite(served.rate_per_s) else None


def judge(
    service: Service, requests: Requests, searched: Requests | None, plan: ResidentPlan, times: ServiceTimes, say: Say
) -> Judged:
    """Return the largest rate of a placement, with the best chunk and as many let in at once as is best.

    Where none is looked for, the good answers of *requests* with the first chunk that has enough of them, or the best.
    """
    chunks = open_chunks(service, plan)
    if searched is not None:
        found = best_rate(searched, times, service.objective, chunks=chunks, fewer=service.batch is None, say=say)
        return Judged(plan=plan, times=replace(times, chunk=found[0].chunk), found=found)
    shares: list[tuple[int, float]] = []
    for chunk in (times.chunk, *chunks):
        shares.append((chunk, service.objective.met_share(serve(requests, replace(times, chunk=chunk)))))
        if shares[-1][1] >= service.objective.share:
            break
    shares.sort(key=itemgetter(1), reverse=True)
    return Judged(plan=plan, times=replace(times, chunk=shares[0][0]), shares=tuple(shares))


def judge_placements(
    service: Service, requests: Requests, searched: Requests | None, plan: ResidentPlan, say: Say
) -> Judged:
    """Return what a placement gives, or another that gives more.

    The placement is one for a full pipeline. The next best of another kind, and one whose prompts are sooner through,
    are tried beside it; and where the pipeline stays far from full, as the objective binds, such as write faster. Where
    no largest rate is looked for and the placement has enough good answers, no other is tried.
    """
    tried = [judge(service, requests, searched, plan, times_of(service, plan), say)]

    def judge_also(others: Iterable[ResidentPlan | DoesNotFit | None]) -> None:
        for other in others:
            if isinstance(other, ResidentPlan) and all(other != one.plan for one in tried):
                say(f"trying {plan_words(other)}")
                tried.append(judge(service, requests, searched, other, times_of(service, other), say))

    if tried[0].shares and tried[0].score >= service.objective.share:
        return tried[0]
    judge_also([plan.next_best, drained_placement(service)])
    if max(one.score for one in tried) < _binding_below(service, tried):
        judge_also(quick_placements(service))
    best, *others = sorted(tried, key=lambda one: one.score, reverse=True)
    return replace(best, others=tuple(others))


def _binding_below(service: Service, tried: Iterable[Judged]) -> float:
    """Return the score below which the objective binds."""
    full_per_s = max((each.full_per_s for one in tried for each in one.found), default=None)
    return service.objective.share if full_per_s is None else BINDS * full_per_s


def placement_by_rate(service: Service, judged: Judged) -> Choice:
    """Return the choice of the placement: by what others were compared with it by, if any were."""
    if not judged.others:
        return placement_choice(FULL_REQUEST.name, judged.plan, partial(full_s, service))
    chosen, *others = words_tried(judged).items()
    figure = _SHARE if judged.shares else _RATE
    return Choice(what="placement", chosen=chosen[0], figure=figure, value=chosen[1], others=tuple(others))


def words_tried(judged: Judged) -> dict[str, float]:
    """Return the placements that were tried, in words, the best first, and the rate or share of each.

    Those that differ in no more than their strips of tables are told as one, the best of them.
    """
    found: dict[str, float] = {}
    for one in (judged, *judged.others):
        found.setdefault(plan_words(one.plan), one.score)
    return found


def choices_by_rate(judged: Judged) -> Iterator[Choice]:
    """Yield the choices of chunk and of how many are let in at once, where they are not the placement's own."""
    best, copies = judged.rate, judged.times.copies
    if best is None:
        yield from _chunk_by_share(judged)
        return
    for other in judged.found[1:]:
        if other.per_s == best.per_s:
            continue
        if other.slots != best.slots:
            what, chosen = "sequences let in at once", f"{copies * best.slots:,} at most"
            words = f"all {copies * other.slots:,} there is room for"
        else:
            what, chosen, words = "chunk", f"{best.chunk:,} tokens", f"{other.chunk:,} tokens"
        yield Choice(what=what, chosen=chosen, figure=_RATE, value=best.per_s, others=((words, other.per_s),))


def _chunk_by_share(judged: Judged) -> Iterator[Choice]:
    (chunk, share), *others = judged.shares
    words = tuple((f"{other:,} tokens", less) for other, less in others if less < share)
    if words:
        yield Choice(what="chunk", chosen=f"{chunk:,} tokens", figure=_SHARE, value=share, others=words)


def holds_as_much(
    service: Service, requests: Requests, searched: Requests | None, judged: Judged, plan: ResidentPlan
) -> bool:
    """Return whether a *plan* holds the largest rate that was found, or gives as many good answers where none was."""
    times = times_of(service, plan)
    if searched is None:
        found = judge(service, requests, None, plan, times, lambda _: None)
        return found.score >= min(judged.score, service.objective.share)
    if not judged.per_s:
        return True
    ways = [
        replace(times, chunk=chunk, slots=slots)
        for chunk in (times.chunk, *open_chunks(service, plan))
        for slots in sorted({times.slots, min(times.slots, judged.found[0].slots)}, reverse=True)
    ]
    shares = (tried_at(judged.per_s, searched, way, service.objective).share for way in ways)
    return any(share >= service.objective.share for share in shares)
