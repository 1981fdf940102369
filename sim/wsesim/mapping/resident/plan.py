"""A placed model, and how long its phases take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby

import numpy as np

from wsesim.answer import MemoryUse
from wsesim.errors import NotModelled, SpecError, require_positive
from wsesim.kernels.counts import exactly, largest
from wsesim.kernels.resident import VALUE_BYTES, scalars
from wsesim.kernels.resident_many import TokenSteps
from wsesim.kernels.resident_ops import ChunkStep, TokenStep
from wsesim.mapping.resident.pipeline import (
    OpCost,
    OpSequence,
    PhaseTime,
    Station,
    Step,
    all_work,
    path_parts,
    summed,
)
from wsesim.mapping.resident.request import ResidentRequest, group_sizes
from wsesim.mapping.resident.route import StageRoute
from wsesim.mapping.resident.stages import PipelineStage
from wsesim.model import fullest_of

TIMED_BITS = 3
"""Of the lengths at which a prompt that passes a few tokens at a time is timed: four from one power of two to the
next, so attention is at most 12 % off, to either side."""


def timed_positions(positions: int) -> int:
    """Return the positions whose time tokens side by side that end at *positions* take: the same, or the nearest of a
    few."""
    grain = 1 << max(0, positions.bit_length() - TIMED_BITS)
    return (positions + grain // 2) // grain * grain


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentPlan:
    """A model on its wafers, ready to be timed."""

    request: ResidentRequest
    placement: str
    """whole | blocks | rectangles."""
    stages: tuple[PipelineStage, ...]
    """For decoding, in the order a token passes."""
    prefill_stages: tuple[PipelineStage, ...]
    """For prompts; equal to `stages` if nothing is moved in between."""
    chunk: int
    """Tokens of a prompt that are read at a time."""
    together: int | None = None
    """Those of a chunk that pass side by side, as the tokens of a batch do, while weights stay; None: weights move
    (MeshGEMM) and a chunk passes as one."""
    memory: tuple[MemoryUse, ...]
    """Of a core of the fullest stage; what has a table alone is cut so that it fits."""
    tables: tuple[PipelineStage, ...] = ()
    """Those of the embedding and the head, where they do not lie with layers."""
    group: int
    """Sequences for which a core has memory side by side as tokens are written, at most."""
    replicas: int = 1
    """Copies, each on wafers of its own; what is timed is one."""
    next_best: ResidentPlan | None = field(default=None, compare=False, repr=False)
    """The fastest of another kind, where one has room: other stages, wafers or copies, or another way to read."""
    _chunks: dict[tuple[int, int, bool], tuple[Station, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )  # fmt: skip
    """Chunks timed before: prompts of other lengths begin with the same."""
    _routes: dict[bool, StageRoute] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Through the regions, by whether prompts are read."""

    @property
    def wafers(self) -> int:
        """Wafers of a copy."""
        return 1 + max(stage.wafer for stage in (*self.stages, *self.prefill_stages, *self.tables))

    @property
    def all_wafers(self) -> int:
        """Wafers of all copies."""
        return self.replicas * self.wafers

    def share(self, batch: int) -> int:
        """Return the most sequences of a batch that one copy has."""
        return -(-batch // self.replicas)

    @property
    def clock_hz(self) -> float:
        """Of all cores."""
        return self.request.cluster.wafer.core.clock_hz

    def decode(
        self, position: int, *, batch: int = 1, group: int | None = None, checks: float = 0.0
    ) -> PhaseTime:  # fmt: skip
        """Return the time of one token for each of *batch* sequences that have *position* tokens cached.

        Sequences pass in groups of *group*, one behind the other: while one is in a stage, others are in others, and
        those for which there is no stage wait as numbers of tokens. By default in groups of the power of two that is
        fastest of those that memory has room for, or all side by side; *checks* tokens follow each at the interval of
        the pipeline.

        Raises:
            SpecError: a batch or a position that is not positive, or more than the cache holds.
            NotModelled: the model does not write tokens.
        """
        self._check(positions=position, batch=batch)
        self._require_writer()
        if group is not None:
            return self._decode(position, batch, min(group, batch))
        times = (self._decode(position, batch, size) for size in group_sizes(batch) if size <= self.group)
        return min(times, key=lambda time: time.cycles + checks * time.interval_cycles)

    def decode_each(
        self, positions: Sequence[int], *, batch: int = 1, checks: float = 0.0
    ) -> tuple[PhaseTime, ...]:  # fmt: skip
        """Return the same for each of several positions, costed all at once; without the work by op.

        Raises:
            SpecError: as of `decode`.
            NotModelled: as of `decode`.
        """
        self._check(positions=min(positions), batch=batch)
        self._check(positions=max(positions), batch=batch)
        self._require_writer()
        found = []
        for size in (size for size in group_sizes(batch) if size <= self.group):
            many = self._written(TokenSteps(positions=np.array(positions), batch=size), size)
            found.append([self._in_groups(many.at(number), batch, size) for number in range(len(positions))])
        return tuple(
            min(times, key=lambda time: time.cycles + checks * time.interval_cycles)
            for times in zip(*found, strict=True)
        )

    def _decode(self, position: int, batch: int, size: int) -> PhaseTime:
        return self._in_groups(self._written(TokenStep(positions=position, batch=size), size), batch, size)

    def _written(self, step: TokenStep, size: int) -> PhaseTime:
        """Return the time of one token for each sequence of a group of so many."""
        route = self._route(reads=False)
        turn = self.request.software.token_turn_s * self.clock_hz if self.request.ends else 0.0
        last = OpCost(name="token turn", kind="token turn", cost=scalars(turn, "token turn"))
        return self._phase(route, [route.stations(step, heads=size)], [last])

    def _in_groups(self, one: PhaseTime, batch: int, size: int) -> PhaseTime:
        """Return the time of a batch whose groups of so many follow each other, from that of one of them."""
        groups = -(-batch // size)
        if groups == 1:
            return one
        interval = groups * one.interval_cycles
        waits = max(0.0, interval - one.cycles)
        parts = {**one.parts, **({"pipeline": waits} if waits else {})}
        return replace(
            one, cycles=one.cycles + waits, seconds=(one.cycles + waits) / self.clock_hz, parts=parts,
            work=one.work_times(batch / size), interval_cycles=interval,
        )  # fmt: skip

    def prefill(self, tokens: int, *, start: int = 0, reused: int = 0) -> PhaseTime:
        """Return the time of a prompt of *tokens* behind *start* cached positions, its first *reused* cached as well.

        Raises:
            SpecError: sizes that cannot be, or more than the cache holds.
        """
        self._check(positions=start + tokens, batch=1)
        if not self.request.model.causal and start + reused:
            raise SpecError("reused", "must be 0 where every token sees all others: nothing can be read ahead")
        if start < 0 or not 0 <= reused < tokens:
            raise SpecError("reused", f"must be from 0 to {tokens - 1} and start from 0; got {reused}, {start}")
        rows, begins = list[tuple[Station, ...]](), start + reused
        group = self.together or self.chunk
        while begins < start + tokens:
            size = min(group, start + tokens - begins)
            ends, last = begins + size, begins + size == start + tokens
            ends = ends if self.together is None else timed_positions(ends)
            if (size, ends, last) not in self._chunks:
                self._chunks[size, ends, last] = self._chunk(size, ends, last=last)
            rows.append(self._chunks[size, ends, last])
            begins += size
        return self._phase(self._route(reads=True), rows, [])

    def prompts(self, count: int, tokens: int, *, reused: int = 0) -> PhaseTime:
        """Return the time of *count* prompts: each follows the one before as soon as the first stage is free.

        Raises:
            SpecError: as of `prefill`.
        """
        one = self.prefill(tokens, reused=reused)
        if count == 1:
            return one
        behind = (count - 1) * one.interval_cycles
        parts = {**one.parts, "pipeline": one.parts.get("pipeline", 0.0) + behind}
        return replace(
            one, cycles=one.cycles + behind, seconds=one.seconds + behind / self.clock_hz, parts=parts,
            work=one.work_times(count),
        )  # fmt: skip

    def interval_s(self, position: int) -> float:
        """Return the seconds from one token to the next of a full pipeline: a group of sequences is in each stage."""
        group = max(1, self.request.batch // len(self.stages))
        return self.decode(position, batch=group, group=group).interval_cycles / group / self.clock_hz

    def _chunk(self, tokens: int, ends: int, *, last: bool) -> tuple[Station, ...]:
        step: Step = TokenStep(positions=ends, batch=tokens)
        if self.together is None:
            step = ChunkStep(tokens=tokens, start=ends - tokens, block=min(self.chunk, ends))
        return self._route(reads=True).stations(step, heads=int(last))

    def replacement_s(self) -> float:
        """Return the time to move weights and cache from the places for prompts to those for decoding."""
        if self.prefill_stages == self.stages:
            return 0.0
        fabric = self.request.cluster.wafer.fabric
        side = min(stage.side for stage in (*self.stages, *self.prefill_stages))
        values = self.request.laid.values
        values += self.cache_bytes(self.request.positions) // VALUE_BYTES
        per_cycle = side * fabric.link_wavelets_per_cycle * fabric.wavelet_bytes * self.wafers
        return values * VALUE_BYTES / per_cycle / self.clock_hz

    def cache_bytes(self, positions: int, *, batch: int = 1) -> int:
        """Return the cache of *positions* of *batch* sequences; every stage has room for as many layers as any."""
        laid, most = self.request.laid, max(stage.layers for stage in self.stages)
        counted = zip(laid.kinds, fullest_of(laid.model, most), strict=True)
        held = sum(int(number) * min(kind.window or positions, positions) for kind, number in counted)
        return VALUE_BYTES * len(self.stages) * held * sum(laid.model.cached) * batch

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

    def _require_writer(self) -> None:
        model = self.request.model
        if not model.causal:
            why = "every token sees all others, so nothing can be appended with a cache; it can read a prompt"
            raise NotModelled(f"writing tokens with {model.name}, an encoder,", why)
        if model.task != "lm":
            why = "its head does not look for the next token; it can read a prompt"
            raise NotModelled(f"writing tokens with the task {model.task}", why)

    def _route(self, *, reads: bool) -> StageRoute:
        """Return the way through the regions, of prompts or of tokens that are written."""
        if reads not in self._routes:
            stages = self.prefill_stages if reads else self.stages
            self._routes[reads] = StageRoute.of(self.request, stages, self.tables)
        return self._routes[reads]

    def _phase(
        self, route: StageRoute, rows: Sequence[tuple[Station, ...]], after: Sequence[OpCost]
    ) -> PhaseTime:  # fmt: skip
        """Return the time of tokens that pass regions one behind the other, and of what comes *after*.

        *rows* has what each region does with them; those that take as long share one row. Others like them follow when
        the region that is busy the longest is done with the last of them.
        """
        behind = OpSequence.of(op for op in after if op.cycles)
        runs = [(row, len(list(alike))) for row, alike in groupby(rows)]
        parts = summed([(path_parts(runs), 1), (behind.parts, 1)])
        total, busy = exactly(parts.values()), dict[tuple[int, int, int], float]()
        for number, region in enumerate(route.regions):
            place = (region.wafer, region.column, region.row)
            own = exactly(times * row[number].cycles for row, times in runs)
            busy[place] = busy.get(place, 0.0) + own
        return PhaseTime(
            cycles=total,
            seconds=total / self.clock_hz,
            parts=parts,
            work=(*all_work(runs), (behind, 1)),
            interval_cycles=reduce(largest, busy.values()),
            stage_cycles=tuple(station.cycles for station in rows[-1]),
        )
