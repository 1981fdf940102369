"""Model, cluster and goal → the placement that fits and is fastest for it, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wsesim.answer import DoesNotFit, MemoryUse
from wsesim.mapping.resident.cuts import MOST_RECTANGLES
from wsesim.mapping.resident.estimate import Estimate, ReadingWay, chunks, ways_to_read
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.memory import count, fullest, needs_bytes
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import (
    depths,
    fewest_wafers,
    lay_out_rectangles,
    least_full,
)
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage, lay_out, shares, squares_on
from wsesim.units import show_bytes

BLOCKS_ACROSS = range(2, 7)
"""Squares along the shorter side of a wafer that are tried where the request leaves the grid open."""
MOST_LAYOUTS, WAYS_EACH, MOST_PLANS = 3, 2, 4
"""Cuts whose ways to read are compared, ways of each that are kept, and placements that are timed in full."""
MOST_BATCH = 4096
"""Longest sequences held at once that are tried."""
SOMEWHAT_LESS, FAR_LESS = 0.75, (0.5, 0.25)
"""Of the sequences there is room for, how many a service is tried with: on any wafers, on the fewest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to lay the stages on wafers in squares."""

    placement: str
    side: int
    wafers: int


def plan_resident(request: ResidentRequest, goal: PlanGoal | None = None) -> ResidentPlan | DoesNotFit:
    """Place a model for inference on as few wafers as hold it, as is fastest for *goal*; or say why it cannot be.

    Without a goal half the cache is read and half is written.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    wanted = goal or PlanGoal.half(request.positions, batch=request.batch, writes=request.writes)
    found = _in_rectangles(request, wanted) if request.in_rectangles else _in_squares(request, wanted)
    if isinstance(found, ResidentPlan):
        return found
    return replace(found, why=f"{found.why}: {_advice(request)}")


def plan_service(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Place a model for many requests, with as many sequences of *request.positions* at once as serve them fastest.

    Sequences take memory that chunks of prompts could have, and wafers that make the pipeline longer; so fewer than
    there is room for are tried, too.

    Raises:
        SpecError: sizes that cannot be.
        NotModelled: an op has no resident cost.
    """
    one = replace(request, batch=1)
    if not _fits(one):
        return plan_resident(one, goal)
    plans = [plan_resident(replace(request, batch=batch), goal) for batch in _batches(one)]
    return min((plan for plan in plans if isinstance(plan, ResidentPlan)), key=goal)


def _batches(one: ResidentRequest) -> list[int]:
    """Return how many sequences are tried at once: as many as fit so many wafers or somewhat fewer, or far fewer."""
    there = one.wafers or one.cluster.systems
    wafers = [one.wafers] if one.wafers else [*(2**power for power in range((there - 1).bit_length())), there]
    most = [_most_up_to(asked, MOST_BATCH) for number in wafers if _fits(asked := replace(one, wafers=number))]
    less = [round(number * SOMEWHAT_LESS) for number in most] + [round(most[0] * share) for share in FAR_LESS]
    return sorted({max(1, number) for number in (*most, *less)})


def _most_up_to(request: ResidentRequest, most: int) -> int:
    """Return the most sequences, up to *most*, that fit; one does."""
    if _fits(replace(request, batch=most)):
        return most
    return _most_that_fits(request, "batch", most)


def _in_rectangles(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    fewest, there = fewest_wafers(request), request.wafers or request.cluster.systems
    if request.stages and request.stages > there * MOST_RECTANGLES:
        return DoesNotFit(
            why=f"{count(request.stages, 'stage')} are more than {count(there, 'wafer')} can be cut into, "
            f"{MOST_RECTANGLES} rectangles each"
        )
    if fewest is None or fewest > there:
        return _too_full(request, there, tokens=request.batch)
    units = request.stages or request.model.layers
    wafers = fewest if request.wafers is None else max(fewest, min(request.wafers, units))
    plans = _promising(request, goal, wafers)
    if not plans:
        return _too_full(request, wafers, tokens=request.chunk or request.positions, shifts=True)
    return min(plans, key=goal)


def _too_full(request: ResidentRequest, wafers: int, *, tokens: int, shifts: bool = False) -> DoesNotFit:
    """Return why *tokens* at a time have no room in the rectangles that are least full."""
    regions = least_full(request, wafers)
    cores = f"rectangles of {regions[0].columns} x {regions[0].rows}"
    return _too_large(request, wafers, cores, fullest(request, regions, tokens=tokens, shifts=shifts))


def _promising(request: ResidentRequest, goal: PlanGoal, wafers: int) -> list[ResidentPlan]:
    """Return the placements that are about the fastest: cut as writing or as reading wants it, for each depth."""
    estimate = Estimate(request=request, goal=goal)
    coarse = list[tuple[float, int | None]]()
    for depth in depths(request, wafers):
        if layout := lay_out_rectangles(request, wafers, depth, estimate):
            coarse.append((estimate.bound(layout[0]), depth))
    best = [depth for _, depth in sorted(coarse, key=lambda one: one[0])[:MOST_LAYOUTS]]
    laid = [lay_out_rectangles(request, wafers, depth, estimate, fine=True) for depth in best]
    layouts = dict.fromkeys(layout for layout in laid if layout is not None)
    found = list[tuple[tuple[float, float], ResidentPlan]]()
    for stages, tables in layouts:
        ways = list(ways_to_read(request, stages, _prompt(request, goal)))
        timed = sorted((_rank(estimate, stages, way), number) for number, way in enumerate(ways))
        found += [(rank, _plan(request, stages, tables, ways[number])) for rank, number in timed[:WAYS_EACH]]
    return [plan for _, plan in sorted(found, key=lambda one: one[0])[:MOST_PLANS]]


def _rank(estimate: Estimate, stages: tuple[PipelineStage, ...], way: ReadingWay) -> tuple[float, float]:
    """Return about what the goal takes; and, where no prompt is asked, what one that fills half the cache would."""
    written, goal = estimate.written(stages), estimate.goal
    if goal.prompt:
        return written + estimate.read(stages, way), 0.0
    reader = replace(estimate, goal=replace(goal, prompt=_prompt(estimate.request, goal)))
    return written, reader.read(stages, way)


def _prompt(request: ResidentRequest, goal: PlanGoal) -> int:
    """Return the prompt that chunks are chosen for: the one asked, or any half as long as the cache."""
    return goal.prompt or max(1, request.positions // 2)


def _plan(
    request: ResidentRequest, stages: tuple[PipelineStage, ...], tables: tuple[PipelineStage, ...], way: ReadingWay
) -> ResidentPlan:
    decoding = fullest(request, stages, tokens=request.batch)
    stream = min(request.positions, request.software.fills * (len(stages) + len(tables)) * way.tokens)
    return ResidentPlan(
        request=request, placement="rectangles", stages=stages, prefill_stages=stages, tables=tables,
        chunk=way.tokens if way.shifts else request.chunk or stream, together=None if way.shifts else way.tokens,
        memory=max(decoding, way.memory, key=needs_bytes),
    )  # fmt: skip


def _in_squares(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    wafers = request.wafers or _fewest_in_squares(request)
    tried = [plan for choice in _choices(request, wafers) for plan in _tried(request, choice, goal)]
    plans = [plan for plan in tried if isinstance(plan, ResidentPlan)]
    if plans:
        return min(plans, key=goal)
    failures = [failure for failure in tried if isinstance(failure, DoesNotFit)]
    return min(failures, key=lambda failure: needs_bytes(failure.memory))


def _fewest_in_squares(request: ResidentRequest) -> int:
    """Return the fewest of the cluster's systems that hold the model; all of them if that is not enough."""
    if _fits(replace(request, wafers=1)):
        return 1
    systems = request.cluster.systems
    return _first_that_fits(request, "wafers", 1, systems) or systems


def _choices(request: ResidentRequest, wafers: int) -> Iterator[_Choice]:
    short = min(request.cluster.wafer.columns, request.cluster.wafer.rows)
    if request.placement in ("auto", "whole"):
        yield _Choice(placement="whole", side=request.decode_grid or short, wafers=wafers)
    if request.placement in ("auto", "blocks"):
        sides = [request.decode_grid] if request.decode_grid else [short // number for number in BLOCKS_ACROSS]
        for side in sides:
            if side:
                yield _Choice(placement="blocks", side=side, wafers=wafers)


def _tried(
    request: ResidentRequest, choice: _Choice, goal: PlanGoal | None = None
) -> tuple[ResidentPlan | DoesNotFit, ...]:  # fmt: skip
    """Return the plans of a choice, one for each chunk there is memory for, or why there is none."""
    prefill_side = request.prefill_grid or choice.side
    stages = _stages(request, choice, choice.side)
    prefill_stages = _stages(request, choice, prefill_side) if prefill_side != choice.side else stages
    if isinstance(stages, DoesNotFit):
        return (stages,)
    if isinstance(prefill_stages, DoesNotFit):
        return (prefill_stages,)
    decoding, plans = fullest(request, stages, tokens=request.batch), list[ResidentPlan]()
    for chunk in chunks(request, _prompt(request, goal) if goal else request.positions, prefill_side):
        prompts = fullest(request, prefill_stages, tokens=chunk, shifts=True)
        memory = max(decoding, prompts, key=needs_bytes)
        if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes or not request.must_fit:
            plans.append(ResidentPlan(
                request=request, placement=choice.placement, stages=stages, prefill_stages=prefill_stages,
                chunk=chunk, memory=memory,
            ))  # fmt: skip
    return tuple(plans) or (_too_large(request, choice.wafers, f"squares of {choice.side}", memory),)


def _stages(request: ResidentRequest, choice: _Choice, side: int) -> tuple[PipelineStage, ...] | DoesNotFit:
    wafer, layers = request.cluster.wafer, request.model.layers
    per_wafer = 1 if choice.placement == "whole" else squares_on(wafer, side)
    room = per_wafer * choice.wafers
    stages = request.stages or min(layers, room)
    if stages > room:
        return DoesNotFit(
            why=f"{count(stages, 'stage')} of {side} x {side} cores need {count(-(-stages // per_wafer), 'wafer')}, "
            f"there are {choice.wafers} with room for {per_wafer} each"
        )
    return lay_out(wafer, side, per_wafer, shares(layers, stages))


def _too_large(request: ResidentRequest, wafers: int, cores: str, memory: tuple[MemoryUse, ...]) -> DoesNotFit:
    need, have = needs_bytes(memory), request.cluster.wafer.core.sram_bytes
    largest = max(memory, key=lambda line: line.bytes_per_core)
    return DoesNotFit(
        why=f"{request.model.name} on {count(wafers, 'wafer')} in {cores} needs {show_bytes(need)} a core, a core has "
        f"{show_bytes(have)} ({show_bytes(need - have)} too much, most for {largest.what}: "
        f"{show_bytes(largest.bytes_per_core)})",
        memory=memory,
        memory_limit_bytes=have,
    )


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
    wafers = request.wafers or request.cluster.systems
    if request.in_rectangles:
        fewest = fewest_wafers(request)
        return fewest is not None and fewest <= wafers
    tried = (plan for choice in _choices(request, wafers) for plan in _tried(request, choice))
    return any(isinstance(plan, ResidentPlan) for plan in tried)


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
