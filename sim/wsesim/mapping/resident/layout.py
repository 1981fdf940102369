"""Model and cluster → the placement that fits and decodes fastest, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wsesim.kernels.resident import VALUE_BYTES
from wsesim.mapping.program import DoesNotFit
from wsesim.mapping.resident.memory import fullest, needs_bytes
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region, lay_out, shares, squares_on
from wsesim.result import MemoryUse
from wsesim.units import show_bytes

BLOCKS_ACROSS = range(2, 7)
"""Squares along the shorter side of a wafer that are tried where the request leaves the grid open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to lay the stages on wafers."""

    placement: str
    side: int
    wafers: int


def plan_resident(request: ResidentRequest) -> ResidentPlan | DoesNotFit:
    """Place a model for inference on as few wafers as hold it, as it decodes fastest; or say why it cannot be.

    Raises:
        SpecError: sizes that cannot be.
    """
    fewest: DoesNotFit | None = None
    for wafers in _wafer_counts(request):
        tried = [_tried(request, choice) for choice in _choices(request, wafers)]
        plans = [plan for plan in tried if isinstance(plan, ResidentPlan)]
        if plans:
            middle = max(1, request.positions // 2)
            return min(plans, key=lambda plan: plan.decode(middle).cycles)
        failures = [failure for failure in tried if isinstance(failure, DoesNotFit)]
        fewest = min(failures, key=lambda failure: needs_bytes(failure.memory))
    assert fewest is not None
    return replace(fewest, why=f"{fewest.why}: {_advice(request)}")


def _wafer_counts(request: ResidentRequest) -> Iterator[int]:
    if request.wafers is not None:
        yield request.wafers
    else:
        model, wafer = request.model, request.cluster.wafer
        weights_bytes = VALUE_BYTES * model.layers * request.shape.weights if request.must_fit else 0
        systems = request.cluster.systems
        yield from range(max(1, min(systems, weights_bytes // wafer.sram_bytes)), systems + 1)


def _choices(request: ResidentRequest, wafers: int) -> Iterator[_Choice]:
    short = min(request.cluster.wafer.columns, request.cluster.wafer.rows)
    if request.placement in ("auto", "whole"):
        yield _Choice(placement="whole", side=request.decode_grid or short, wafers=wafers)
    if request.placement in ("auto", "blocks"):
        sides = [request.decode_grid] if request.decode_grid else [short // number for number in BLOCKS_ACROSS]
        for side in sides:
            if side:
                yield _Choice(placement="blocks", side=side, wafers=wafers)


def _tried(request: ResidentRequest, choice: _Choice) -> ResidentPlan | DoesNotFit:
    prefill_side = request.prefill_grid or choice.side
    stages = _stages(request, choice, choice.side)
    prefill_stages = _stages(request, choice, prefill_side) if prefill_side != choice.side else stages
    if isinstance(stages, DoesNotFit):
        return stages
    if isinstance(prefill_stages, DoesNotFit):
        return prefill_stages
    decoding = fullest(request, stages, tokens=1)
    for chunk in _chunks(request, prefill_side):
        prompts = fullest(request, prefill_stages, tokens=chunk)
        memory = max(decoding, prompts, key=needs_bytes)
        if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes or not request.must_fit:
            return ResidentPlan(
                request=request, placement=choice.placement, stages=stages, prefill_stages=prefill_stages,
                chunk=chunk, memory=memory,
            )  # fmt: skip
    return _too_large(request, choice, memory)


def _stages(request: ResidentRequest, choice: _Choice, side: int) -> tuple[Region, ...] | DoesNotFit:
    wafer, layers = request.cluster.wafer, request.model.layers
    per_wafer = 1 if choice.placement == "whole" else squares_on(wafer, side)
    room = per_wafer * choice.wafers
    count = request.stages or min(layers, room)
    if count > room:
        return DoesNotFit(
            why=f"{count} stages of {side} x {side} cores need {-(-count // per_wafer)} wafers, there are "
            f"{choice.wafers} with room for {per_wafer} each"
        )
    return lay_out(wafer, side, per_wafer, shares(layers, count))


def _chunks(request: ResidentRequest, side: int) -> Iterator[int]:
    """Yield how many tokens of a prompt could pass together, most first, down to one a core."""
    if request.chunk is not None:
        yield request.chunk
        return
    chunk = request.positions
    while chunk > side:
        yield chunk
        chunk = -(-chunk // 2)
    yield chunk


def _too_large(request: ResidentRequest, choice: _Choice, memory: tuple[MemoryUse, ...]) -> DoesNotFit:
    need, have = needs_bytes(memory), request.cluster.wafer.core.sram_bytes
    largest = max(memory, key=lambda line: line.bytes_per_core)
    wafers = f"{choice.wafers} wafer{'s' if choice.wafers > 1 else ''}"
    return DoesNotFit(
        why=f"{request.model.name} on {wafers} in squares of {choice.side} needs {show_bytes(need)} a core, a core has "
        f"{show_bytes(have)} ({show_bytes(need - have)} too much, most for {largest.what}: "
        f"{show_bytes(largest.bytes_per_core)})",
        memory=memory,
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
    return any(isinstance(_tried(request, choice), ResidentPlan) for choice in _choices(request, wafers))


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
