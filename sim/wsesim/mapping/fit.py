"""What of a step fits the memory of a core and the store: which passes do; and if none, by how much and what would."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace

from wsesim.answer import DoesNotFit
from wsesim.mapping.cuts import cuts
from wsesim.mapping.known import Once, kept
from wsesim.mapping.layout import StepRequest, held_by, memory_of, needs_bytes, with_length
from wsesim.mapping.memory import has_backward
from wsesim.units import show_bytes


def misfit(request: StepRequest) -> DoesNotFit | None:
    """Return why the step cannot be laid, and what would fit; None if it can."""
    if problem := _over_store(request):
        return problem
    return None if _any_fits(request) else _too_large(request)


def passes_that_fit(request: StepRequest, *, recompute: float) -> Iterator[int]:
    """Yield each number of passes that some sub-batch comes to, the fewest first.

    Nothing where none fits. A stated sub-batch comes to one number.
    """
    most = largest_pass(request, recompute=recompute)
    for size in cuts(request.held, most, even=bool(request.software.even_passes)) if most else ():
        yield passes_of(request, size)
        if request.sub_batch is not None:
            return


def larger_that_fit(request: StepRequest, most: int) -> Iterator[tuple[int, float]]:
    """Return passes of more than *most* sequences, the smaller first, with what may be kept that computes least again.

    Till nothing that may be kept leaves room. Of many sequences, sizes nearer than a 64th are alike.
    """
    key = (most, request.held, request.micro_batch, request.sub_batch, request.parts, request.recompute,
           request.cluster.wafer.core.sram_bytes)  # fmt: skip
    for size, recompute in kept(request.known.larger, key, lambda: Once(_larger_that_fit(request, most))):
        yield passes_of(request, size), recompute


def _larger_that_fit(request: StepRequest, most: int) -> Iterator[tuple[int, float]]:
    """Yield sizes, not numbers of passes: those follow from the batch, by which nothing is kept."""
    size, policy = most, 0
    while size := _next_larger(request, size + size // 64):
        policy = next((at for at in range(policy, len(request.policies)) if _fits_with(request, size, at)), -1)
        if policy < 0:
            return
        yield size, request.policies[policy]


def _next_larger(request: StepRequest, size: int) -> int:
    """Return the next size of a largest pass above *size*, or 0."""
    if request.sub_batch is not None:
        return 0 if size else _stated(request)
    if request.software.even_passes:
        return next((one for one in sorted(cuts(request.held, request.held, even=True)) if one > size), 0)
    parts = -(-request.held // size) - 1 if size else request.held
    return -(-request.held // parts) if parts else 0


def _fits_with(request: StepRequest, size: int, policy: int) -> bool:
    return fits(request, size, recompute=request.policies[policy])


def passes_of(request: StepRequest, size: int) -> int:
    """Return the passes of a step whose largest has *size* sequences."""
    return request.micro_batches * -(-request.held // size)


def size_of(request: StepRequest, passes: int) -> int:
    """Return the sequences of the largest of so many passes of a step."""
    return -(-request.held // (passes // request.micro_batches))


def largest_pass(request: StepRequest, *, recompute: float) -> int:
    """Return the most sequences of a pass that fit; 0 if not even one does. More sequences never need less."""
    if request.sub_batch is not None:
        size = _stated(request)
        return size if fits(request, size, recompute=recompute) else 0
    held, room_bytes = request.held, request.cluster.wafer.core.sram_bytes
    key = (recompute, held, request.micro_batch, request.parts or 1, room_bytes)
    found = request.known.largest.get(key)
    if found is None:
        sizes = range(1, held + 1)
        found = bisect_left(sizes, True, key=lambda size: not fits(request, size, recompute=recompute))
        request.known.largest[key] = found
    return found


def _stated(request: StepRequest) -> int:
    """Return the sequences of the largest pass where passes are as small as may be: as stated, or 1."""
    return next(cuts(request.held, request.sub_batch or 1, even=bool(request.software.even_passes)))


def _over_store(request: StepRequest) -> DoesNotFit | None:
    software, trains = request.software, has_backward(request.graph)
    parameters, learned = (_stored(request, learned=learned) for learned in (False, True))
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


def _stored(request: StepRequest, *, learned: bool) -> int:
    """Return the parameters that the store holds, all or those that are learned."""
    graph = request.graph
    if learned and not has_backward(graph):
        return 0
    return kept(request.known.stored, learned, lambda: graph.nonzero_parameters(learned=learned))


def _too_large(request: StepRequest) -> DoesNotFit:
    size, request, stated = _stated(request), replace(request, parts=request.counts[-1]), request
    held, recompute = held_by(request, size), _smallest(request, size)
    memory = memory_of(request, size, recompute=recompute)
    need, have = needs_bytes(request, size, recompute=recompute), request.cluster.wafer.core.sram_bytes
    ways = [f"{'with' if recompute else 'without'} recompute"]
    ways += [f"layers in {request.parts} parts"] * (request.parts != 1) + [f"{size:,} at a time"] * (held > size)
    return DoesNotFit(
        why=f"{held:,} sequence{'s' if held > 1 else ''} of {request.length:,} tokens "
        f"{', '.join(ways)}{',' * (len(ways) > 1)} need{'' if held > 1 else 's'} {show_bytes(need)} a core, "
        f"a core has {show_bytes(have)} ({show_bytes(need - have)} too much): {_what_would_fit(stated, need)}",
        memory=memory,
        memory_limit_bytes=have,
    )


def _smallest(request: StepRequest, size: int) -> float:
    """Return what is kept where least memory is taken."""
    return min(request.policies, key=lambda kept: needs_bytes(request, size, recompute=kept))


def _what_would_fit(request: StepRequest, need: int) -> str:
    """Return changes any one of which is enough, each tried."""
    advice = []
    if size := _largest_stated(request, request.micro_batch, lambda size: replace(request, micro_batch=size)):
        advice.append(f"a micro-batch of {size:,}")
    if size := _largest_stated(request, request.sub_batch, lambda size: replace(request, sub_batch=size)):
        advice.append(f"a sub-batch of {size:,}")
    if request.parts is not None and _any_fits(replace(request, parts=None)):
        advice.append("parts: auto")
    if request.recompute == "never" and _any_fits(replace(request, recompute="auto")):
        advice.append("recompute: auto")
    shorter = (request.length >> halvings for halvings in range(1, request.length.bit_length()))
    if length := next((length for length in shorter if _any_fits(with_length(request, length))), None):
        advice.append(f"a length of {length:,}")
    advice.append(f"{_at_least(need)} of SRAM a core (hardware: core.sram)")
    return " or ".join(advice) + " would fit"


def _largest_stated(request: StepRequest, stated: int | None, smaller: Callable[[int], StepRequest]) -> int:
    """Return the largest micro-batch or sub-batch, less than the one *stated*, that would fit; 0 if there is none."""
    sizes = range(1, min(stated, request.share) if stated else 1)
    return bisect_left(sizes, True, key=lambda size: not _any_fits(smaller(size)))


def _any_fits(request: StepRequest) -> bool:
    """Whether the smallest passes asked for fit with anything that may be kept, in as many parts as may be."""
    request = request.in_parts(request.counts[-1])
    return any(fits(request, _stated(request), recompute=recompute) for recompute in request.policies)


def fits(request: StepRequest, sequences: int, *, recompute: float) -> bool:
    """Return whether passes of so many sequences fit the memory of a core."""
    return needs_bytes(request, sequences, recompute=recompute) <= request.cluster.wafer.core.sram_bytes


def _at_least(size: int) -> str:
    """Print a size that can be typed back, rounded up."""
    units = (("TB", 10**12), ("GB", 10**9), ("KiB", 2**10), ("B", 1))
    unit, scale = next((unit, scale) for unit, scale in units if size >= 10 * scale or scale == 1)
    return f"{-(-size // scale)} {unit}"
