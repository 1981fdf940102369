"""A placed model, and how long its phases take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import groupby

from wsesim.errors import SpecError, require_positive
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, Work, handover, scalars
from wsesim.kernels.resident_layer import decode_layer, embedding, head, prefill_layer
from wsesim.mapping.resident.pipeline import Station, all_ops, merged, path_parts, summed
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region
from wsesim.answer import MemoryUse

_decoded = lru_cache(maxsize=1024)(decode_layer)
"""The same layer is asked for again and again: by chunks, by prompts of other lengths."""
TIMED_BITS = 4
"""Of the lengths at which a prompt that passes a few tokens at a time is timed: eight from one power of two to the
next, so attention is at most 6 % off, to either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """What a phase takes."""

    cycles: float
    """From start to end, through all stages."""
    seconds: float
    parts: Mapping[str, float]
    """Cycles by cause along the path that sets the time; they sum to `cycles`."""
    ops: tuple[Work, ...]
    """All work of the phase by op, over all layers and stages."""
    interval_cycles: float
    """Between tokens (or chunks) of a full pipeline: what its slowest stage takes."""
    stage_cycles: tuple[float, ...]
    """Of each stage (for a prompt, with its last chunk)."""
    core_cycles: float
    """Cycles times cores over all stages, at work."""

    @property
    def flops(self) -> float:
        """Floating-point operations of the model, a multiply-accumulate counted as two."""
        return 2 * sum(work.macs for work in self.ops)

    @property
    def fabric_bytes(self) -> float:
        """Payload over all links."""
        return sum(work.fabric_bytes for work in self.ops)

    @property
    def sram_bytes(self) -> float:
        """Read and written in SRAM."""
        return sum(work.sram_bytes for work in self.ops)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentPlan:
    """A model on its wafers, ready to be timed."""

    request: ResidentRequest
    placement: str
    """whole | blocks | rectangles."""
    stages: tuple[Region, ...]
    """For decoding, in the order a token passes."""
    prefill_stages: tuple[Region, ...]
    """For prompts; equal to `stages` if nothing is moved in between."""
    chunk: int
    """Tokens of a prompt that are read at a time."""
    together: int | None = None
    """Those of a chunk that pass side by side, as the tokens of a batch do, while weights stay; None: weights move
    (MeshGEMM) and a chunk passes as one."""
    memory: tuple[MemoryUse, ...]
    """Of a core of the fullest stage; what has a table alone is cut so that it fits."""
    tables: tuple[Region, ...] = ()
    """Regions of the embedding and the head, where they do not lie with layers."""

    @property
    def wafers(self) -> int:
        """Wafers in use."""
        return 1 + max(stage.wafer for stage in (*self.stages, *self.prefill_stages, *self.tables))

    @property
    def clock_hz(self) -> float:
        """Of all cores."""
        return self.request.cluster.wafer.core.clock_hz

    def decode(self, position: int, *, batch: int = 1) -> PhaseTime:
        """Return the time of one token for each of *batch* sequences that have *position* tokens cached.

        Raises:
            SpecError: a batch or a position that is not positive, or more than the cache holds.
        """
        self._check(positions=position, batch=batch)
        request = self.request

        def layer(where: Rectangle) -> Sequence[Work]:
            return _decoded(where, request.shape, positions=position, batch=batch)

        chunk = self._stations(self.stages, layer, tokens=batch, heads=batch)
        turn = request.software.token_turn_s * self.clock_hz if request.ends else 0.0
        return self._phase(self._passed(self.stages), [chunk], [scalars("next token", turn, "token turn")])

    def prefill(self, tokens: int, *, start: int = 0, reused: int = 0) -> PhaseTime:
        """Return the time of a prompt of *tokens* behind *start* cached positions, its first *reused* cached as well.

        Raises:
            SpecError: sizes that cannot be, or more than the cache holds.
        """
        self._check(positions=start + tokens, batch=1)
        if start < 0 or not 0 <= reused < tokens:
            raise SpecError("reused", f"must be from 0 to {tokens - 1} and start from 0; got {reused}, {start}")
        rows, begins = list[tuple[Station, ...]](), start + reused
        known: dict[tuple[int, int, bool], tuple[Station, ...]] = {}
        group = self.together or self.chunk
        while begins < start + tokens:
            size = min(group, start + tokens - begins)
            ends, last = self._timed_at(begins + size), begins + size == start + tokens
            if (size, ends, last) not in known:
                known[size, ends, last] = self._chunk(size, ends, last=last)
            rows.append(known[size, ends, last])
            begins += size
        return self._phase(self._passed(self.prefill_stages), rows, [], interval=-(-self.chunk // group))

    def _timed_at(self, positions: int) -> int:
        """Return the positions whose time tokens that end at *positions* take: the same, or the nearest of a few."""
        if self.together is not None:
            grain = 2 ** max(0, positions.bit_length() - TIMED_BITS)
            positions = (positions + grain // 2) // grain * grain
        return positions

    def _chunk(self, tokens: int, ends: int, *, last: bool) -> tuple[Station, ...]:
        shape, block = self.request.shape, min(self.chunk, ends)

        def layer(where: Rectangle) -> Sequence[Work]:
            if self.together is None:
                return prefill_layer(where, shape, tokens=tokens, start=ends - tokens, block=block)
            return _decoded(where, shape, positions=ends, batch=tokens)

        return self._stations(self.prefill_stages, layer, tokens=tokens, heads=int(last), spread=self.together is None)

    def replacement_s(self) -> float:
        """Return the time to move weights and cache from the places for prompts to those for decoding."""
        if self.prefill_stages == self.stages:
            return 0.0
        fabric = self.request.cluster.wafer.fabric
        side = min(stage.side for stage in (*self.stages, *self.prefill_stages))
        values = self.request.model.layers * self.request.shape.weights
        values += self.cache_bytes(self.request.positions) // VALUE_BYTES
        per_cycle = side * fabric.link_wavelets_per_cycle * fabric.wavelet_bytes * self.wafers
        return values * VALUE_BYTES / per_cycle / self.clock_hz

    def cache_bytes(self, positions: int, *, batch: int = 1) -> int:
        """Return the cache of *positions* of *batch* sequences; every stage has room for as many layers as any."""
        slots = len(self.stages) * max(stage.layers for stage in self.stages)
        return 2 * VALUE_BYTES * slots * self.request.shape.kv_width * positions * batch

    def host_in(self, size_bytes: float) -> float:
        """Return the seconds to copy *size_bytes* from hosts into cores' memory."""
        host = self.request.cluster.host
        return max(host.upload_floor_s, size_bytes / host.upload_bytes_per_s)

    def host_out(self, size_bytes: float) -> float:
        """Return the seconds to copy *size_bytes* out of cores' memory to hosts."""
        host = self.request.cluster.host
        return host.latency_s + size_bytes / host.download_bytes_per_s

    def _check(self, *, positions: int, batch: int) -> None:
        require_positive(positions=positions, batch=batch)
        request = self.request
        if positions > request.positions:
            raise SpecError("positions", f"must be at most {request.positions:,}, which the cache holds")
        if batch > request.batch:
            raise SpecError("batch", f"must be at most {request.batch:,}, which the cache holds")

    def _passed(self, stages: Sequence[Region]) -> tuple[Region, ...]:
        """Return the regions that a token passes, in order: *stages*, and tables that lie apart."""
        first = (replace(table, heads=False) for table in self.tables if table.embeds)
        last = (replace(table, embeds=False) for table in self.tables if table.heads)
        return (*first, *stages, *last)

    def _stations(
        self, stages: Sequence[Region], layer: Callable[[Rectangle], Sequence[Work]], *, tokens: int, heads: int,
        spread: bool = False,
    ) -> tuple[Station, ...]:  # fmt: skip
        """Return what each region does with *tokens*, *spread* over its rows or not, of which *heads* pass the head."""
        regions, known = self._passed(stages), dict[tuple[object, ...], Station]()
        found, layers = [], cache(layer)
        for number, region in enumerate(regions):
            onward = None if number + 1 == len(regions) else regions[number + 1].wafer != region.wafer
            key = (region.columns, region.rows, region.layers, region.embeds, region.heads, onward)
            if key not in known:
                where = self.request.rectangle(region.columns, region.rows)
                here = where.y.each(tokens) if spread else tokens
                ops = self._region_ops(where, region, layers, here, heads)
                known[key] = Station.of([*ops, *self._onward(where, here, other_wafer=onward)])
            found.append(known[key])
        return tuple(found)

    def _region_ops(
        self, where: Rectangle, region: Region, layer: Callable[[Rectangle], Sequence[Work]], tokens: int, heads: int
    ) -> Iterator[Work]:
        request, model = self.request, self.request.model
        if region.layers:
            yield from (op.times(region.layers) for op in layer(where))
        if region.embeds and request.ends:
            yield from embedding(where, width=model.width, tokens=tokens)
        if region.heads and request.ends and heads:
            yield from head(where, width=model.width, vocab=model.vocab, batch=heads)

    def _onward(self, where: Rectangle, tokens: int, *, other_wafer: bool | None) -> list[Work]:
        """Return the way to the next region, over the hosts' network to another wafer; none from the last."""
        if other_wafer is None:
            return []
        request, width = self.request, self.request.model.width
        if not other_wafer:
            return [handover(where, "handover", values=tokens * where.y.each(width))]
        size = VALUE_BYTES * tokens * width
        seconds = request.cluster.host.latency_s + size / request.cluster.wafer.io_bytes_per_s
        return [scalars("next wafer", seconds * self.clock_hz, "handover")]

    def _phase(
        self, regions: Sequence[Region], rows: Sequence[tuple[Station, ...]], after: Sequence[Work], *,
        interval: int = 1,
    ) -> PhaseTime:  # fmt: skip
        """Return the time of tokens that pass *regions* one behind the other, and of what comes *after*.

        *rows* has what each region does with them; those that take as long share one row. *interval* rows are a chunk.
        """
        after = [work for work in after if work.cycles]
        runs = [(row, len(list(alike))) for row, alike in groupby(rows)]
        parts = summed([(path_parts(runs), 1), *((work.parts, 1) for work in after)])
        total, busy = sum(parts.values()), dict[tuple[int, int, int], float]()
        for region, station in zip(regions, rows[-1], strict=True):
            place = (region.wafer, region.column, region.row)
            busy[place] = busy.get(place, 0.0) + station.cycles
        return PhaseTime(
            cycles=total,
            seconds=total / self.clock_hz,
            parts=parts,
            ops=merged([*all_ops(runs), *after]),
            interval_cycles=interval * max(busy.values()),
            stage_cycles=tuple(station.cycles for station in rows[-1]),
            core_cycles=sum(
                times * station.cycles * region.cores
                for row, times in runs
                for region, station in zip(regions, row, strict=True)
            ),
        )
