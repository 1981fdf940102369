"""Model and cluster → the placement that fits and decodes fastest, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wsesim.kernels.resident_layer import decode_layer, prefill_layer
from wsesim.mapping.resident.memory import count, fullest, needs_bytes
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import MOST_RECTANGLES, fewest_wafers, lay_out_rectangles, least_full
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region, lay_out, shares, squares_on
from wsesim.answer import DoesNotFit, MemoryUse
from wsesim.units import show_bytes

BLOCKS_ACROSS = range(2, 7)
"""Squares along the shorter side of a wafer that are tried where the request leaves the grid open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to lay the stages on wafers in squares."""

    placement: str
    side: int
    wafers: int


def plan_resident(request: ResidentRequest) -> ResidentPlan | DoesNotFit:
    """Place a model for inference on as few wafers as hold it, as it decodes fastest; or say why it cannot be.

    Raises:
        SpecError: sizes that cannot be.
    """
    found = _in_rectangles(request) if request.in_rectangles else _in_squares(request)
    if isinstance(found, ResidentPlan):
        return found
    return replace(found, why=f"{found.why}: {_advice(request)}")


def _in_rectangles(request: ResidentRequest) -> ResidentPlan | DoesNotFit:
    fewest, there = fewest_wafers(request), request.wafers or request.cluster.systems
    if request.stages and request.stages > there * MOST_RECTANGLES:
        return DoesNotFit(
            why=f"{count(request.stages, 'stage')} are more than {count(there, 'wafer')} can be cut into, "
            f"{MOST_RECTANGLES} rectangles each"
        )
    if fewest is None or fewest > there:
        regions = least_full(request, there)
        cores = f"rectangles of {regions[0].columns} x {regions[0].rows}"
        return _too_large(request, there, cores, fullest(request, regions, tokens=request.batch))
    units = request.stages or request.model.layers
    wafers = fewest if request.wafers is None else max(fewest, min(request.wafers, units))
    stages, tables = lay_out_rectangles(request, wafers)
    decoding = fullest(request, stages, tokens=request.batch)
    shifts, tokens, prompts = min(
        _ways_to_read(request, stages), key=lambda way: _reading_cycles(request, stages, way[0], way[1])
    )
    stream = min(request.positions, request.software.fills * (len(stages) + len(tables)) * tokens)
    return ResidentPlan(
        request=request, placement="rectangles", stages=stages, prefill_stages=stages, tables=tables,
        chunk=tokens if shifts else request.chunk or stream, together=None if shifts else tokens,
        memory=max(decoding, prompts, key=needs_bytes),
    )  # fmt: skip


def _ways_to_read(
    request: ResidentRequest, stages: tuple[Region, ...]
) -> Iterator[tuple[bool, int, tuple[MemoryUse, ...]]]:
    """Yield how a prompt can pass: whether weights move for it, tokens that pass together, the memory table.

    Weights move in the program that is published, WaferLLM's. That a prompt's tokens pass like those of a batch is
    assumed: the programs for decoding can do it, and need no second tile of weights.
    """
    most = min(request.chunk or request.positions, request.positions)
    doubled = (2**power for power in range(most.bit_length()))
    for shifts, sizes in ((True, _chunks(request, 1)), (False, doubled)):
        for tokens in sizes:
            memory = fullest(request, stages, tokens=tokens, shifts=shifts)
            if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes:
                yield shifts, tokens, memory


def _reading_cycles(request: ResidentRequest, stages: tuple[Region, ...], shifts: bool, tokens: int) -> float:
    """Return about how long a prompt takes that fills the cache: all tokens as in its middle."""
    region = max(stages, key=lambda stage: stage.layers / stage.cores)
    where, middle = request.rectangle(region.columns, region.rows), max(tokens, request.positions // 2)
    if shifts:
        works = prefill_layer(where, request.shape, tokens=tokens, start=middle - tokens, block=tokens)
    else:
        works = decode_layer(where, request.shape, positions=middle, batch=tokens)
    passes = -(-request.positions // tokens) + len(stages) - 1
    return passes * region.layers * sum(work.cycles for work in works)


def _in_squares(request: ResidentRequest) -> ResidentPlan | DoesNotFit:
    wafers = request.wafers or _fewest_in_squares(request)
    tried = [_tried(request, choice) for choice in _choices(request, wafers)]
    plans = [plan for plan in tried if isinstance(plan, ResidentPlan)]
    if plans:
        middle = max(1, request.positions // 2)
        return min(plans, key=lambda plan: plan.decode(middle).cycles)
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


def _tried(request: ResidentRequest, choice: _Choice) -> ResidentPlan | DoesNotFit:
    prefill_side = request.prefill_grid or choice.side
    stages = _stages(request, choice, choice.side)
    prefill_stages = _stages(request, choice, prefill_side) if prefill_side != choice.side else stages
    if isinstance(stages, DoesNotFit):
        return stages
    if isinstance(prefill_stages, DoesNotFit):
        return prefill_stages
    decoding = fullest(request, stages, tokens=request.batch)
    for chunk in _chunks(request, prefill_side):
        prompts = fullest(request, prefill_stages, tokens=chunk, shifts=True)
        memory = max(decoding, prompts, key=needs_bytes)
        if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes or not request.must_fit:
            return ResidentPlan(
                request=request, placement=choice.placement, stages=stages, prefill_stages=prefill_stages,
                chunk=chunk, memory=memory,
            )  # fmt: skip
    return _too_large(request, choice.wafers, f"squares of {choice.side}", memory)


def _stages(request: ResidentRequest, choice: _Choice, side: int) -> tuple[Region, ...] | DoesNotFit:
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


def _chunks(request: ResidentRequest, least: int) -> Iterator[int]:
    """Yield how many tokens of a prompt could pass together, most first, down to *least* or fewer."""
    if request.chunk is not None:
        yield request.chunk
        return
    chunk = request.positions
    while chunk > least:
        yield chunk
        chunk = -(-chunk // 2)
    yield chunk


def _too_large(request: ResidentRequest, wafers: int, cores: str, memory: tuple[MemoryUse, ...]) -> DoesNotFit:
    need, have = needs_bytes(memory), request.cluster.wafer.core.sram_bytes
    largest = max(memory, key=lambda line: line.bytes_per_core)
    return DoesNotFit(
        why=f"{request.model.name} on {count(wafers, 'wafer')} in {cores} needs {show_bytes(need)} a core, a core has "
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
    if request.in_rectangles:
        fewest = fewest_wafers(request)
        return fewest is not None and fewest <= wafers
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
