"""Graph and cluster → Program: the sequences of a system cut into passes, then every kernel's time on them.

Weight streaming: activations stay in SRAM, tokens along rows, features along columns. If SRAM cannot keep the inside of
every layer for the backward pass, only each layer's input, or that of one in so many, is kept and the backward pass
computes again what it reads.

A micro-batch is what is held: what the backward pass needs of it is kept until then. Layers are worked through with a
part of it at a time, the sub-batch, for which weights stream in and kernels are started: one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import fsum

from wsesim.answer import MemoryUse
from wsesim.graph import Graph, flops
from wsesim.hardware import Cluster
from wsesim.kernels import Region
from wsesim.mapping.cuts import cuts, pass_sizes
from wsesim.mapping.known import Known, Latest, kept, known_of
from wsesim.mapping.memory import (
    Activations,
    activations_in,
    buffer_bytes,
    checkpoints,
    has_backward,
    layer_of,
    memory_table,
)
from wsesim.mapping.program import PassGroup, Program, Stage, StepPlacement
from wsesim.mapping.stages import CostKey, OpForm, Timing, build_stages, causes_of, started
from wsesim.slotted import like
from wsesim.software import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """What is to be mapped."""

    graph: Graph
    """Forward and backward, or forward only for evaluation; its batch is laid as passes are."""
    cluster: Cluster
    software: Training
    sequences: int
    """Of one step, all systems together: shared as evenly as can be."""
    length: int
    precision: str
    micro_batch: int | None = None
    """Sequences that are held at most, or None for no more than are worked on."""
    sub_batch: int | None = None
    """Sequences of a pass at most, or None to leave the passes open."""
    recompute: str = "auto"
    """auto | never | always."""
    parts: int | None = None
    """In which each layer is worked through (one of `mapping.memory.PARTS`), or None to leave them open."""
    rows: int | None = None
    """Of the wafer that are used at most, or None for all; as are columns."""
    columns: int | None = None
    known: Known = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", _known(self))

    def in_parts(self, parts: int) -> StepRequest:
        """Return the same with layers in so many parts; what is known of its kernels is the same."""
        if parts == self.parts:
            return self
        return like(self, parts=parts)

    @property
    def share(self) -> int:
        """Sequences of the fullest system, which the step waits for."""
        return -(-self.sequences // self.cluster.systems)

    @property
    def policies(self) -> tuple[float, ...]:
        """What may be kept (`StepPlacement.recompute`), the least that is computed again first."""
        return kept(self.known.policies, self.recompute, lambda: _policies(self.graph, self.recompute))

    @property
    def counts(self) -> tuple[int, ...]:
        """In how many parts layers may be worked through, the fewest first: those that leave less alive at once."""
        if self.parts is not None:
            return (self.parts,)
        workings = {parts: what.working for parts, what in _activations(self).items()}
        return tuple(parts for parts in workings if all(workings[parts] < workings[fewer] for fewer in workings
                                                        if fewer < parts))  # fmt: skip

    @property
    def micro_batches(self) -> int:
        """Of the fullest system, if sequences are held that are not worked on; else 1."""
        return 1 if self.micro_batch is None else -(-self.share // self.held)

    @property
    def held(self) -> int:
        """Sequences of the largest micro-batch where one is stated, else all of the fullest system."""
        if self.micro_batch is None:
            return self.share
        return next(cuts(self.share, self.micro_batch, even=bool(self.software.even_passes)))


def _known(request: StepRequest) -> Known:
    """Return what is known of the kernels of a request."""
    return known_of(request.graph, request.cluster.wafer, request.software, request.length, request.precision,
                    request.rows, request.columns)  # fmt: skip


def _policies(graph: Graph, recompute: str) -> tuple[float, ...]:
    if recompute == "never" or not has_backward(graph):
        return (0,)
    again = checkpoints(layer_of(graph).repeat)
    return (0, *again) if recompute == "auto" else again


def lay(request: StepRequest, *, passes: int, recompute: float) -> Program:
    """Return the step in so many *passes*, as even as they can be, whether that is the best or fits."""
    key = (passes, recompute, request.sequences, request.cluster.systems, request.micro_batch, request.parts or 1)
    found = kept(request.known.programs, key, lambda: _laid(request, passes=passes, recompute=recompute))
    return like(found, cluster=request.cluster, software=request.software)


def compute_s(request: StepRequest, *, passes: int, recompute: float) -> float:
    """Return the seconds in which the fullest wafer computes, of a step that is not laid for it."""
    sizes = pass_sizes(request.share, passes)
    return fsum(count * _group(request, size, count, recompute=recompute).compute_s for size, count in sizes)


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
    key = (sequences, recompute, held_by(request, sequences), request.parts or 1)
    return kept(request.known.memory, key, lambda: _memory(request, sequences, recompute=recompute))


def _memory(request: StepRequest, sequences: int, *, recompute: float) -> tuple[MemoryUse, ...]:
    return memory_table(
        request.cluster.wafer, region_of(request, sequences), activations_of(request),
        heads=request.graph.dims["heads"], buffer_bytes=room_bytes(request), recompute=recompute,
        held=region_of(request, held_by(request, sequences)),
    )  # fmt: skip


def activations_of(request: StepRequest) -> Activations:
    """Return what is kept per token in the parts asked for, or in one."""
    return _activations(request)[request.parts or 1]


def _activations(request: StepRequest) -> Mapping[int, Activations]:
    blocks, dims = request.graph.blocks, request.graph.dims
    return _kept_of.get((id(blocks), *dims.items()), blocks, lambda: activations_in(request.graph))


_kept_of: Latest[Mapping[int, Activations]] = Latest(most=64)
"""What is kept per token of a graph, on whatever machine."""
_forms: Latest[dict[CostKey, OpForm]] = Latest(most=64)
"""What a graph of some batch says of its ops, on whatever machine."""


def launches_of(request: StepRequest) -> float:
    """Return the kernels that a pass starts at least: those of layers that are computed again come on top."""
    parts = activations_of(request).parts
    return kept(request.known.launches, request.parts or 1, lambda: started(request.graph, request.software, parts))


def needs_bytes(request: StepRequest, sequences: int, *, recompute: float) -> int:
    """Return what a core has to hold in passes of so many sequences."""
    key = (sequences, recompute, held_by(request, sequences), request.parts or 1)

    def added() -> int:
        return sum(line.bytes_per_core for line in _memory(request, sequences, recompute=recompute))

    return kept(request.known.needs, key, added)


def held_by(request: StepRequest, sequences: int) -> int:
    """Return the sequences of a micro-batch in passes of so many: as stated, else those of a pass."""
    return sequences if request.micro_batch is None else max(sequences, request.held)


def room_bytes(request: StepRequest) -> int:
    """Return the room on the wafer for weights on their way in."""
    layers = request.software.layers_in_flight
    return kept(request.known.rooms, layers, lambda: buffer_bytes(request.graph, layers=layers))


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
            known.kernels, known.costs = {}, {}
        graph, region = request.graph.with_dims(batch=size), region_of(request, size)
        parts = activations_of(request).parts
        return build_stages(
            Timing(
                graph=graph, region=region, recompute=recompute, parts=parts, kernels=known.kernels, costs=known.costs,
                forms=_forms.get((id(graph.blocks), *graph.dims.items()), graph.blocks, dict),
            )
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
