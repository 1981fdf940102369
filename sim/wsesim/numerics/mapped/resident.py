"""How sums run where weights are resident: along the line of cores that an op's input lies on, in a tree of two levels.

    norm y | q, k, v y | scores x | softmax y | weighted sum y | project x | norm y | up y | down x

    o --> c <-- o   o --> c <-- o      in groups to their centres, then over the centres to that in the middle
          ------> C <------

Each core of a line has as many features as the fullest, the last ones fewer. Tokens pass one after the other on all
cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsesim.graph import Op
from wsesim.kernels.resident import CoreLine
from wsesim.mapping.resident import ResidentPlan
from wsesim.numerics.arrays import Array
from wsesim.numerics.mapped.lines import Lines, OnLines, macs, pieces, running


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLines(Lines):
    """The line of cores that an op's sums run along."""

    line: CoreLine

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
        """Return the sum as the tree has it."""
        group = self.line.group
        return _to_center([_to_center(parts[first : first + group]) for first in range(0, len(parts), group)])

    def product(self, x: Array, weight: Array) -> Array:
        """Return x @ weight, the parts of all cores added up in the tree."""
        return self.gathered([macs(x[:, own], weight[own]) for own in self.across(len(weight))])

    def over_keys(self, probabilities: Array, value: Array) -> Array:
        """Return probabilities @ value: each core adds up over its keys, then the cores."""
        own = self.across(probabilities.shape[-1])
        return self.gathered([macs(probabilities[..., part], value[..., part, :]) for part in own])


def _to_center(parts: Sequence[Array]) -> Array:
    """Return the sum of two chains, from both ends to the centre, which adds the first one first."""
    center = len(parts) // 2
    sides = (parts[:center], parts[:center:-1])
    return running([parts[center], *(running(side) for side in sides if len(side))])


def on_plan(plan: ResidentPlan) -> OnLines:
    """Return how a plan computes: each op on the rectangle of the first stage that has it, as tokens are written."""
    layers = next(stage for stage in plan.stages if stage.layers)
    tables = [*plan.tables, *plan.stages]
    places = {
        "embed": next(stage for stage in tables if stage.embeds), "layer": layers,
        "head": next(stage for stage in tables if stage.heads),
    }  # fmt: skip
    lines = {}
    for block, place in places.items():
        where = plan.request.rectangle(place.columns, place.rows)
        for op in getattr(plan.request.laid, block):
            lines[op.name] = ResidentLines(line=where.line(op.along))
    return OnLines(format="fp32", lines_of=lambda op: lines[_resident_name(op)])


def _resident_name(op: Op) -> str:
    """Return what the op that stands in place of a loss is called."""
    return op.name.replace("loss", "choice")
