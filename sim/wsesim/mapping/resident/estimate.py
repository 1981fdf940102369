"""About how long a placement takes for a goal, from one layer on one rectangle: which placements to time in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

from wsesim.answer import MemoryUse
from wsesim.kernels.resident import Rectangle, handover
from wsesim.kernels.resident_graph import ResidentModel
from wsesim.kernels.resident_ops import ChunkStep, TokenStep
from wsesim.mapping.resident.cuts import WaferCut
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.memory import fullest, needs_bytes
from wsesim.mapping.resident.plan import Step, ops_cost
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage

Shape = tuple[int, int, int]
"""Columns, rows and layers of a stage."""
CUT_CHUNKS, CUT_GROUPS = 4, (2, 8, 32)
"""Parts of a prompt that pass as one chunk, and tokens that pass side by side, with which cuts are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWay:
    """How a prompt passes."""

    shifts: bool
    """Whether weights move for it (MeshGEMM), the program that is published, WaferLLM's; else tokens pass side by side
    like those of a batch, assumed: programs for decoding can do it, and need no second tile of weights."""
    tokens: int
    """That pass together."""
    memory: tuple[MemoryUse, ...]
    """Of the fullest core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A goal's cycles, estimated."""

    request: ResidentRequest
    goal: PlanGoal

    def cut(self, cut: WaferCut, layers: Sequence[int]) -> float:
        """Return about what the goal takes on rectangles of a cut that have so many *layers* each."""
        written = self.writing(Counter((cut.columns, cut.rows, here) for here in layers))
        return written + self._quickest(cut.columns, cut.rows, max(layers), len(layers))

    def table(self, table: PipelineStage) -> float:
        """Return the cycles of a token in a region that has tables alone."""
        where, step = self.request.rectangle(table.columns, table.rows), TokenStep(positions=1)
        blocks = ["embed"] * table.embeds + ["head"] * table.heads
        return fsum(ops_cost(self.request.laid, block, where, step).cycles for block in blocks)

    def _quickest(self, columns: int, rows: int, layers: int, count: int) -> float:
        """Return about what reading takes in the best of a few ways, whatever there is memory for."""
        prompt = self.goal.prompt
        if not prompt:
            return 0.0
        ways = [(True, prompt)]
        if self.request.model.causal:
            ways = [(True, -(-prompt // CUT_CHUNKS)), *((False, min(prompt, tokens)) for tokens in CUT_GROUPS)]
        return min(self.reading(columns, rows, layers, count, *way) for way in ways)

    def writing(self, stages: Mapping[Shape, int]) -> float:
        """Return about the cycles of a goal's tokens on *stages* of so many columns, rows and layers."""
        goal, count = self.goal, sum(stages.values())
        if not goal.passes:
            return 0.0
        if goal.streams:
            group = max(1, self.request.batch // count)
            return goal.passes * max(self._stage(*shape, self._token(group)) for shape in stages) / group
        beside = 2 ** (-(-goal.batch // count) - 1).bit_length()
        sizes = {1, min(goal.batch, beside), goal.batch}
        return goal.passes * min(self._pass(stages, size, -(-goal.batch // size)) for size in sizes)

    def _pass(self, stages: Mapping[Shape, int], size: int, groups: int) -> float:
        """Return the cycles of a token of all sequences: of one group through all stages, or of all in the slowest."""
        cycles = {shape: self._stage(*shape, self._token(size)) for shape in stages}
        return max(fsum(number * cycles[shape] for shape, number in stages.items()), groups * max(cycles.values()))

    def reading(self, columns: int, rows: int, layers: int, count: int, shifts: bool, tokens: int) -> float:
        """Return about the cycles of a goal's prompts, all tokens as in the middle of one."""
        prompt = self.goal.prompt
        if not prompt:
            return 0.0
        tokens = min(tokens, prompt)
        middle = max(tokens, prompt // 2)
        step: Step = TokenStep(positions=middle, batch=tokens)
        if shifts:
            step = ChunkStep(tokens=tokens, start=middle - tokens, block=tokens)
        passes = self.goal.prompts * -(-(prompt - self.goal.reused) // tokens) + count - 1
        return passes * self._stage(columns, rows, layers, step)

    def bound(self, stages: tuple[PipelineStage, ...]) -> float:
        """Return about what the goal takes on *stages*, read in the best of a few ways."""
        at = _slowest(stages)
        return self.written(stages) + self._quickest(at.columns, at.rows, at.layers, len(stages))

    def read(self, stages: tuple[PipelineStage, ...], way: ReadingWay) -> float:
        """Return about what a goal's prompts take."""
        at = _slowest(stages)
        return self.reading(at.columns, at.rows, at.layers, len(stages), way.shifts, way.tokens)

    def written(self, stages: tuple[PipelineStage, ...]) -> float:
        """Return about what a goal's tokens take."""
        return self.writing(Counter((stage.columns, stage.rows, stage.layers) for stage in stages))

    def _token(self, batch: int) -> TokenStep:
        return TokenStep(positions=self.goal.position, batch=batch)

    def _stage(self, columns: int, rows: int, layers: int, step: Step) -> float:
        return _stage_cycles(self.request.laid, self.request.rectangle(columns, rows), layers, step)


@lru_cache(maxsize=16384)
def _stage_cycles(laid: ResidentModel, where: Rectangle, layers: int, step: Step) -> float:
    """Return the cycles of a rectangle with its layers, and of the way to the next."""
    tokens = step.batch if isinstance(step, TokenStep) else where.y.each(step.tokens)
    onward = handover(where, values=tokens * where.y.each(laid.model.width))
    return layers * ops_cost(laid, "layer", where, step).cycles + onward.cycles


def _slowest(stages: tuple[PipelineStage, ...]) -> PipelineStage:
    return max(stages, key=lambda stage: stage.layers / stage.cores)


def ways_to_read(request: ResidentRequest, stages: tuple[PipelineStage, ...], prompt: int) -> Iterator[ReadingWay]:
    """Yield the ways in which a prompt can pass that there is memory for."""
    most = min(request.chunk or prompt, prompt)
    doubled = (2**power for power in range(most.bit_length())) if request.model.causal else ()
    for shifts, sizes in ((True, chunks(request, prompt, 1)), (False, doubled)):
        for tokens in sizes:
            memory = fullest(request, stages, tokens=tokens, shifts=shifts)
            if needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes:
                yield ReadingWay(shifts=shifts, tokens=tokens, memory=memory)


def chunks(request: ResidentRequest, prompt: int, least: int) -> Iterator[int]:
    """Yield how many tokens of a prompt could pass together, most first, down to *least* or fewer.

    All of them do where every token sees all others.
    """
    if request.chunk is not None:
        yield request.chunk
        return
    if not request.model.causal:
        yield request.positions
        return
    chunk = prompt
    while chunk > least:
        yield chunk
        chunk = -(-chunk // 2)
    yield chunk
