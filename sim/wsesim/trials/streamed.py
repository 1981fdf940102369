"""Kernels of weight streaming as trials: a few columns and rows, each core holding what it holds in the placement.

the placement                              the trial
+----+----+----+-- ... --+                 +----+----+----+      tokens of a core: the same
| 2f | 2f | 2f |         |  994 rows       | 2f | 2f | 2f |      features of a core: the same, but whole
| 248 tokens             |       --->      | 248 tokens   |      columns, rows: a few
+----+----+----+-- ... --+                 +----+----+----+      what passes (outputs of a layer, keys): a slice
        750 columns
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, prod

from wsesim.graph import BYTES_PER_ELEMENT, Block, Graph, Op, Tensor, linear_tensors, matrices
from wsesim.kernels import Cost, Region, attention, linear
from wsesim.kernels.elementwise import elementwise
from wsesim.ops import CoreProgram, Kernel, find
from wsesim.trials.trial import Trial

COLUMNS, ROWS = 8, 2
"""Of a trial. A row of eight has a core that starts a sum, cores that pass it on and one that keeps it; a row starts
sums that go down, the next one adds to them."""
WIDE = 16
"""Columns where what a core does with its own features comes on top: a share of one in so many, on a wafer in 750."""
ALIKE = 1
"""Rows of a trial where each does the same as the one above, a hop later."""
FEW, MANY = 4, 16
"""Passing features a column of a trial keeps at least, so that its start and end do not weigh too much; and at most, as
more of them only take longer."""
AT_ONCE = 1e9
"""Wavelets a cycle of links that hold nothing up."""

Closed = Callable[[Region, int, int, float], Cost]
"""(region, features kept by all columns, features that pass, share of weights that are not zero) -> closed form of the
system level; of the placement for all it holds, of a smaller region for what a trial does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """A kernel of the step that exists as a core program."""

    program: str
    options: Mapping[str, str] = field(default_factory=dict)
    tokens: int
    """Of a core."""
    kept: int
    """Features of a core, whole: of them it holds its share."""
    passed: int = 0
    """Features that pass one after the other, for each column; 0 where none do."""
    unit: int = 1
    """Features that stay together."""
    stands_on: int
    """Rows the trial needs to show what happens between them."""
    columns: int = COLUMNS
    """Of the trial."""
    region: Region
    """Of the placement."""
    cost: Closed
    whole: float
    """Longer by so much with whole features, by the closed form of the placement."""
    density: float = 1.0
    """Share of the weights that are not zero."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two kernels the same trial."""
        return (self.program, *self.options.items(), self.tokens, self.kept, self.passed, self.density)

    def trials(self) -> Iterator[Trial]:
        """Yield ever smaller trials: first less passes, then the cores hold less."""
        rows, tokens, kept, passed = self.stands_on, self.tokens, self.kept, min(self.passed, MANY)
        while True:
            yield self._trial(self.columns, rows, tokens, kept, passed)
            if passed > FEW:
                passed = max(FEW, passed - max(1, passed // 8))
            elif max(tokens, kept // self.unit) <= 1:
                return
            elif tokens >= kept:
                tokens = ceil(tokens / 2)
            else:
                kept = ceil(kept / (2 * self.unit)) * self.unit
                passed = min(passed, kept)

    def _nonzeros(self, kept: int) -> int:
        """Return the weights a core gets for an output."""
        return max(1, round(self.density * kept))

    def _trial(self, columns: int, rows: int, tokens: int, kept: int, passed: int) -> Trial:
        shape = (rows * tokens, columns * kept, *([columns * passed] if self.passed else []))
        region = part_of(self.region, columns, rows, tokens)
        held = [f"{tokens} of {self.tokens} tokens a core"] if tokens < self.tokens else []
        held += [f"{kept} of {self.kept} features a core"] if kept < self.kept else []
        options, density = self.options, self.density
        if density < 1:
            nonzeros = self._nonzeros(kept)
            options, density = {**options, "nonzeros": str(nonzeros), "zeros": "any"}, nonzeros / kept
        closed, free, products = (
            self.cost(where, columns * kept, columns * passed, density)
            for where in (region, _without_starts(region), _without_starts(_without_links(region)))
        )
        axpys, fed = (cost.overlapped.get("fmac", 0.0) for cost in (products, free))
        adding = free.serial.get("reduction", 0.0)
        return Trial(
            program=self.program, grid=(columns, rows), shape=shape, options=options, closed_cycles=closed.cycles,
            launches_cycles=closed.cycles - free.cycles, sums_cycles=fed - axpys + adding,
            products_cycles=min(closed.cycles, max(axpys, free.overlapped.get("broadcast", 0.0))), note=", ".join(held),
        )  # fmt: skip


def _without_starts(region: Region) -> Region:
    return replace(region, software=replace(region.software, weight_launch_cycles=0))


def _without_links(region: Region) -> Region:
    """Return *region* with links that hold nothing up."""
    wafer = region.cluster.wafer
    wafer = replace(wafer, fabric=replace(wafer.fabric, link_wavelets_per_cycle=AT_ONCE))
    return replace(region, cluster=replace(region.cluster, wafer=wafer))


def part_of(region: Region, columns: int, rows: int, tokens: int) -> Region:
    """Return a rectangle cut out of *region* whose cores hold *tokens* each, of one sequence.

    Links have no gaps there: simulated cores make none against heat, so what silicon adds is not for them to judge.
    """
    wafer = replace(region.cluster.wafer.as_designed(), columns=columns, rows=rows)
    cluster = replace(region.cluster, wafer=wafer)
    return replace(region, cluster=cluster, sequences=1, length=rows * tokens)


def unheld(cost: Cost) -> float:
    """Return the cycles of a kernel that the wafer's edge does not hold up: trials are fed at every column."""
    return cost.cycles - (cost.parts().get("injection", 0.0) if cost.bound == "injection" else 0.0)


def streamed(graph: Graph, block: Block, op: Op, region: Region) -> Streamed | None:
    """Return *op* as a kernel for trials; None if no core program does what it does."""
    kind = find(op.kind)
    case = _CASES.get(kind.work.name) if isinstance(kind.work, Kernel) else _elementwise
    return case(graph, block, op, region, kind.program) if case and isinstance(kind.program, CoreProgram) else None


def _linear(graph: Graph, block: Block, op: Op, region: Region, program: CoreProgram) -> Streamed | None:
    """Return a layer; of experts the trial is one, with its share of the tokens."""
    activation, weight = (block.tensors[name] for name in linear_tensors(op))
    first, second = (graph.dims[axis] for axis in weight.axes[-2:])
    inputs, outputs = (second, first) if op.attrs.get("transposed") else (first, second)
    share, experts = _share(graph, activation), matrices(graph, weight)
    density, options = graph.nonzeros(weight) / graph.elements(weight), {"precision": _summed(region.precision)}
    if op.kind.endswith("grad_weight"):
        cost = linear.grad_weight
        kept, passed = max(inputs, outputs), min(inputs, outputs)
    else:
        cost = linear.forward
        kept, passed = (outputs, inputs) if op.kind.endswith("grad_input") else (inputs, outputs)
    if density < 1 and cost is linear.grad_weight:
        return None  # which has no gradient of only those weights that are not zero

    def closed(where: Region, kept: int, passed: int, density: float) -> Cost:
        placed = where is region
        return cost(
            where, inputs=kept, outputs=passed, positions=share if placed else 1.0, density=density,
            matrices=experts if placed else 1,
        )  # fmt: skip

    if cost is linear.grad_weight:
        case = _case(program, options, region, kept, passed, closed, share / experts, rows=ROWS, density=density)
        return replace(case, columns=WIDE)
    options |= _start(region)
    return _case(program, options, region, kept, passed, closed, share / experts, rows=ALIKE, density=density)


def _scores(graph: Graph, block: Block, op: Op, region: Region, program: CoreProgram) -> Streamed:
    """Keys pass like the weights of a layer, with sums in single precision; a slice of them is as good as all."""

    def cost(where: Region, kept: int, passed: int, density: float) -> Cost:
        keys = with_keys(where, passed) if where is not region else where
        return attention.product(keys, width=kept)

    width, keys = graph.dims["attention"], FEW * region.columns
    return _case(program, _start(region), region, width, keys, cost, 1.0, rows=ALIKE)


def _start(region: Region) -> Mapping[str, str]:
    """Return as an option how a weight starts on the machine, in whole cycles: the same for cores and closed form."""
    return {"start": str(max(1, round(region.software.weight_launch_cycles)))}


def _softmax(graph: Graph, block: Block, op: Op, region: Region, program: CoreProgram) -> Streamed:
    """The scores of a query with all keys of all heads divide over the columns; a trial has those of one head.

    So do what comes back to them.
    """
    heads, form = graph.dims["heads"], attention.softmax if op.kind == "softmax" else attention.softmax_backward

    def cost(where: Region, kept: int, passed: int, density: float) -> Cost:
        return form(where, heads=heads) if where is region else form(with_keys(where, kept), heads=1)

    case = _case(program, {}, region, heads * region.length, 0, cost, 1.0, rows=1)
    return replace(case, whole=case.kept * region.columns / (heads * region.length))


def with_keys(region: Region, keys: int) -> Region:
    """Return *region* with as many tokens on a core, each of which looks at *keys*."""
    wafer = replace(region.cluster.wafer, rows=keys)
    return replace(
        region, cluster=replace(region.cluster, wafer=wafer), sequences=region.tokens_per_core, length=keys
    )  # fmt: skip


def _summed(precision: str) -> str:
    """Return what core programs call it: 16 bits summed in 32 are one to them, whatever the bits mean."""
    return precision if precision in ("fp16", "fp32") else "mixed"


def _elementwise(graph: Graph, block: Block, op: Op, region: Region, program: CoreProgram) -> Streamed:
    stream = block.tensors[op.inputs[0]]
    share = _share(graph, stream)
    options = {} if region.precision == "fp32" else {"precision": "mixed"}

    def cost(where: Region, kept: int, passed: int, density: float) -> Cost:
        return elementwise(
            where, op.kind, width=kept, positions=_of(where, region, share),
            bytes_each=BYTES_PER_ELEMENT[stream.dtype],
        )  # fmt: skip

    return _case(program, options, region, graph.dims[stream.axes[-1]], 0, cost, share, rows=1)


_CASES: Mapping[str, Callable[[Graph, Block, Op, Region, CoreProgram], Streamed | None]] = {
    "linear": _linear, "linear_grad_input": _linear, "linear_grad_weight": _linear, "attention_product": _scores,
    "softmax": _softmax, "softmax_backward": _softmax,
}  # fmt: skip
"""By the kernel that an op states; what states a recipe alone is elementwise."""


def _case(
    program: CoreProgram, options: Mapping[str, str], region: Region, kept: int, passed: int, cost: Closed,
    share: float, *, rows: int, density: float = 1.0,
) -> Streamed:  # fmt: skip
    """Return the kernel with what a core of *region* holds; `kept` and `passed` are those of all columns."""
    unit = program.unit
    each = ceil(kept / (unit * region.columns)) * unit
    whole = unheld(cost(region, each * region.columns, passed, density)) / unheld(cost(region, kept, passed, density))
    return Streamed(
        program=program.name, options={**program.options, **options}, kept=each,
        tokens=max(1, ceil(region.tokens_per_core * share)), passed=ceil(passed / region.columns), unit=unit,
        stands_on=rows, region=region, cost=cost, whole=whole, density=density,
    )  # fmt: skip


def _share(graph: Graph, stream: Tensor) -> float:
    """Return how many places an activation has for each token: fewer where a head looks at masked positions only."""
    places = prod(graph.dims[axis] for axis in stream.axes[:-1]) * stream.room
    return places / (graph.dims["batch"] * graph.dims["length"])


def _of(where: Region, placement: Region, share: float) -> float:
    """A trial's tokens are all those that take part."""
    return share if where is placement else 1.0
