"""How sums run where weights are resident: along the line of cores that an op's input lies on, in a tree of two levels.

    norm y | q, k, v y | scores x | softmax y | weighted sum y | project x | norm y | up y | down x

    o --> c <-- o   o --> c <-- o      in groups to their centres, then over the centres to that in the middle
          ------> C <------

Each core of a line has as many features as the fullest, the last ones fewer. Tokens pass one after the other on all
cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from wsesim.graph import Op
from wsesim.kernels.resident import CoreLine
from wsesim.mapping.resident import ResidentPlan
from wsesim.numerics.arrays import Array
from wsesim.numerics.mapped.lines import Lines, OnLines, macs, pieces
from wsesim.numerics.rounding import find_format
from wsesim.numerics.storage import EXACT, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLines(Lines):
    """The line of cores that an op's sums run along."""

    line: CoreLine
    half: bool = False
    """Whether a core adds up in fp16, and not in fp32."""
    other: CoreLine | None = None
    """The line of the other axis, if it has another length."""

    @property
    def crossed(self) -> ResidentLines:
        """Return the lines of the other axis."""
        return replace(self, line=self.other, other=self.line) if self.other else self

    def across(self, width: int) -> list[slice]:
        """Return the features of each core of the line that has any."""
        each = self.line.each(width)
        return pieces([min(width, core * each) for core in range(self.line.cores + 1)])

    def down(self, tokens: int) -> list[slice]:
        """Return all tokens: they pass one after the other."""
        return [slice(tokens)]

    def keys(self, heads: int, keys: int) -> list[slice]:
        """Return the keys of each core of the line."""
        return self.across(keys)

    def gathered(self, parts: Sequence[Array]) -> Array:
        """Return the sum as the tree has it, each core passing on what it has so far."""
        group = self.line.group
        centers = [self._to_center(parts[first : first + group]) for first in range(0, len(parts), group)]
        return self._to_center(centers)

    def _to_center(self, parts: Sequence[Array]) -> Array:
        """Return the sum of two chains, from both ends to the centre, which adds the first one first."""
        center = len(parts) // 2
        sides = (self._chain(side) for side in (parts[:center], parts[:center:-1]) if len(side))
        return self._chain([parts[center], *sides])

    def _chain(self, parts: Sequence[Array]) -> Array:
        first, *others = parts
        return reduce(lambda total, part: self.passed_on(total + part), others, self.passed_on(first))

    def product(self, x: Array, weight: Array) -> Array:
        """Return x @ weight, the parts of all cores added up in the tree."""
        return self.gathered([macs(x[:, own], weight[own], half=self.half) for own in self.across(len(weight))])

    def over_keys(self, probabilities: Array, value: Array) -> Array:
        """Return probabilities @ value: each core adds up over its keys, then the cores."""
        own = self.across(probabilities.shape[-1])
        parts = [macs(probabilities[..., part], value[..., part, :], half=self.half) for part in own]
        return self.gathered(parts)


def on_plan(plan: ResidentPlan, storage: Storage = EXACT) -> OnLines:
    """Return how a plan computes: each op on the rectangle of the first stage that has it, as tokens are written.

    What is kept in 16 bits is passed on in 16 bits; with fp16 a core adds up in it, too. A plan has no backward ops, so
    they are not mapped.
    """
    tables = [*plan.tables, *plan.stages]
    places = {
        "embed": next(stage for stage in tables if stage.embeds),
        "layer": next(stage for stage in plan.stages if stage.layers),
        "head": next(stage for stage in tables if stage.heads),
    }  # fmt: skip
    form, lines = find_format(storage.format, subnormals=storage.subnormals), dict[str, ResidentLines]()
    for block, place in places.items():
        where = plan.request.rectangle(place.columns, place.rows)
        for op in getattr(plan.request.laid, block):
            lines[op.name] = ResidentLines(
                line=where.line(op.along), other=where.across(op.along), partial_sums=form, softmax=form,
                half=storage.format == "fp16",
            )  # fmt: skip
    return OnLines(
        format=storage.format, subnormals=storage.subnormals, stochastic=storage.stochastic, seed=storage.seed,
        lines_of=lambda op: lines.get(_resident_name(op)),
    )  # fmt: skip


def _resident_name(op: Op) -> str:
    """Return what the op that stands in place of a loss is called."""
    return op.name.replace("loss", "choice")
