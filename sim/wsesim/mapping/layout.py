"""Graph and cluster → Program: the sequences of a system cut into passes, then every kernel's time on them.

Weight streaming: activations stay in SRAM, tokens along rows, features along columns. If SRAM cannot keep the inside of
every layer for the backward pass, only each layer's input, or that of one in so many, is kept and the backward pass
computes again what it reads.

A micro-batch is what is held: what the backward pass needs of it is kept until then. Layers are worked through with a
part of it at a time, the sub-batch, for which weights stream in and kernels are started: one pass.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum

from wsesim.answer import MemoryUse
from wsesim.graph import flops
from wsesim.kernels import Region
from wsesim.mapping.memory import buffer_bytes, memory_table
from wsesim.mapping.program import PassGroup, Program, Stage, StepPlacement
from wsesim.mapping.request import StepRequest, activations_of, kept
from wsesim.mapping.stages import Timing, build_stages, causes_of


def lay(request: StepRequest, *, passes: int, recompute: float) -> Program:
    """Return the step in so many *passes*, as even as they can be, whether that is the best or fits."""
    key = (passes, recompute, request.sequences, request.cluster.systems, request.micro_batch, request.parts or 1)
    found = kept(request.known.programs, key, lambda: _laid(request, passes=passes, recompute=recompute))
    return replace(found, cluster=request.cluster)


def _laid(request: StepRequest, *, passes: int, recompute: float) -> Program:
    sizes = pass_sizes(request.share, passes)
    groups = tuple(_group(request, size, count, recompute=recompute) for size, count in sizes)
    largest, software = sizes[0][0], request.software
    region = region_of(request, largest)
    batch = request.graph.with_dims(batch=request.sequences)
    return Program(
        cluster=request.cluster,
        software=software,
        placement=_placement(request, region, passes=passes, recompute=recompute),
        groups=groups,
        memory=memory_of(request, largest, recompute=recompute),
        buffer_bytes=room_bytes(request),
        optimizer_bytes_per_weight_byte=software.optimizer_traffic_bytes_per_parameter / _weight_bytes(request),
        update_bytes=batch.nonzero_parameters(learned=True) * software.optimizer_traffic_bytes_per_parameter,
        parameters=batch.parameters(),
        learned=batch.parameters(learned=True),
        model_flops=flops(batch, phases=("forward", "backward")),
        causes=causes_of(groups, region),
        wafers=min(request.cluster.systems, request.sequences),
        load=_load(request, groups, recompute=recompute),
    )


def pass_sizes(sequences: int, passes: int) -> tuple[tuple[int, int], ...]:
    """Return (sequences of a pass, how many such passes): one size or two that differ by one, the larger first.

    Of fewer sequences than passes the others are empty and left out.
    """
    each, rest = divmod(sequences, passes)
    return tuple((size, count) for size, count in ((each + 1, rest), (each, passes - rest)) if size and count)


def sizes_of(request: StepRequest, passes: int) -> tuple[tuple[int, ...], ...]:
    """Return of each system the sequences of its passes, in order: some have one sequence less, or none."""
    more = request.sequences - request.cluster.systems * (request.share - 1)
    shares = (request.share - (system >= more) for system in range(request.cluster.systems))
    return tuple(
        tuple(size for size, count in pass_sizes(share, passes) for _ in range(count)) for share in shares
    )  # fmt: skip


def region_of(request: StepRequest, sequences: int) -> Region:
    """Return the cores that a pass of so many sequences takes."""
    cluster, wafer = request.cluster, request.cluster.wafer
    if request.rows or request.columns:
        part = replace(wafer, rows=request.rows or wafer.rows, columns=request.columns or wafer.columns)
        cluster = replace(cluster, wafer=part)
    return Region(
        cluster=cluster, software=request.software, sequences=sequences,
        length=request.length, precision=request.precision,
    )  # fmt: skip


def memory_of(request: StepRequest, sequences: int, *, recompute: float) -> tuple[MemoryUse, ...]:
    """Return the memory of a core in passes of so many sequences."""
    held = held_by(request, sequences)

    def table() -> tuple[MemoryUse, ...]:
        return memory_table(
            request.cluster.wafer, region_of(request, sequences), activations_of(request),
            heads=request.graph.dims["heads"], buffer_bytes=room_bytes(request), recompute=recompute,
            held=region_of(request, held),
        )  # fmt: skip

    return kept(request.known.memory, (sequences, recompute, held, request.parts or 1), table)


def held_by(request: StepRequest, sequences: int) -> int:
    """Return the sequences of a micro-batch in passes of so many: as stated, else those of a pass."""
    return sequences if request.micro_batch is None else max(sequences, request.held)


def room_bytes(request: StepRequest) -> int:
    """Return the room on the wafer for weights on their way in."""
    return buffer_bytes(request.graph, layers=request.software.layers_in_flight)


def _group(request: StepRequest, size: int, count: int, *, recompute: float) -> PassGroup:
    tokens = size * request.length
    stages = _stages(request, size, recompute=recompute)
    return PassGroup(
        count=count, sequences=size, token_bytes=2 * request.software.token_bytes * tokens, stages=stages
    )  # fmt: skip


def _stages(request: StepRequest, size: int, *, recompute: float) -> tuple[Stage, ...]:
    known = request.known

    def built() -> tuple[Stage, ...]:
        if not known.stages:
            known.kernels = {}
        graph, region = request.graph.with_dims(batch=size), region_of(request, size)
        parts = activations_of(request).parts
        return build_stages(
            Timing(graph=graph, region=region, recompute=recompute, parts=parts, kernels=known.kernels)
        )  # fmt: skip

    return kept(known.stages, (size, recompute, request.parts or 1), built)


def _placement(request: StepRequest, region: Region, *, passes: int, recompute: float) -> StepPlacement:
    return StepPlacement(
        micro_batch=held_by(request, region.sequences), sub_batch=region.sequences, passes=passes,
        columns=region.columns, rows=region.rows, tokens_per_core=region.tokens_per_core,
        features_per_core=region.features_per_core(request.graph.dims["width"]), recompute=recompute,
        parts=request.parts or 1,
    )  # fmt: skip


def _weight_bytes(request: StepRequest) -> int:
    return 4 if request.precision == "fp32" else 2


def _load(request: StepRequest, groups: tuple[PassGroup, ...], *, recompute: float) -> float:
    """Return the mean of what wafers compute over what the fullest does: some have one sequence less, or none."""
    systems, fullest = request.cluster.systems, fsum(group.count * group.compute_s for group in groups)
    less = (systems - request.sequences) % systems
    if not less or not fullest:
        return 1.0
    passes = sum(group.count for group in groups)
    others = (
        _group(request, size, count, recompute=recompute) for size, count in pass_sizes(request.share - 1, passes)
    )
    busy = fsum(group.count * group.compute_s for group in others)
    return (systems - less * (1 - busy / fullest)) / systems


def with_length(request: StepRequest, length: int) -> StepRequest:
    """Return the same request for sequences of another length."""
    return replace(request, length=length, graph=request.graph.with_dims(length=length, keys=length))
