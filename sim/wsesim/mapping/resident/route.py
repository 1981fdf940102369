"""The regions that tokens pass one after the other, and what each of them does in a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wsesim.kernels.resident import VALUE_BYTES, Rectangle, handover, scalars
from wsesim.kernels.resident_ops import ChunkStep, TokenStep
from wsesim.mapping.resident.pipeline import OpCost, OpSequence, Station, Step, ops_cost
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage
from wsesim.model import counts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionKind:
    """What regions have in common that do the same in every step."""

    where: Rectangle
    counts: tuple[int, ...]
    """Layers of each kind."""
    embeds: bool
    heads: bool
    other_wafer: bool | None
    """Whether the next region lies on another wafer; None: there is no next one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageRoute:
    """Regions in the order in which tokens pass them."""

    request: ResidentRequest
    regions: tuple[PipelineStage, ...]
    kinds: tuple[RegionKind, ...]
    kind_of: tuple[int, ...]
    """Number of the kind of each region."""

    @classmethod
    def of(
        cls, request: ResidentRequest, stages: Sequence[PipelineStage], tables: Sequence[PipelineStage]
    ) -> StageRoute:
        """Return the way through *stages*, and through *tables* that lie apart."""
        first = (replace(table, heads=False) for table in tables if table.embeds)
        last = (replace(table, embeds=False) for table in tables if table.heads)
        regions = (*first, *stages, *last)
        found = [*_kinds(request, regions)]
        kinds = {kind: number for number, kind in enumerate(dict.fromkeys(found))}
        return cls(request=request, regions=regions, kinds=(*kinds,), kind_of=tuple(kinds[kind] for kind in found))

    def stations(self, step: Step, *, heads: int) -> tuple[Station, ...]:
        """Return what each region does in a step; *heads* tokens pass the head."""
        found = [self._station(kind, step, heads) for kind in self.kinds]
        return tuple(found[number] for number in self.kind_of)

    def _station(self, kind: RegionKind, step: Step, heads: int) -> Station:
        here = kind.where.y.each(step.tokens) if isinstance(step, ChunkStep) else step.batch
        return Station.of([*self._work(kind, step, heads), (OpSequence.of(self._onward(kind, here)), 1)])

    def _work(self, kind: RegionKind, step: Step, heads: int) -> Iterator[tuple[OpSequence, int]]:
        """Yield what a region does, with so many layers of each kind."""
        laid, ends = self.request.laid, self.request.ends
        if kind.embeds and ends:
            yield ops_cost(laid, "embed", kind.where, step.alone), 1
        for layer, count in zip(laid.kinds, kind.counts, strict=True):
            if count:
                yield ops_cost(laid, layer.block, kind.where, step.within(layer.window)), count
        if kind.heads and ends and heads:
            yield ops_cost(laid, "head", kind.where, TokenStep(positions=1, batch=heads)), 1

    def _onward(self, kind: RegionKind, tokens: int) -> list[OpCost]:
        """Return the way to the next region, over the hosts' network to another wafer; none from the last."""
        if kind.other_wafer is None:
            return []
        request, width = self.request, self.request.model.width
        if not kind.other_wafer:
            way = handover(kind.where, values=tokens * kind.where.y.each(width))
            return [OpCost(name="handover", kind="handover", cost=way)]
        size, wafer = VALUE_BYTES * tokens * width, request.cluster.wafer
        seconds = request.cluster.host.latency_s + size / wafer.io_bytes_per_s
        way = scalars(seconds * wafer.core.clock_hz, "handover")
        return [OpCost(name="next wafer", kind="handover", cost=way)]


def _kinds(request: ResidentRequest, regions: Sequence[PipelineStage]) -> Iterator[RegionKind]:
    before, sizes = 0, dict[tuple[int, int], Rectangle]()
    for number, region in enumerate(regions):
        size = region.columns, region.rows
        if size not in sizes:
            sizes[size] = request.rectangle(*size)
        yield RegionKind(
            where=sizes[size], counts=counts_of(request.model, before, region.layers), embeds=region.embeds,
            heads=region.heads,
            other_wafer=None if number + 1 == len(regions) else regions[number + 1].wafer != region.wafer,
        )  # fmt: skip
        before += region.layers
