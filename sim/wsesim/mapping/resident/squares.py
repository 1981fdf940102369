"""Placements in squares of cores, one a wafer or several, as published programs have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident.failures import too_large
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.memory import fullest, holds, largest_group, needs_bytes
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage, lay_out, shares, squares_on
from wsesim.units import plural

BLOCKS_ACROSS = range(2, 7)
"""Squares along the shorter side of a wafer that are tried where the request leaves the grid open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to lay the stages on wafers in squares."""

    placement: str
    side: int
    wafers: int


def plan_in_squares(request: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Return the fastest placement in squares, on as few wafers as hold the model; or why there is none."""
    wafers = request.wafers or _fewest_in_squares(request, goal)
    tried = [plan for choice in _choices(request, wafers) for plan in _tried(request, choice, goal)]
    copies = request.replicas or (max(1, request.cluster.systems // wafers) if goal.streams else 1)
    plans = [replace(plan, replicas=copies) for plan in tried if isinstance(plan, ResidentPlan)]
    if plans:
        best, *others = sorted(plans, key=goal)
        return replace(best, next_best=next((one for one in others if kind_of(one) != kind_of(best)), None))
    failures = [failure for failure in tried if isinstance(failure, DoesNotFit)]
    return min(failures, key=lambda failure: needs_bytes(failure.memory))


def kind_of(plan: ResidentPlan) -> tuple[str, int, int, int, bool]:
    """Return what the next best differs in."""
    return plan.placement, len(plan.stages), plan.wafers, plan.replicas, plan.together is None


def fits_in_squares(request: ResidentRequest, goal: PlanGoal) -> bool:
    """Return whether some choice of squares has room."""
    wafers = request.wafers or request.systems
    return any(_fits(request, choice, goal) for choice in _choices(request, wafers))


def _fewest_in_squares(request: ResidentRequest, goal: PlanGoal) -> int:
    """Return the fewest of the cluster's systems that hold the model; all of them if that is not enough."""
    systems = request.systems
    fits = (number for number in range(1, systems) if fits_in_squares(replace(request, wafers=number), goal))
    return next(fits, systems)


def _choices(request: ResidentRequest, wafers: int) -> Iterator[_Choice]:
    short = min(request.cluster.wafer.columns, request.cluster.wafer.rows)
    if request.placement in ("auto", "whole"):
        yield _Choice(placement="whole", side=request.decode_grid or short, wafers=wafers)
    if request.placement in ("auto", "blocks"):
        sides = [request.decode_grid] if request.decode_grid else [short // number for number in BLOCKS_ACROSS]
        for side in sides:
            if side:
                yield _Choice(placement="blocks", side=side, wafers=wafers)


def _fits(request: ResidentRequest, choice: _Choice, goal: PlanGoal) -> bool:
    """Return whether there is room for the fewest tokens: more of them need no less."""
    laid = _laid(request, choice)
    if isinstance(laid, DoesNotFit) or not request.must_fit:
        return not isinstance(laid, DoesNotFit)
    stages, prefill_stages = laid
    *_, chunk = _chunks(request, choice, goal)
    writes = holds(request, stages, tokens=request.groups[0])
    return writes and holds(request, prefill_stages, tokens=chunk, shifts=True)


def _tried(
    request: ResidentRequest, choice: _Choice, goal: PlanGoal
) -> tuple[ResidentPlan | DoesNotFit, ...]:  # fmt: skip
    """Return the plans of a choice, one for each chunk there is memory for, or why there is none."""
    laid = _laid(request, choice)
    if isinstance(laid, DoesNotFit):
        return (laid,)
    stages, prefill_stages = laid
    group = (largest_group(request, stages) or request.groups[0]) if request.must_fit else request.batch
    decoding, plans = fullest(request, stages, tokens=group), list[ResidentPlan]()
    for chunk in _chunks(request, choice, goal):
        prompts = fullest(request, prefill_stages, tokens=chunk, shifts=True)
        memory = max(decoding, prompts, key=needs_bytes)
        if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes or not request.must_fit:
            plans.append(ResidentPlan(
                request=request, placement=choice.placement, stages=stages, prefill_stages=prefill_stages,
                chunk=chunk, group=group, memory=memory,
            ))  # fmt: skip
    return tuple(plans) or (too_large(request, choice.wafers, f"squares of {choice.side}", memory),)


def _laid(
    request: ResidentRequest, choice: _Choice
) -> tuple[tuple[PipelineStage, ...], tuple[PipelineStage, ...]] | DoesNotFit:  # fmt: skip
    """Return the stages for tokens and those for prompts; or why there is no room for them."""
    prefill_side = request.prefill_grid or choice.side
    stages = _stages(request, choice, choice.side)
    prefill_stages = _stages(request, choice, prefill_side) if prefill_side != choice.side else stages
    if isinstance(stages, DoesNotFit):
        return stages
    return prefill_stages if isinstance(prefill_stages, DoesNotFit) else (stages, prefill_stages)


def _stages(request: ResidentRequest, choice: _Choice, side: int) -> tuple[PipelineStage, ...] | DoesNotFit:
    wafer, layers = request.cluster.wafer, request.model.layers
    per_wafer = 1 if choice.placement == "whole" else squares_on(wafer, side)
    room = per_wafer * choice.wafers
    stages = request.stages or min(layers, room)
    if stages > room:
        return DoesNotFit(
            why=f"{plural(stages, 'stage')} of {side} x {side} cores need {plural(-(-stages // per_wafer), 'wafer')}, "
            f"there are {choice.wafers} with room for {per_wafer} each"
        )
    return lay_out(wafer, side, per_wafer, shares(layers, stages))


def _chunks(request: ResidentRequest, choice: _Choice, goal: PlanGoal) -> Iterator[int]:
    """Yield how many tokens of a prompt could pass together, most first, down to the side of a square or fewer.

    All of them do where every token sees all others.
    """
    if request.chunk is not None:
        yield request.chunk
        return
    if not request.model.causal:
        yield request.positions
        return
    least = request.prefill_grid or choice.side
    chunk = min(request.positions, goal.prompt or max(1, request.positions // 2))
    while chunk > least:
        yield chunk
        chunk = -(-chunk // 2)
    yield chunk
