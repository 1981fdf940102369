"""Model, cluster and goal → the placement that fits and is fastest for it, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident.failures import too_full
from wsesim.mapping.resident.goal import MOST_SLOTS, PlanGoal
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import holding
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.room import fewest_wafers
from wsesim.mapping.resident.search import fastest
from wsesim.mapping.resident.squares import fits_in_squares, plan_in_squares


def plan_resident(request: ResidentRequest, goal: PlanGoal | None = None) -> ResidentPlan | DoesNotFit:
    """Place a model for inference as is fastest for *goal*; or say why it cannot be.

    Copies of a batch have even shares of it. Without a goal half the cache is read and half is written.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    wanted = goal or PlanGoal.half(request.positions, batch=request.batch, writes=request.writes)
    return _placed(request, list(_copied(request)), wanted)


def plan_service(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Place a model for many requests, with as many sequences of *request.positions* at once as serve them fastest.

    Sequences take memory that chunks of prompts could have, and wafers that copies could have; so fewer than there is
    room for are tried, too.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    batches = [2**power for power in range(MOST_SLOTS.bit_length())]
    found = _placed(replace(request, batch=1), [replace(request, batch=batch) for batch in batches], goal)
    return found if isinstance(found, DoesNotFit) else _with_more(found, goal)


def _with_more(plan: ResidentPlan, goal: PlanGoal) -> ResidentPlan:
    """Return the same placement with as many more sequences as there is memory left for, if it is no slower."""
    least, most = plan.request.batch, 2 * plan.request.batch
    while least < most - 1:
        middle = (least + most) // 2
        least, most = (middle, most) if holding(plan, middle) else (least, middle)
    more = holding(plan, least)
    return more if more and goal(more) <= goal(plan) else plan


def _copied(request: ResidentRequest) -> Iterator[ResidentRequest]:
    """Yield the request of one copy, for each number of copies that makes its share smaller."""
    most = min(request.batch, request.cluster.systems // (request.wafers or 1))
    shares = {-(-request.batch // copies): copies for copies in range(most, 0, -1)}
    if request.replicas:
        shares = {-(-request.batch // request.replicas): request.replicas}
    for batch, copies in shares.items():
        yield replace(request, batch=batch, replicas=copies)


def _placed(
    request: ResidentRequest, requests: list[ResidentRequest], goal: PlanGoal
) -> ResidentPlan | DoesNotFit:  # fmt: skip
    if request.in_rectangles:
        if found := fastest(requests, goal):
            return found
        failure = too_full(request)
        return replace(failure, why=f"{failure.why}: {_advice(request)}")
    tried = [plan_in_squares(one, goal) for one in requests]
    plans = [plan for plan in tried if isinstance(plan, ResidentPlan)]
    if plans:
        return min(plans, key=goal)
    failure = next(failure for failure in tried if isinstance(failure, DoesNotFit))
    return replace(failure, why=f"{failure.why}: {_advice(request)}")


def _advice(request: ResidentRequest) -> str:
    """Return changes any one of which is enough, each tried."""
    found = []
    most = request.cluster.max_systems
    at_least = (request.wafers or request.cluster.systems) + 1
    if wafers := _first_that_fits(request, "wafers", at_least, most):
        found.append(f"{wafers} wafers")
    if request.batch > 1 and _fits(replace(request, batch=1)):
        found.append(f"a batch of {_most_that_fits(request, 'batch', request.batch)}")
    if request.positions > 1 and _fits(replace(request, positions=1)):
        found.append(f"{_most_that_fits(request, 'positions', request.positions):,} positions")
    if request.stages and _fits(replace(request, stages=None)):
        found.append("stages left open")
    if (request.decode_grid or request.prefill_grid) and _fits(
        replace(request, decode_grid=None, prefill_grid=None, placement="auto")
    ):
        found.append("grids and placement left open")
    if not found:
        return "no number of wafers, batch or cache makes it fit; a smaller model or more SRAM would"
    return " or ".join(found) + " would fit"


def _fits(request: ResidentRequest) -> bool:
    if not request.in_rectangles:
        return fits_in_squares(request)
    fewest = fewest_wafers(request)
    return fewest is not None and fewest <= (request.wafers or request.systems)


def _first_that_fits(request: ResidentRequest, field: str, least: int, most: int) -> int | None:
    """Return the smallest number from *least* to *most* that fits, where more always does."""
    if least > most or not _fits(replace(request, **{field: most})):  # type: ignore[arg-type]
        return None
    while least < most:
        middle = (least + most) // 2
        if _fits(replace(request, **{field: middle})):  # type: ignore[arg-type]
            most = middle
        else:
            least = middle + 1
    return least


def _most_that_fits(request: ResidentRequest, field: str, most: int) -> int:
    """Return the largest number below *most* that fits, where less always does; 1 is known to."""
    least = 1
    while least < most - 1:
        middle = (least + most) // 2
        if _fits(replace(request, **{field: middle})):  # type: ignore[arg-type]
            least = middle
        else:
            most = middle
    return least
