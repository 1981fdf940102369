"""Graph and cluster → Program: the largest micro-batch that fits, then every kernel's time on it.

Weight streaming: activations stay in SRAM, tokens along rows, features along columns. If SRAM cannot keep the inside of
every layer for the backward pass, only each layer's input is kept and the backward pass computes again what it reads;
the mapping takes what its closed forms say is faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import fsum, isqrt

from wsesim.answer import DoesNotFit, MemoryUse
from wsesim.errors import SpecError
from wsesim.graph import Graph, flops
from wsesim.hardware import Cluster
from wsesim.kernels import Region
from wsesim.mapping.memory import Activations, activations, buffer_bytes, has_backward, memory_table
from wsesim.mapping.program import Program, StepPlacement
from wsesim.mapping.stages import Timing, build_stages, causes_of
from wsesim.software import Training
from wsesim.units import show_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """What is to be mapped."""

    graph: Graph
    """For the batch of one system; forward and backward, or forward only for evaluation."""
    cluster: Cluster
    software: Training
    sequences: int
    """Of one system and step."""
    length: int
    precision: str
    micro_batch: int | None = None
    """Sequences of a pass, or None to let the mapping choose."""
    recompute: str = "auto"
    """auto | never | always."""


def map_step(request: StepRequest) -> Program | DoesNotFit:
    """Map one step by weight streaming: of training, or of evaluation if the graph has no backward pass.

    Raises:
        SpecError: a micro-batch that does not divide the batch of a system.
    """
    problem = _over_store(request)
    if problem is not None:
        return problem
    what = activations(request.graph)
    fitting = [
        choice
        for recompute in _policies(request.recompute)
        if (choice := _largest_fit(request, what, recompute=recompute)) is not None
    ]
    if not fitting:
        return _too_large(request, what)
    programs = [_program(request, *choice) for choice in fitting]
    return min(programs, key=estimate_s)


def _policies(recompute: str) -> tuple[bool, ...]:
    return {"auto": (False, True), "never": (False,), "always": (True,)}[recompute]


def _micro_batches(request: StepRequest) -> Iterator[int]:
    if request.micro_batch is not None:
        if request.sequences % request.micro_batch:
            message = f"= {request.micro_batch} does not divide the {request.sequences} sequences of a system"
            raise SpecError("micro_batch", message)
        yield request.micro_batch
        return
    yield from _divisors(request.sequences)


def _divisors(number: int) -> list[int]:
    """Return what divides *number*, largest first."""
    small = [divisor for divisor in range(1, isqrt(number) + 1) if number % divisor == 0]
    return sorted({*small, *(number // divisor for divisor in small)}, reverse=True)


def _largest_fit(
    request: StepRequest, what: Activations, *, recompute: bool
) -> tuple[Region, tuple[MemoryUse, ...], bool] | None:
    for micro_batch in _micro_batches(request):
        region = _region(request, micro_batch)
        memory = _memory(request, region, what, recompute=recompute)
        if _needs_bytes(memory) <= _has_bytes(request):
            return region, memory, recompute
    return None


def _region(request: StepRequest, micro_batch: int) -> Region:
    return Region(
        cluster=request.cluster, software=request.software, sequences=micro_batch, length=request.length,
        precision=request.precision,
    )  # fmt: skip


def _memory(request: StepRequest, region: Region, what: Activations, *, recompute: bool) -> tuple[MemoryUse, ...]:
    return memory_table(
        request.cluster.wafer, region, what, heads=request.graph.dims["heads"],
        buffer_bytes=_buffer_bytes(request), recompute=recompute,
    )  # fmt: skip


def _buffer_bytes(request: StepRequest) -> int:
    return buffer_bytes(request.graph, layers=request.software.layers_in_flight)


def _program(request: StepRequest, region: Region, memory: tuple[MemoryUse, ...], recompute: bool) -> Program:
    graph = request.graph.with_dims(batch=region.sequences)
    passes = request.sequences // region.sequences
    timing = Timing(graph=graph, region=region, passes=passes, recompute=recompute)
    stages = build_stages(timing)
    wafer, software = request.cluster.wafer, request.software
    placement = StepPlacement(
        micro_batch=region.sequences, passes=passes, columns=wafer.columns, rows=wafer.rows,
        tokens_per_core=region.tokens_per_core, features_per_core=region.features_per_core(graph.dims["width"]),
        recompute=recompute,
    )  # fmt: skip
    bytes_per_weight = 4 if request.precision == "fp32" else 2
    return Program(
        cluster=request.cluster,
        software=software,
        placement=placement,
        stages=stages,
        memory=memory,
        token_bytes=2 * request.software.token_bytes * region.sequences * request.length,
        buffer_bytes=_buffer_bytes(request),
        optimizer_bytes_per_weight_byte=software.optimizer_traffic_bytes_per_parameter / bytes_per_weight,
        parameters=graph.parameters(),
        model_flops=flops(graph, phases=("forward", "backward")) * passes * request.cluster.systems,
        causes=causes_of(stages, timing),
    )


def at_placement(request: StepRequest, placement: StepPlacement) -> Program:
    """Return the step laid as *placement* says, whether it is the best of *request* or fits."""
    region = _region(request, placement.micro_batch)
    memory = _memory(request, region, activations(request.graph), recompute=placement.recompute)
    return _program(request, region, memory, placement.recompute)


def estimate_s(program: Program) -> float:
    """Return the seconds of a step's passes by formula: each stage takes the longest of kernels and transfers."""
    rate = program.stream_bytes_per_s
    return program.placement.passes * fsum(
        stage.repeat * max(stage.compute_s, stage.weight_bytes / rate, stage.gradient_bytes / rate)
        for stage in program.stages
    )


def _over_store(request: StepRequest) -> DoesNotFit | None:
    parameters, trains = request.graph.nonzero_parameters(), has_backward(request.graph)
    software = request.software
    each = software.state_bytes_per_parameter if trains else software.master_bytes_per_parameter
    need, have = parameters * each, request.cluster.memoryx.capacity_bytes
    if need <= have:
        return None
    return DoesNotFit(
        why=f"weights{' and optimizer state' if trains else ''} need {show_bytes(need)} ({each} B for each of "
        f"{parameters:,} parameters), MemoryX holds {show_bytes(have)}: use a store of {_at_least(need)} "
        f"(hardware: memoryx.capacity) or a model of at most {have // each:,} parameters"
    )


def _too_large(request: StepRequest, what: Activations) -> DoesNotFit:
    recompute = request.recompute != "never"
    smallest = _region(request, request.micro_batch or 1)
    memory = _memory(request, smallest, what, recompute=recompute)
    need, have = _needs_bytes(memory), _has_bytes(request)
    policy = "with" if recompute else "without"
    return DoesNotFit(
        why=f"{smallest.sequences} sequence{'s' if smallest.sequences > 1 else ''} of {request.length:,} tokens "
        f"{policy} recompute need{'' if smallest.sequences > 1 else 's'} {show_bytes(need)} a core, a core has "
        f"{show_bytes(have)} ({show_bytes(need - have)} too much): {_what_would_fit(request, need)}",
        memory=memory,
        memory_limit_bytes=_has_bytes(request),
    )


def _what_would_fit(request: StepRequest, need: int) -> str:
    """Return changes any one of which is enough, each tried."""
    advice = []
    smaller = (size for size in _divisors(request.sequences) if size < (request.micro_batch or 1))
    if micro_batch := next((size for size in smaller if _fits(replace(request, micro_batch=size))), None):
        advice.append(f"a micro-batch of {micro_batch:,}")
    if request.recompute == "never" and _fits(replace(request, recompute="auto")):
        advice.append("recompute: auto")
    shorter = (request.length >> halvings for halvings in range(1, request.length.bit_length()))
    if length := next((length for length in shorter if _fits(_with_length(request, length))), None):
        advice.append(f"a length of {length:,}")
    advice.append(f"{_at_least(need)} of SRAM a core (hardware: core.sram)")
    return " or ".join(advice) + " would fit"


def _with_length(request: StepRequest, length: int) -> StepRequest:
    return replace(request, length=length, graph=request.graph.with_dims(length=length, keys=length))


def _fits(request: StepRequest) -> bool:
    """Whether the smallest micro-batch asked for fits, with recompute if that is allowed."""
    region, recompute = _region(request, request.micro_batch or 1), request.recompute != "never"
    memory = _memory(request, region, activations(request.graph), recompute=recompute)
    return _needs_bytes(memory) <= _has_bytes(request)


def _needs_bytes(memory: Iterable[MemoryUse]) -> int:
    return sum(line.bytes_per_core for line in memory)


def _has_bytes(request: StepRequest) -> int:
    return request.cluster.wafer.core.sram_bytes


def _at_least(size: int) -> str:
    """Print a size that can be typed back, rounded up."""
    units = (("TB", 10**12), ("GB", 10**9), ("KiB", 2**10), ("B", 1))
    unit, scale = next((unit, scale) for unit, scale in units if size >= 10 * scale or scale == 1)
    return f"{-(-size // scale)} {unit}"
