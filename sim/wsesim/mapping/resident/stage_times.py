"""What a layer takes on many rectangles at once, and the way to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import added
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, handover
from wsesim.kernels.resident_many import ChunkSteps, Rectangles, TokenSteps
from wsesim.kernels.resident_model import ResidentOp
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost
from wsesim.mapping.resident.memory import work_bytes
from wsesim.mapping.resident.options import StageOptions
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.model import ModelSpec

UNEVEN = 0.8
"""Of what fewer tokens take, what more take at least: vectors may fit words of memory worse if they are shorter."""
FEW_TOKENS = (1, 8, 64)
"""Tokens that pass together for which all placements are costed: more take no less."""
PRODUCTS = ("compute", "launch")
"""Causes that products have, or not, as is faster for so many tokens."""
Step = TokenStep | ChunkStep
Cycles = NDArray[np.float64]


def rectangles(request: ResidentRequest, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> Rectangles:
    """Return rectangles of the request's wafer."""
    return Rectangles(wafer=request.wafer, columns=columns, rows=rows, software=request.software)


Causes = list[tuple[int, Mapping[str, Any]]]
"""Cycles by cause of each kind of op of a block, and how many ops are of that kind."""


def block_causes(ops: tuple[ResidentOp, ...], where: Rectangle, step: Step) -> Causes:
    """Return the cycles by cause of the ops of a block on each rectangle."""
    alike = Counter(op.form for op in ops)
    return [(alike[form], resident_cost(op, where, step).serial) for form, op in {op.form: op for op in ops}.items()]


def cycles_of(causes: Causes, *, but: tuple[str, ...] = ()) -> Any:
    """Return the cycles of all ops; without those of some causes, if they are named."""
    return added(times * added(cycles for cause, cycles in cost.items() if cause not in but) for times, cost in causes)


def block_cycles(ops: tuple[ResidentOp, ...], where: Rectangle, step: Step) -> Any:
    """Return the cycles of the ops of a block on each rectangle."""
    return cycles_of(block_causes(ops, where, step))


def onward_cycles(where: Rectangle, model: ModelSpec, tokens: Any) -> Any:
    """Return the cycles of so many tokens on their way to the next rectangle."""
    return handover(where, values=tokens * where.y.each(model.width)).cycles


def next_wafer_cycles(request: ResidentRequest, tokens: Any) -> Any:
    """Return the cycles of so many tokens on their way to another wafer, over the hosts' network."""
    wafer, host = request.cluster.wafer, request.cluster.host
    size_bytes = VALUE_BYTES * tokens * request.model.width
    return (host.latency_s + size_bytes / wafer.io_bytes_per_s) * wafer.core.clock_hz


def _at_once(steps: Sequence[Step]) -> Step:
    """Return steps of one kind as one."""
    tokens = [step for step in steps if isinstance(step, TokenStep)]
    return TokenSteps.of(tokens) if tokens else ChunkSteps.of([step for step in steps if isinstance(step, ChunkStep)])


class StageTimes:
    """Cycles of a layer on rectangles of some sizes; each step is costed once."""

    def __init__(self, request: ResidentRequest, options: StageOptions) -> None:
        """Cost the sizes of *options*."""
        sizes, first = np.unique(options.size, return_index=True)
        self.request, self.where = request, rectangles(request, options.columns[first], options.rows[first])
        self.place = np.zeros(int(sizes.max(initial=0)) + 1, np.int64)
        """Where the cycles of each size stand."""
        self.place[sizes] = np.arange(len(sizes))
        self._layers: dict[Step, tuple[Cycles, ...]] = {}
        """By kind of layer."""
        self._onward: dict[Step, Cycles] = {}
        self._work: dict[tuple[int, bool], NDArray[np.int64]] = {}
        self._few: dict[bool, list[Cycles]] = {}

    def cost(self, steps: Iterable[Step]) -> None:
        """Cost steps that a layer is asked for later, all of a kind at once."""
        new = [step for step in dict.fromkeys(steps) if step not in self._layers]
        for kind in (TokenStep, ChunkStep):
            if alike := [step for step in new if isinstance(step, kind)]:
                of_kinds = zip(*(tables[0] for tables in self._tables(alike, ())), strict=True)
                self._layers.update(zip(alike, of_kinds, strict=True))

    def layers(self, step: Step, options: StageOptions, counts: Sequence[Any]) -> Cycles:
        """Return what so many layers of each kind take in each of *options*."""
        found: Cycles = added(count * kind for count, kind in zip(counts, self.kinds(step, options), strict=True))
        return found

    def kinds(self, step: Step, options: StageOptions) -> tuple[Cycles, ...]:
        """Return what a layer of each kind takes in each of *options*."""
        self.cost([step])
        at = self.place[options.size]
        return tuple(kind[at] for kind in self._layers[step])

    def work_bytes(self, tokens: int, *, shifts: bool) -> NDArray[np.int64]:
        """Return what a core needs for *tokens* at work."""
        if (tokens, shifts) not in self._work:
            needed = work_bytes(self.request, self.where.columns, self.where.rows, tokens, shifts=shifts)
            self._work[tokens, shifts] = needed
        return self._work[tokens, shifts]

    def onward(self, step: Step) -> Cycles:
        """Return what the way to the next stage takes."""
        if step not in self._onward:
            tokens = step.batch if isinstance(step, TokenStep) else self.where.y.each(step.tokens)
            self._onward[step] = onward_cycles(self.where, self.request.model, tokens)
        return self._onward[step]

    def roughly(self, tokens: int, *, shifts: bool) -> Cycles:
        """Return what a layer takes at least for *tokens* that pass together, from what it takes for fewer.

        They take no less; nor do their sums and vectors, with products at the rate that cores can multiply at.
        """
        if shifts not in self._few:
            steps = [
                ChunkStep(tokens=few, block=few) if shifts else TokenStep(positions=1, batch=few) for few in FEW_TOKENS
            ]
            of_kinds = self._tables(steps, (), PRODUCTS)
            self._few[shifts] = [np.minimum.reduce(tables) for tables in zip(*of_kinds, strict=True)]
        few = sum(number <= tokens for number in FEW_TOKENS) - 1
        layer, without = (found[few] for found in self._few[shifts])
        found: Cycles = np.maximum(UNEVEN * layer, without + tokens * self._product())
        return found

    def _tables(self, steps: Sequence[Step], *but: tuple[str, ...]) -> list[list[Cycles]]:
        """Return by kind of layer the cycles of steps of one kind, each a row of all sizes: a table without each of
        some causes."""
        laid, shape, found = self.request.laid, (len(steps), len(self.where.columns)), list[list[Cycles]]()
        for kind in laid.kinds:
            causes = block_causes(getattr(laid, kind.block), self.where, _at_once(steps).within(kind.window))
            found.append([np.broadcast_to(cycles_of(causes, but=some), shape) for some in but])
        return found

    def _product(self) -> Cycles:
        """Return the cycles in which the cores could multiply a token with a layer's weights, at least."""
        laid = self.request.laid
        macs = min(
            sum(op.inputs * op.parts[0] * (op.experts.chosen if op.experts else 1)
                for op in getattr(laid, kind.block) if op.inputs)
            for kind in laid.kinds
        )  # fmt: skip
        cycles: Cycles = macs / (self.where.columns * self.where.rows) / self.where.wafer.core.fmac_fp16_per_cycle
        return cycles
