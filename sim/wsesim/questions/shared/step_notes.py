"""What was chosen for a step, what was done otherwise than stated, and which step nearby would do much better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsesim.answer import Choice
from wsesim.mapping import Program, StepRequest, largest_pass
from wsesim.system import Way, fastest
from wsesim.units import Dimension, show

MUCH = 0.1
"""Share of the time for each sequence from which on a step nearby is said to be better."""
NEARBY = 0.25
"""Share of its sequences by which a batch nearby may differ."""


def choices(request: StepRequest, ways: tuple[Way, ...]) -> tuple[Choice, ...]:
    """Return what was chosen, where there was something to choose."""
    open_passes = request.micro_batch is None and request.share > 1
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
    again = ", layers computed again" if program.placement.recompute else ""
    return f"{passes} of {sizes} sequence{'' if sizes == '1' else 's'}{again}"


def notes(request: StepRequest, way: Way) -> Iterator[str]:
    """Yield what was assumed or done otherwise than stated, and what would do much better."""
    yield from _shares(request)
    stated, size = request.micro_batch, way.program.placement.micro_batch
    if stated is not None and (stated != size or len(way.program.groups) > 1):
        yield f"micro_batch = {stated:,} came to {words(way.program)}: as few, as even as can be."
    yield from _freer(request, way)
    yield from _batches(request, way)


def _shares(request: StepRequest) -> Iterator[str]:
    systems, sequences = request.cluster.systems, request.sequences
    if sequences < systems:
        idle = systems - sequences
        yield f"{idle:,} of {systems:,} systems {'has' if idle == 1 else 'have'} no sequence and only wait{'s' * (idle == 1)}."
    elif rest := sequences % systems:
        yield (
            f"{sequences:,} sequences do not divide by {systems:,} systems: {rest:,} compute{'s' * (rest == 1)} "
            f"{request.share:,}, the others {request.share - 1:,} and wait."
        )


def _freer(request: StepRequest, way: Way) -> Iterator[str]:
    """Say what leaving the passes open would give."""
    if request.micro_batch is None:
        return
    most_s = (1 - MUCH) * way.timed.step_s
    free = fastest(replace(request, micro_batch=None), below_s=most_s)
    if isinstance(free, tuple) and free and free[0].timed.step_s <= most_s:
        less = 1 - free[0].timed.step_s / way.timed.step_s
        yield f"micro_batch: auto would take {_seconds(free[0])}, {less:.0%} less: {words(free[0].program)}."


def _batches(request: StepRequest, way: Way) -> Iterator[str]:
    """Say which batch a few sequences larger or smaller takes much less for each sequence."""
    best: tuple[float, int, Way] | None = None
    for sequences in sorted(_nearby(request, way)):
        most_s = (1 - MUCH) * way.timed.step_s * sequences / request.sequences
        found = fastest(replace(request, sequences=sequences), below_s=most_s)
        if isinstance(found, tuple) and found and found[0].timed.step_s <= most_s:
            each = found[0].timed.step_s / sequences
            best = min(best or (each, sequences, found[0]), (each, sequences, found[0]), key=lambda one: one[0])
    if best:
        each, sequences, found_way = best
        less = 1 - each * request.sequences / way.timed.step_s
        yield f"{sequences:,} sequences would take {_seconds(found_way)}, {less:.0%} less each: {words(found_way.program)}."


def _nearby(request: StepRequest, way: Way) -> set[int]:
    """Return batches that fill what this one leaves half empty, or do without it, where that may make much."""
    program, systems, share = way.program, request.cluster.systems, request.share
    tokens, passes = program.placement.tokens_per_core, program.passes
    most = request.micro_batch or largest_pass(request, recompute=program.placement.recompute)
    filled = [tokens * request.cluster.wafer.rows // request.length * passes, passes * most, share]
    fewer = []
    if passes * MUCH <= 1:
        fewer.append((passes - 1) * most)
    if tokens * MUCH <= 1:
        fewer.append((tokens - 1) * request.cluster.wafer.rows // request.length * passes)
    if share * MUCH <= 1 and systems > 1:
        fewer.append(share - 1)
    larger = {systems * each for each in filled if systems * each * (1 - MUCH) >= request.sequences}
    smaller = {systems * each for each in fewer if 0 < systems * each < request.sequences}
    return {count for count in larger | smaller if abs(count / request.sequences - 1) <= NEARBY}


def _seconds(way: Way) -> str:
    return show(way.timed.step_s, Dimension.SECONDS)
