"""Whether a request has room in any number of copies, and which changes, any one of which is enough, give it some."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace

from wsesim.mapping.resident.bounds import Bounds, Places
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.options import stage_options
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.squares import fits_in_squares
from wsesim.mapping.resident.stage_times import StageTimes
from wsesim.mapping.resident.ways import ways_to_read
from wsesim.units import plural

Fits = Callable[[int], bool]
"""Whether a request has room with one of its numbers changed to this."""


def copied(request: ResidentRequest) -> Iterator[ResidentRequest]:
    """Yield the request of one copy, for each number of copies that makes its share smaller; as few as can be last."""
    most = min(request.batch, request.cluster.systems // (request.wafers or 1))
    shares = {-(-request.batch // copies): copies for copies in range(most, 0, -1)}
    if request.replicas:
        shares = {-(-request.batch // request.replicas): request.replicas}
    for batch, copies in shares.items():
        yield replace(request, batch=batch, replicas=copies)


def fits(goal: PlanGoal, request: ResidentRequest) -> bool:
    """Return whether a placement has room, with any of the numbers of copies that planning tries."""
    return any(_copy_fits(goal, one) for one in copied(request))


def fewest_systems(request: ResidentRequest, goal: PlanGoal) -> int | None:
    """Return the fewest systems on which a placement has room; None if no number does."""
    return _first(lambda number: fits(goal, _on(request, number)), 1, request.cluster.max_systems)


def too_few_each(request: ResidentRequest, goal: PlanGoal) -> str:
    """Say that so many copies leave each too few wafers, where one of them would have room on more; else nothing."""
    if not request.replicas or request.wafers:
        return ""
    share = replace(next(copied(request)), replicas=1)
    needs = fewest_systems(share, goal)
    if needs is None or needs <= request.systems:
        return ""
    wafers = plural(request.cluster.systems, "wafer")
    return f"{plural(request.replicas, 'copy')} on {wafers} have {request.systems} each; a copy needs {needs}"


def advice(request: ResidentRequest, goal: PlanGoal) -> str:
    """Return changes any one of which is enough: the least that is, and one less is not."""
    found = [*_more_wafers(request, goal), *_smaller(request, goal), *_left_open(request, goal)]
    if not found:
        return "no number of wafers, batch or cache makes it fit; a smaller model or more SRAM would"
    return " or ".join(found) + " would fit"


def _more_wafers(request: ResidentRequest, goal: PlanGoal) -> Iterator[str]:
    if request.wafers and fits(goal, replace(request, wafers=None)):
        each = range(request.wafers + 1, request.systems + 1)
        enough = next((wafers for wafers in each if fits(goal, replace(request, wafers=wafers))), None)
        yield f"{enough} wafers" if enough else "wafers left open"
        return
    for one in (request, replace(request, wafers=None)):
        if systems := fewest_systems(one, goal):
            yield f"{systems} systems" + ("" if one == request else " with wafers left open")
            return


def _smaller(request: ResidentRequest, goal: PlanGoal) -> Iterator[str]:
    if copies := _last(lambda number: fits(goal, replace(request, replicas=number)), request.replicas or 1):
        yield plural(copies, "copy")
    if batch := _last(lambda number: fits(goal, replace(request, batch=number)), request.batch):
        yield f"a batch of {batch:,}"
    if positions := _last(lambda number: fits(goal, replace(request, positions=number)), request.positions):
        yield plural(positions, "position")


def _left_open(request: ResidentRequest, goal: PlanGoal) -> Iterator[str]:
    if request.stages and fits(goal, replace(request, stages=None)):
        yield "stages left open"
    if (request.decode_grid or request.prefill_grid) and fits(
        goal, replace(request, decode_grid=None, prefill_grid=None, placement="auto")
    ):
        yield "grids and placement left open"


def _on(request: ResidentRequest, systems: int) -> ResidentRequest:
    return replace(request, cluster=replace(request.cluster, systems=systems))


def _copy_fits(goal: PlanGoal, request: ResidentRequest) -> bool:
    """Return whether a copy has room, and for a prompt that it reads in one of the ways there are."""
    if not request.systems:
        return False
    if request.in_squares and fits_in_squares(request, goal):
        return True
    if not request.in_rectangles:
        return False
    places = Places.of(request, stage_options(request))
    bounds = Bounds(goal, StageTimes(request, places.options))
    ways = ways_to_read(request, max(1 + goal.reused, min(request.positions, goal.prompt)), goal.reused)
    return bool(len(places.options)) and any(bounds.holds(places, way).any() for way in ways)


def _first(enough: Fits, least: int, most: int) -> int | None:
    """Return the smallest number from *least* to *most* that is enough, where more always is."""
    if least > most or not enough(most):
        return None
    return least + bisect_left(range(least, most), True, key=enough)


def _last(enough: Fits, most: int) -> int | None:
    """Return the largest number below *most* that is few enough, where less always is."""
    if most <= 1 or not enough(1):
        return None
    return 1 + bisect_left(range(2, most), True, key=lambda number: not enough(number))
