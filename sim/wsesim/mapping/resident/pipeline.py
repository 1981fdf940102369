"""Chunks that pass stages one behind the other: which of their times add up to the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.base import Cost
from wsesim.kernels.counts import exactly
from wsesim.kernels.resident import Rectangle
from wsesim.kernels.resident_model import ResidentModel, ResidentOp
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost

Step = TokenStep | ChunkStep


@dataclass(frozen=True, slots=True, kw_only=True)
class OpCost:
    """An op of the graph and what it costs."""

    name: str
    kind: str
    cost: Cost

    @property
    def parts(self) -> Mapping[str, float]:
        """Cycles by cause; they sum to `cycles`."""
        return self.cost.parts()

    @property
    def cycles(self) -> float:
        """Cycles from start to end."""
        return self.cost.cycles

    @property
    def macs(self) -> float:
        """Multiply-accumulates of the model."""
        return self.cost.macs

    @property
    def fabric_bytes(self) -> float:
        """Payload over all links."""
        return self.cost.fabric_bytes

    @property
    def sram_bytes(self) -> float:
        """Read and written in SRAM."""
        return self.cost.sram_bytes

    def times(self, count: float) -> OpCost:
        """Return the same, *count* times."""
        return OpCost(name=self.name, kind=self.kind, cost=self.cost.times(count))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpSequence:
    """Ops one after the other; what they take is summed once, as chunks, layers and lengths ask again and again."""

    ops: tuple[OpCost, ...]
    parts: Mapping[str, float]
    """Cycles by cause."""

    @classmethod
    def of(cls, ops: Iterable[OpCost]) -> OpSequence:
        """Return the sequence of *ops*."""
        works = tuple(ops)
        return cls(ops=works, parts=summed((work.parts, 1) for work in works))

    @property
    def cycles(self) -> float:
        """Cycles from start to end."""
        return fsum(self.parts.values())


@lru_cache(maxsize=4096)
def ops_cost(laid: ResidentModel, block: str, where: Rectangle, step: Step) -> OpSequence:
    """Return what the ops of a block cost; asked for again and again, by chunks, prompts of other lengths, plans."""
    ops: tuple[ResidentOp, ...] = getattr(laid, block)
    known = _costs([op for op in ops if op.meets_cache], where, step) | _apart(laid, block, where, step.alone)
    return OpSequence.of(OpCost(name=op.name, kind=op.kind, cost=known[op.form]) for op in ops)


@lru_cache(maxsize=4096)
def _apart(laid: ResidentModel, block: str, where: Rectangle, step: Step) -> dict[tuple[object, ...], Cost]:
    """Return what ops cost that take the same whatever is cached: positions ask for them again and again."""
    return _costs([op for op in getattr(laid, block) if not op.meets_cache], where, step)


def _costs(ops: Iterable[ResidentOp], where: Rectangle, step: Step) -> dict[tuple[object, ...], Cost]:
    # A layer has several ops alike but for their names: norms, residuals, gate and way up.
    return {form: resident_cost(op, where, step) for form, op in {op.form: op for op in ops}.items()}


Work = tuple[tuple[OpSequence, float], ...]
"""Sequences, each so many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """What a phase takes."""

    cycles: float
    """From start to end, through all stages."""
    seconds: float
    parts: Mapping[str, float]
    """Cycles by cause along the path that sets the time; they sum to `cycles`."""
    work: Work
    """Of the phase, over all layers and stages."""
    interval_cycles: float
    """Between tokens, or prompts as long, of a full pipeline: what its slowest stage takes for one."""
    stage_cycles: tuple[float, ...]
    """Of each stage (for a prompt, with its last chunk)."""

    def at(self, number: int) -> PhaseTime:
        """Return one of the times where arrays stand for many, without its work."""
        found = {name: _one(getattr(self, name), number) for name in ("cycles", "seconds", "interval_cycles")}
        parts = {cause: _one(cycles, number) for cause, cycles in self.parts.items()}
        stages = tuple(_one(cycles, number) for cycles in self.stage_cycles)
        return PhaseTime(**found, parts=parts, work=(), stage_cycles=stages)

    @property
    def ops(self) -> tuple[OpCost, ...]:
        """All work by op."""
        return merged(self.work)

    def work_times(self, count: float) -> Work:
        """Return the work, *count* times."""
        return tuple((sequence, count * times) for sequence, times in self.work)

    def work_slowed(self, factor: float) -> Work:
        """Return the same work in *factor* times the cycles."""
        slow = OpSequence.of(replace(op, cost=op.cost.slowed(factor)) for op in self.ops)
        return ((slow, 1),)

    @property
    def flops(self) -> float:
        """Floating-point operations of the model, a multiply-accumulate counted as two."""
        return 2 * fsum(work.macs for work in self.ops)


def _one(cycles: Any, number: int) -> float:
    """Return an element, or what stands for all."""
    return float(cycles[number]) if isinstance(cycles, np.ndarray) else cycles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Station:
    """What a region does with a chunk; regions that do the same share one object, so it is compared by identity."""

    work: Work
    cycles: float
    parts: Mapping[str, float]
    """Cycles by cause; they sum to `cycles`."""

    @classmethod
    def of(cls, work: Iterable[tuple[OpSequence, float]]) -> Station:
        """Return the station that does *work* one after the other."""
        found = tuple(work)
        parts = summed((sequence.parts, times) for sequence, times in found)
        return cls(work=found, cycles=exactly(parts.values()), parts=parts)


def summed(parts: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Return cycles by cause of all parts, each so many times."""
    found: dict[str, float] = {}
    for part, times in parts:
        for cause, cycles in part.items():
            found[cause] = found.get(cause, 0.0) + times * cycles
    return found


def path_parts(runs: Sequence[tuple[Sequence[Station], int]]) -> dict[str, float]:
    """Return by cause the cycles along the path that sets the time, of runs of so many chunks that take as long."""
    if len(runs) == 1 and runs[0][1] == 1:
        return summed((station.parts, 1) for station in runs[0][0])
    path = critical_path([([station.cycles for station in row], times) for row, times in runs])
    return summed((runs[run][0][stage].parts, times) for run, stage, times in path)


def all_work(runs: Iterable[tuple[Sequence[Station], int]]) -> Work:
    """Return the work of all stations."""
    counted = Counter[Station]()
    for row, times in runs:
        for station in row:
            counted[station] += times
    return tuple((sequence, times * count) for station, times in counted.items() for sequence, count in station.work)


def critical_path(runs: Sequence[tuple[Sequence[float], int]]) -> list[tuple[int, int, int]]:
    """Return (run, stage, times): what sums to the end of all, in order.

    A stage begins a chunk once it has done the one before and the stage before has done this one. Runs are of so many
    chunks that take as long: of a run the path passes the stages from the one where it enters to the one where it
    leaves once, and stays with all further chunks in the slowest of them.
    """
    stages = len(runs[0][0])
    upwards, ends, entered = _upwards(stages), np.full(stages, -np.inf), []
    ends[0] = 0.0
    for row, times in runs:
        cycles = np.array(row, dtype=float)
        up_to = np.cumsum(cycles)
        way = (ends - up_to + cycles)[:, None] + up_to
        if times > 1:
            way += (times - 1) * np.maximum.accumulate(np.where(upwards, cycles, 0.0), axis=1)
        way[~upwards] = -np.inf
        entered.append(way.argmax(axis=0))
        ends = way.max(axis=0)
    path, leaves = list[tuple[int, int, int]](), stages - 1
    for run in range(len(runs) - 1, -1, -1):
        row, times = runs[run]
        enters = int(entered[run][leaves])
        slow = max(range(enters, leaves + 1), key=lambda stage: row[stage])
        path += [(run, stage, times if stage == slow else 1) for stage in range(leaves, enters - 1, -1)]
        leaves = enters
    return path[::-1]


@cache
def _upwards(stages: int) -> NDArray[np.bool_]:
    """Return which stages, along the second axis, do not come before which, along the first."""
    return np.triu(np.ones((stages, stages), bool))


def merged(work: Work) -> tuple[OpCost, ...]:
    """Return the ops of all *work*, those of one name as one, in the order of their first."""
    by_name: dict[str, list[OpCost]] = {}
    for sequence, times in work:
        for op in sequence.ops:
            by_name.setdefault(op.name, []).append(op.times(times))
    return tuple(
        OpCost(name=name, kind=first.kind, cost=first.cost.then(*(other.cost for other in others)))
        for name, (first, *others) in by_name.items()
    )
