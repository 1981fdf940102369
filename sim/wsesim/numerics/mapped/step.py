"""A whole step as mapped: sequences shared over the wafers and cut into passes, gradients added in the machine's order.

wafer 0   pass 0 | pass 1         each pass of all wafers: gradients are added in the tree, node by node, then to
wafer 1   pass 0 | pass 1         those of the passes before, in the store, which updates the weights at last
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wsesim.graph import Graph
from wsesim.kernels import Region
from wsesim.mapping import Program, StepRequest, region_of, sizes_of
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.loss import LOSS_SCALE
from wsesim.numerics.mapped.lines import FP32, OnLines, StreamedLines
from wsesim.numerics.optimizer import AdamW
from wsesim.numerics.rounding import find_format
from wsesim.numerics.storage import EXACT, Storage
from wsesim.numerics.training import Key, NamedArrays, StepTaken, backward, forward, label_counts, update

Gradients = dict[Key, Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedStep:
    """A step as the mapping laid it, to be computed."""

    request: StepRequest
    program: Program
    storage: Storage = EXACT
    """How tensors are kept between ops."""
    level: int = 1
    """The vendor's `precision_opt_level`."""

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """Sequences of each pass of each wafer."""
        return sizes_of(self.request, self.program.placement.passes)

    def region(self, sequences: int) -> Region:
        """Return the cores of a pass of so many sequences."""
        return region_of(self.request, sequences)

    def on_lines(self, sequences: int) -> OnLines:
        """Return how a pass of so many sequences is computed and kept.

        From level 1 on partial sums of linear layers pass in the format of what is kept, if the mapping sends them in
        fewer bytes than fp32 has; at level 2 softmax computes in it.
        """
        kept, region = self.storage, self.region(sequences)
        narrow = self.level >= 1 and region.software.partial_sum_bytes < FP32.bytes
        form = find_format(kept.format, subnormals=kept.subnormals)  # to the nearest: where values are kept is told
        lines = StreamedLines(
            region=region, partial_sums=form if narrow else FP32, softmax=form if self.level >= 2 else FP32
        )  # fmt: skip
        return OnLines(
            format=kept.format, subnormals=kept.subnormals, stochastic=kept.stochastic, seed=kept.seed,
            lines_of=lambda op: lines,
        )  # fmt: skip

    def gradients(
        self, graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Ids], *, loss_scale: float = 1.0
    ) -> tuple[dict[str, float], Gradients]:
        """Return losses and gradients of a batch; *graph* is that of any batch size.

        Raises:
            InputError, SpecError: as `forward`.
        """
        scalars = {**label_counts(graph, [tokens]), LOSS_SCALE: loss_scale}
        losses: dict[str, float] = {}
        total: Gradients = {}
        for parts in self._passes(tokens):
            of_wafers = []
            for part in parts:
                size = len(next(iter(part.values())))
                small, kept = graph.with_dims(batch=size), self.on_lines(size)
                run = forward(
                    small, arrays, part, scalars=scalars, recompute=bool(self.program.placement.recompute), storage=kept
                )  # fmt: skip
                losses = {name: losses.get(name, 0.0) + loss for name, loss in run.losses.items()}
                of_wafers.append(backward(small, arrays, run))
            total = _sum([*([total] if total else []), through_tree(of_wafers, self.request.cluster.swarmx.fan_in)])
        return losses, total

    def step(
        self, graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Ids], optimizer: AdamW, number: int,
        *, loss_scale: float = 1.0,
    ) -> StepTaken:  # fmt: skip
        """Take step *number* (from 1) on a batch, as `numerics.step` does on one computer."""
        losses, gradients = self.gradients(graph, arrays, tokens, loss_scale=loss_scale)
        norm = update(graph, arrays, gradients, optimizer, number, loss_scale=loss_scale)
        return StepTaken(losses=losses, norm=norm, learning_rate=optimizer.schedule.rate(number))

    def _passes(self, tokens: Mapping[str, Ids]) -> Iterator[list[dict[str, Ids]]]:
        """Yield of each pass the tokens of every wafer that has any: a wafer's sequences stand in a row."""
        parts, first = list[list[dict[str, Ids]]](), 0
        for sizes in self.sizes:
            parts.append([])
            for size in sizes:
                parts[-1].append({name: array[first : first + size] for name, array in tokens.items()})
                first += size
        for number in range(max(map(len, parts))):
            yield [of_wafer[number] for of_wafer in parts if number < len(of_wafer)]


def through_tree(of_wafers: Sequence[Gradients], fan_in: int) -> Gradients:
    """Return the sum of the wafers' gradients: each node adds up its children in order, then the nodes above."""
    level = list(of_wafers)
    while len(level) > 1:
        level = [_sum(level[at : at + fan_in]) for at in range(0, len(level), fan_in)]
    return level[0]


def _sum(terms: Sequence[Gradients]) -> Gradients:
    first, *others = terms
    total = dict(first)
    for other in others:
        for key, gradient in other.items():
            total[key] = total[key] + gradient
    return total
