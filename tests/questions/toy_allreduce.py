"""A kind of question in one file: what does one all-reduce of a layer's gradients cost over n systems?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from wsesim.answer import Answer, FigureSpec, Level, NotAnswered, Outcome, Reason, Spent
from wsesim.graph import Graph
from wsesim.model import build_graph
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.numbers import files_of
from wsesim.workload import Default, Derived, ModelFile, Section

GRADIENT_BYTES = 2


class RingSection(Section):
    """How gradients travel."""

    pieces: Annotated[int, Field(ge=1, le=1000), Default("assumed: one piece a system")] = 1
    """Pieces that a system's share is cut into."""


class AllreduceFile(ModelFile):
    """A file that asks what an all-reduce costs."""

    phase: Literal["allreduce"]
    """What the machine does: sum a layer's gradients over systems."""
    ring: RingSection = RingSection()
    """How gradients travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allreduce:
    """What one all-reduce of a layer's gradients costs over n systems."""

    kind: ClassVar[str] = "allreduce"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = AllreduceFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (
        FigureSpec(name="allreduce_s", label="one all-reduce", meaning="of a layer's gradients", better="less"),
        FigureSpec(name="gradient_bytes", label="gradients", meaning="of a layer"),
    )
    usual: ClassVar[tuple[str, ...]] = ("allreduce_s",)
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "release-2"
    reads: ClassVar[Reads] = Reads(
        model=frozenset({"width", "ffn_width", "heads", "kv_heads", "head_width", "bias", "attention_bias"}),
        hardware=frozenset({"cluster.systems", "swarmx.link", "swarmx.hop"}),
    )
    kin: ClassVar[tuple[str, ...]] = ()
    supported: ClassVar[str] = "Nothing was measured."

    asked: Asked
    pieces: int

    @property
    def title(self) -> str:
        """What is asked."""
        return f"One all-reduce of a layer's gradients of {self.asked.shape.name}."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self.asked)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the positions of a model that does not say."""
        return 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Return defaults."""
        return {"verification.length": (8, "assumed: enough")}

    @classmethod
    def of(cls, asked: Asked) -> Allreduce:
        """Return the question of a checked file."""
        return cls(asked=asked, pieces=asked.resolved["ring"]["pieces"])

    def graph(self) -> Graph:
        """Return the model's graph."""
        return build_graph(self.asked.shape, sequences=1, length=1)

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        if level == "cores":
            return NotAnswered(why="no core takes part")
        graph, tree, systems = self.graph(), self.asked.hardware.cluster.swarmx, self.asked.hardware.cluster.systems
        layer = next(block for block in graph.blocks if block.name == "layer")
        size = GRADIENT_BYTES * sum(graph.elements(tensor) for tensor in layer.weights())
        steps = 2 * (systems - 1)
        moved_s = steps * size / systems / tree.link_bytes_per_s
        hops_s = steps * self.pieces * tree.hop_s if level == "system" else 0.0
        reasons = (Reason(figure="allreduce_s", cause="latency of hops", seconds=hops_s),) if level == "system" else ()
        return Answer(
            level=level, figures={"allreduce_s": moved_s + hops_s, "gradient_bytes": size},
            headline={"allreduce_s": f"over {systems} systems"},
            spent=Spent(total_s=moved_s + hops_s, by_cause={"gradients": moved_s, "hops": hops_s}), reasons=reasons,
        )  # fmt: skip
