"""What was chosen for a step, what was done otherwise than stated, and which step nearby would do much better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import fsum, inf

from wsesim.answer import Choice
from wsesim.mapping import Program, StepRequest, floor_from_s, largest_pass
from wsesim.ops import recipe_of
from wsesim.questions.shared.facts import MUCH
from wsesim.system import Clock, Way, fastest
from wsesim.units import Dimension, show, show_count, show_share

NEARBY = (0.75, 1.25)
"""How many times as many sequences a batch nearby has."""


def choices(request: StepRequest, ways: tuple[Way, ...]) -> tuple[Choice, ...]:
    """Return what was chosen, where there was something to choose."""
    open_passes = request.sub_batch is None and request.held > 1
    if not open_passes and len(request.policies) == 1:
        return ()
    what = " and ".join(["passes"] * open_passes + ["recompute"] * (len(request.policies) > 1))
    best, *others = ways
    return (
        Choice(
            what=what, chosen=words(best.program), figure="step_s", value=best.timed.step_s,
            others=tuple((words(other.program), other.timed.step_s) for other in others),
        ),
    )  # fmt: skip


def words(program: Program) -> str:
    """Say how a step is cut into passes."""
    sizes = " and ".join(f"{group.sequences:,}" for group in program.groups)
    passes = f"{program.passes:,} passes" if program.passes > 1 else "1 pass"
    every = program.placement.recompute
    number = program.placement.parts
    parts = f", layers in {number} parts" if number > 1 else ""
    again = ", layers computed again" if every == 1 else f", from one in {every:.3g} computed again" if every else ""
    used, all_columns = program.placement.columns, program.cluster.wafer.columns
    part = f", on {used:,} of {all_columns:,} columns" if used < all_columns else ""
    return f"{passes} of {sizes} sequence{'' if sizes == '1' else 's'}{again}{parts}{part}"


def notes(request: StepRequest, way: Way) -> Iterator[str]:
    """Yield what was assumed or done otherwise than stated, and what would do much better."""
    yield from _shares(request)
    yield from _adapters(request, way)
    place = way.program.placement
    if request.micro_batch is not None:
        yield from _held(request, way)
    stated, size = request.sub_batch, place.sub_batch
    if stated is not None and (stated != size or len(way.program.groups) > 1):
        yield f"sub_batch = {stated:,} came to {words(way.program)}: as few, as even as can be."
    yield from _freer(request, way)
    yield from _batches(request, way)


def _held(request: StepRequest, way: Way) -> Iterator[str]:
    """Say what a stated micro-batch came to; what is held takes memory, and time where less is worked on for it."""
    held, worked, number = request.held, way.program.placement.sub_batch, request.micro_batches
    if request.micro_batch != held:
        count = f"{number:,} micro-batches" if number > 1 else "1 micro-batch"
        yield f"micro_batch = {request.micro_batch:,} came to {count} of {held:,}: as few, as even as can be."
    if worked < held:
        yield (
            f"{held:,} sequences are held, {worked:,} worked on at a time: what is held takes memory, and time only "
            "where it leaves less room to work in."
        )


def _shares(request: StepRequest) -> Iterator[str]:
    systems, sequences = request.cluster.systems, request.sequences
    if sequences < systems:
        yield f"Systems without a sequence, which take no part: {systems - sequences:,} of {systems:,}."
    elif rest := sequences % systems:
        yield (
            f"{sequences:,} sequences do not divide by {systems:,} systems: {rest:,} compute{'s' * (rest == 1)} "
            f"{request.share:,}, the others {request.share - 1:,} and wait."
        )


_OF_ADAPTERS = ".adapter."
"""In the names of what an adapter is made of."""


def _adapters(request: StepRequest, way: Way) -> Iterator[str]:
    """Say what of a model with adapters is learned, and what their kernels cost: mostly that they are started."""
    own = [kernel for kernel in way.program.kernels() if _OF_ADAPTERS in kernel.name]
    if not own:
        return
    learned, every = request.graph.parameters(learned=True), request.graph.parameters()
    starts = fsum(one.calls * recipe_of(one.kind).launches for one in own if one.phase in ("forward", "backward"))
    started_s = starts * way.program.software.kernel_launch_s
    trains = any(kernel.phase == "backward" for kernel in own)
    yield (
        f"Adapters {'alone are learned' if trains else 'stand beside their matrices'}, {show_count(learned)} of "
        f"{show_count(every)} parameters; the others stay. To start the adapters' kernels takes "
        f"{show(started_s, Dimension.SECONDS)}, {show_share(started_s / way.timed.step_s)} of the step"
        f"{'' if trains else '; merged, they take nothing'}."
    )


def _freer(request: StepRequest, way: Way) -> Iterator[str]:
    """Say what leaving passes and recompute open would give."""
    trains = any(stage.phase == "backward" for stage in way.program.groups[0].stages)
    opened = {
        "micro_batch": request.micro_batch is not None, "sub_batch": request.sub_batch is not None,
        "parts": request.parts is not None, "recompute": trains and request.recompute != "auto",
    }  # fmt: skip
    recompute = "auto" if trains else request.recompute
    free = replace(request, micro_batch=None, sub_batch=None, parts=None, recompute=recompute)
    most_s = (1 - MUCH) * way.timed.step_s
    found = _within(free, most_s, way.clock) if any(opened.values()) else None
    if found:
        settings = " and ".join(f"{name}: auto" for name, was in opened.items() if was)
        yield f"{settings} would take {_better(found, found.timed.step_s / way.timed.step_s)}."


def _batches(request: StepRequest, way: Way) -> Iterator[str]:
    """Say which batch a few sequences larger or smaller takes much less for each sequence."""
    best: tuple[float, int, Way] | None = None
    for sequences in sorted(_nearby(request, way)):
        share = sequences / request.sequences
        most_s = min((1 - MUCH) * way.timed.step_s, best[0] if best else inf) * share
        if found := _within(replace(request, sequences=sequences), most_s, way.clock):
            best = (found.timed.step_s / share, sequences, found)
    if best:
        each_s, sequences, better = best
        yield f"{sequences:,} sequences would take {_better(better, each_s / way.timed.step_s)} for each."


def _within(request: StepRequest, most_s: float, clock: Clock) -> Way | None:
    """Return the fastest way to lay a step, if there is one that takes no more than *most_s*."""
    found = fastest(request, below_s=most_s, clock=clock, alone=True)
    return found[0] if isinstance(found, tuple) and found and found[0].timed.step_s <= most_s else None


def _nearby(request: StepRequest, way: Way) -> Iterator[int]:
    """Yield batches that fill what this one leaves half empty, or do without it, if that may make much of it."""
    program, systems, share = way.program, request.cluster.systems, request.share
    rows, tokens, passes = request.cluster.wafer.rows, program.placement.tokens_per_core, program.passes
    laid = replace(request, parts=program.placement.parts)
    most = largest_pass(laid, recompute=program.placement.recompute)
    larger = {passes * (tokens * rows // request.length), passes * most, share}
    smaller = {(passes - 1) * most, passes * ((tokens - 1) * rows // request.length), share - (systems > 1)}
    for sequences in (systems * each for each in larger | smaller):
        changed = sequences / request.sequences
        if not NEARBY[0] <= changed < 1 and not 1 / (1 - MUCH) <= changed <= NEARBY[1]:
            continue  # not nearby; or a few more, of which each must take nearly as long, as all do not take less
        nearby = replace(request, sequences=sequences)
        if floor_from_s(nearby, program, -(-nearby.share // most)) <= (1 - MUCH) * changed * way.timed.step_s:
            yield sequences


def _better(way: Way, share: float) -> str:
    return f"{show(way.timed.step_s, Dimension.SECONDS)} ({words(way.program)}), {show_share(1 - share, digits=0)} less"
