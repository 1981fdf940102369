"""Model, cluster and goal → the placement that fits and is fastest for it, or why there is none."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident.advice import advice, copied, too_few_each
from wsesim.mapping.resident.failures import too_full
from wsesim.mapping.resident.goal import MOST_SLOTS, PlanGoal
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import holding
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.search import fastest
from wsesim.mapping.resident.squares import kind_of, plan_in_squares


def plan_resident(request: ResidentRequest, goal: PlanGoal | None = None) -> ResidentPlan | DoesNotFit:
    """Place a model for inference as is fastest for *goal*; or say why it cannot be.

    Copies of a batch have even shares of it; those without a sequence take no part. Without a goal half the cache is
    read and half is written.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    wanted = goal or PlanGoal.half(request.positions, batch=request.batch, writes=request.writes)
    request = replace(request, bunched=wanted.streams)
    found = _placed(request, list(copied(request)), wanted)
    return found if isinstance(found, DoesNotFit) or wanted.streams else _taking_part(found, request.batch)


def plan_service(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Place a model for many requests, with as many sequences of *request.positions* at once as serve them fastest.

    Sequences take memory that chunks of prompts could have, and wafers that copies could have; so fewer than there is
    room for are tried, too.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    request, batches = replace(request, bunched=True), [2**power for power in range(MOST_SLOTS.bit_length())]
    found = _placed(replace(request, batch=1), [replace(request, batch=batch) for batch in batches], goal)
    if isinstance(found, DoesNotFit) or found.next_best is None:
        return found if isinstance(found, DoesNotFit) else _with_more(found, goal)
    best, other = sorted((_with_more(found, goal), _with_more(found.next_best, goal)), key=goal)
    return replace(best, next_best=replace(other, next_best=None))


def _taking_part(plan: ResidentPlan, batch: int) -> ResidentPlan:
    """Return a plan, and the next best, without the copies that have no sequence of a batch."""
    other = plan.next_best and _taking_part(plan.next_best, batch)
    return replace(plan, replicas=min(plan.replicas, batch), next_best=other)


def _with_more(plan: ResidentPlan, goal: PlanGoal) -> ResidentPlan:
    """Return the same placement with as many more sequences as there is memory left for, if it is no slower."""
    batch = plan.request.batch
    fit = bisect_left(range(batch + 1, 2 * batch), True, key=lambda number: holding(plan, number) is None)
    more = holding(plan, batch + fit)
    return more if more and goal(more) <= goal(plan) else plan


def _placed(
    request: ResidentRequest, requests: list[ResidentRequest], goal: PlanGoal
) -> ResidentPlan | DoesNotFit:  # fmt: skip
    found = [fastest(requests, goal)] if request.in_rectangles else []
    tried = [plan_in_squares(one, goal) for one in requests] if request.in_squares else []
    plans = [plan for plan in (*found, *tried) if isinstance(plan, ResidentPlan)]
    if not plans:
        failures = [failure for failure in tried if isinstance(failure, DoesNotFit)]
        return _failed(request, goal, too_full([*copied(request)][-1]) if request.in_rectangles else failures[0])
    best, *others = sorted([*plans, *(plan.next_best for plan in plans if plan.next_best)], key=goal)
    return replace(best, next_best=next((one for one in others if kind_of(one) != kind_of(best)), None))


def _failed(request: ResidentRequest, goal: PlanGoal, failure: DoesNotFit) -> DoesNotFit:
    """Return why there is no room, and what would make some."""
    return replace(failure, why=f"{too_few_each(request, goal) or failure.why}: {advice(request, goal)}")
