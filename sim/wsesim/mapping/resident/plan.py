"""A placed model, and how long its phases take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wsesim.errors import SpecError, require_positive
from wsesim.kernels.resident import VALUE_BYTES, Work, handover, scalars
from wsesim.kernels.resident_layer import decode_layer, embedding, head, prefill_layer
from wsesim.mapping.resident.pipeline import critical_path, merged
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region
from wsesim.result import MemoryUse


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
    """whole | blocks."""
    stages: tuple[Region, ...]
    """For decoding, in the order a token passes."""
    prefill_stages: tuple[Region, ...]
    """For prompts; equal to `stages` if nothing is moved in between."""
    chunk: int
    """Tokens of a prompt that pass together."""
    memory: tuple[MemoryUse, ...]
    """Of a core of the fullest stage."""

    @property
    def wafers(self) -> int:
        """Wafers in use."""
        return 1 + max(stage.wafer for stage in (*self.stages, *self.prefill_stages))

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
        request, square = self.request, self.request.square(self.stages[0].side)
        layer = decode_layer(square, request.shape, positions=position, batch=batch)
        works = []
        for number, stage in enumerate(self.stages):
            work = [op.times(stage.layers) for op in layer]
            if stage.embeds and request.ends:
                work += embedding(square, width=request.model.width, tokens=batch)
            if stage.heads and request.ends:
                work += head(square, width=request.model.width, vocab=request.model.vocab, batch=batch)
            works.append(work + self._onward(self.stages, number, batch))
        turn = request.cluster.runtime.token_turn_s * self.clock_hz if request.ends else 0.0
        return self._phase(self.stages, [works], [scalars("next token", turn, "token turn")] if turn else [])

    def prefill(self, tokens: int, *, start: int = 0, reused: int = 0) -> PhaseTime:
        """Return the time of a prompt of *tokens* behind *start* cached positions, its first *reused* cached as well.

        Raises:
            SpecError: sizes that cannot be, or more than the cache holds.
        """
        self._check(positions=start + tokens, batch=1)
        if start < 0 or not 0 <= reused < tokens:
            raise SpecError("reused", f"must be from 0 to {tokens - 1} and start from 0; got {reused}, {start}")
        chunks, begins = [], start + reused
        while begins < start + tokens:
            size = min(self.chunk, start + tokens - begins)
            chunks.append(self._chunk(size, begins, last=begins + size == start + tokens))
            begins += size
        return self._phase(self.prefill_stages, chunks, [])

    def _chunk(self, tokens: int, start: int, *, last: bool) -> list[list[Work]]:
        request, works = self.request, []
        square = request.square(self.prefill_stages[0].side)
        block = min(self.chunk, start + tokens)
        layer = prefill_layer(square, request.shape, tokens=tokens, start=start, block=block)
        for number, stage in enumerate(self.prefill_stages):
            work = [op.times(stage.layers) for op in layer]
            if stage.embeds and request.ends:
                work += embedding(square, width=request.model.width, tokens=square.each(tokens))
            if stage.heads and request.ends and last:
                work += head(square, width=request.model.width, vocab=request.model.vocab)
            works.append(work + self._onward(self.prefill_stages, number, square.each(tokens)))
        return works

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

    def _onward(self, stages: Sequence[Region], number: int, tokens: int) -> list[Work]:
        """Return the way to the next stage, over the hosts' network if that is on another wafer."""
        if number + 1 == len(stages):
            return []
        request, stage = self.request, stages[number]
        square, width = request.square(stage.side), request.model.width
        if stages[number + 1].wafer == stage.wafer:
            return [handover(square, "handover", values=tokens * square.each(width))]
        size = VALUE_BYTES * tokens * width
        seconds = request.cluster.host.latency_s + size / request.cluster.wafer.io_bytes_per_s
        return [scalars("next wafer", seconds * self.clock_hz, "handover")]

    def _phase(
        self, stages: Sequence[Region], chunks: Sequence[Sequence[Sequence[Work]]], after: Sequence[Work]
    ) -> PhaseTime:
        """Return the time of *chunks* that pass *stages* one behind the other, and of what comes *after*."""
        times = [[sum(work.cycles for work in works) for works in row] for row in chunks]
        path = critical_path(times)
        parts: dict[str, float] = {}
        for work in (*(work for chunk, stage in path for work in chunks[chunk][stage]), *after):
            for cause, cycles in work.parts.items():
                parts[cause] = parts.get(cause, 0.0) + cycles
        total = sum(parts.values())
        return PhaseTime(
            cycles=total,
            seconds=total / self.clock_hz,
            parts=parts,
            ops=merged([*(work for row in chunks for works in row for work in works), *after]),
            interval_cycles=max(times[-1]),
            stage_cycles=tuple(times[-1]),
            core_cycles=sum(cycles * stages[0].side ** 2 for row in times for cycles in row),
        )
