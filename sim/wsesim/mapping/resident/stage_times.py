"""What a layer takes on many rectangles at once, and the way to the next."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import added
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, handover
from wsesim.kernels.resident_graph import ResidentModel, ResidentOp
from wsesim.kernels.resident_many import Rectangles
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost
from wsesim.mapping.resident.options import StageOptions
from wsesim.mapping.resident.request import ResidentRequest

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
    return Rectangles(wafer=request.cluster.wafer, columns=columns, rows=rows, software=request.software)


def block_cycles(laid: ResidentModel, block: str, where: Rectangle, step: Step, *, but: tuple[str, ...] = ()) -> Any:
    """Return the cycles of the ops of a block on each rectangle; without those of some causes, if they are named."""
    ops: tuple[ResidentOp, ...] = getattr(laid, block)
    alike = Counter(op.form for op in ops)
    costs = ((alike[form], resident_cost(op, where, step).serial) for form, op in {op.form: op for op in ops}.items())
    return added(times * added(cycles for cause, cycles in cost.items() if cause not in but) for times, cost in costs)


def onward_cycles(where: Rectangle, request: ResidentRequest, tokens: Any) -> Any:
    """Return the cycles of so many tokens on their way to the next rectangle."""
    return handover(where, values=tokens * where.y.each(request.model.width)).cycles


def next_wafer_cycles(request: ResidentRequest, tokens: Any) -> Any:
    """Return the cycles of so many tokens on their way to another wafer, over the hosts' network."""
    wafer, host = request.cluster.wafer, request.cluster.host
    size_bytes = VALUE_BYTES * tokens * request.model.width
    return (host.latency_s + size_bytes / wafer.io_bytes_per_s) * wafer.core.clock_hz


class StageTimes:
    """Cycles of a layer on rectangles of some sizes; each step is costed once."""

    def __init__(self, request: ResidentRequest, options: StageOptions) -> None:
        """Cost the sizes of *options*."""
        sizes, first = np.unique(options.size, return_index=True)
        self.request, self.where = request, rectangles(request, options.columns[first], options.rows[first])
        self.place = np.zeros(int(sizes.max(initial=0)) + 1, np.int64)
        """Where the cycles of each size stand."""
        self.place[sizes] = np.arange(len(sizes))
        self._known: dict[tuple[Step, tuple[str, ...]], Cycles] = {}

    def layer(self, step: Step, *, but: tuple[str, ...] = ()) -> Cycles:
        """Return what a layer takes; without some causes, if they are named."""
        if (step, but) not in self._known:
            cycles = block_cycles(self.request.laid, "layer", self.where, step, but=but)
            self._known[step, but] = np.broadcast_to(cycles, self.where.columns.shape)
        return self._known[step, but]

    def onward(self, step: Step) -> Cycles:
        """Return what the way to the next stage takes."""
        tokens = step.batch if isinstance(step, TokenStep) else self.where.y.each(step.tokens)
        found: Cycles = onward_cycles(self.where, self.request, tokens)
        return found

    def roughly(self, tokens: int, *, shifts: bool) -> Cycles:
        """Return what a layer takes at least for *tokens* that pass together, from what it takes for fewer.

        They take no less; nor do their sums and vectors, with products at the rate that cores can multiply at.
        """
        few = max(number for number in FEW_TOKENS if number <= tokens)
        step: Step = ChunkStep(tokens=few, block=few) if shifts else TokenStep(positions=1, batch=few)
        return np.maximum(UNEVEN * self.layer(step), self.layer(step, but=PRODUCTS) + tokens * self._product())

    def _product(self) -> Cycles:
        """Return the cycles in which the cores could multiply a token with a layer's weights."""
        ops = [op for op in self.request.laid.layer if op.inputs]
        macs = sum(op.inputs * op.parts[0] * (op.experts.chosen if op.experts else 1) for op in ops)
        cycles: Cycles = macs / (self.where.columns * self.where.rows) / self.where.wafer.core.fmac_fp16_per_cycle
        return cycles
