"""What of a step fits the memory of a core and the store: which passes do; and if none, by how much and what would."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import isqrt

from wsesim.answer import DoesNotFit, MemoryUse
from wsesim.mapping.layout import StepRequest, memory_of, with_length
from wsesim.mapping.memory import has_backward
from wsesim.units import show_bytes


def misfit(request: StepRequest) -> DoesNotFit | None:
    """Return why the step cannot be laid, and what would fit; None if it can."""
    if problem := _over_store(request):
        return problem
    return None if _any_fits(request) else _too_large(request)


def passes_that_fit(request: StepRequest, *, recompute: bool) -> Iterator[int]:
    """Yield each number of passes that some micro-batch comes to, the fewest first; nothing where none fits.

    A stated micro-batch comes to one number. Passes are even: a remainder would not make them fewer.
    """
    if request.micro_batch is not None:
        size = _stated(request)
        yield from (-(-request.share // size),) if fits(request, size, recompute=recompute) else ()
        return
    for size in _sizes(request, largest_pass(request, recompute=recompute)):
        yield -(-request.share // size)


def _sizes(request: StepRequest, most: int) -> Iterator[int]:
    """Yield the size of the largest pass for each number of passes whose passes have *most* sequences or less."""
    share, size = request.share, most
    if request.software.even_passes:
        yield from (divisor for divisor in _divisors(share) if divisor <= most)
        return
    while size:
        passes = -(-share // size)
        size = -(-share // passes)
        yield size
        size -= 1


def _divisors(number: int) -> list[int]:
    """Return what divides *number*, largest first."""
    small = [divisor for divisor in range(1, isqrt(number) + 1) if number % divisor == 0]
    return sorted({*small, *(number // divisor for divisor in small)}, reverse=True)


def largest_pass(request: StepRequest, *, recompute: bool) -> int:
    """Return the most sequences of a pass that fit; 0 if not even one does. More sequences never need less."""
    sizes = range(1, request.share + 1)
    return bisect_left(sizes, True, key=lambda size: not fits(request, size, recompute=recompute))


def _stated(request: StepRequest) -> int:
    """Return the sequences of the largest pass where passes are as small as may be: as stated, or 1."""
    return next(_sizes(request, min(request.micro_batch or 1, request.share)))


def _over_store(request: StepRequest) -> DoesNotFit | None:
    parameters, trains = request.graph.nonzero_parameters(), has_backward(request.graph)
    software = request.software
    learned = request.graph.nonzero_parameters(learned=True) if trains else 0
    frozen_bytes = (parameters - learned) * software.master_bytes_per_parameter
    need, have = learned * software.state_bytes_per_parameter + frozen_bytes, request.cluster.memoryx.capacity_bytes
    each = need / parameters
    if need <= have:
        return None
    return DoesNotFit(
        why=f"weights{' and optimizer state' if trains else ''} need {show_bytes(need)} ({each:g} B for each of "
        f"{parameters:,} parameters), MemoryX holds {show_bytes(have)}: use a store of {_at_least(need)} "
        f"(hardware: memoryx.capacity) or a model of at most {int(have // each):,} parameters"
    )


def _too_large(request: StepRequest) -> DoesNotFit:
    size, recompute = _stated(request), request.policies[-1]
    memory = memory_of(request, size, recompute=recompute)
    need, have = _needs_bytes(memory), request.cluster.wafer.core.sram_bytes
    policy = "with" if recompute else "without"
    return DoesNotFit(
        why=f"{size} sequence{'s' if size > 1 else ''} of {request.length:,} tokens {policy} recompute "
        f"need{'' if size > 1 else 's'} {show_bytes(need)} a core, a core has {show_bytes(have)} "
        f"({show_bytes(need - have)} too much): {_what_would_fit(request, need)}",
        memory=memory,
        memory_limit_bytes=have,
    )


def _what_would_fit(request: StepRequest, need: int) -> str:
    """Return changes any one of which is enough, each tried."""
    advice = []
    if micro_batch := next(_sizes(request, largest_pass(request, recompute=request.policies[-1])), 0):
        advice.append(f"a micro-batch of {micro_batch:,}")
    if request.recompute == "never" and _any_fits(replace(request, recompute="auto")):
        advice.append("recompute: auto")
    shorter = (request.length >> halvings for halvings in range(1, request.length.bit_length()))
    if length := next((length for length in shorter if _any_fits(with_length(request, length))), None):
        advice.append(f"a length of {length:,}")
    advice.append(f"{_at_least(need)} of SRAM a core (hardware: core.sram)")
    return " or ".join(advice) + " would fit"


def _any_fits(request: StepRequest) -> bool:
    """Whether the smallest passes asked for fit, with recompute if that is allowed."""
    return fits(request, _stated(request), recompute=request.policies[-1])


def fits(request: StepRequest, sequences: int, *, recompute: bool) -> bool:
    """Return whether passes of so many sequences fit the memory of a core."""
    return _needs_bytes(memory_of(request, sequences, recompute=recompute)) <= request.cluster.wafer.core.sram_bytes


def _needs_bytes(memory: Iterable[MemoryUse]) -> int:
    return sum(line.bytes_per_core for line in memory)


def _at_least(size: int) -> str:
    """Print a size that can be typed back, rounded up."""
    units = (("TB", 10**12), ("GB", 10**9), ("KiB", 2**10), ("B", 1))
    unit, scale = next((unit, scale) for unit, scale in units if size >= 10 * scale or scale == 1)
    return f"{-(-size // scale)} {unit}"
