"""Ops of resident inference as trials whose cores hold the tile they hold in the placement.

sums along a line     a whole line of the placement runs: the other lines do the same
shifts of tiles       a smaller square: a step is the same, there are fewer
both (a token's       a smaller square, on which distance counts less than on the placement
attention)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, fsum

from wsesim.kernels.resident import Rectangle
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.kernels.resident_model import ResidentModel, ResidentOp
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost
from wsesim.mapping.resident import OpCost, PipelineStage, ResidentPlan
from wsesim.ops import CoreProgram, find
from wsesim.trials.trial import Trial

SIDES = (24, 16, 8, 4)
"""Of squares to try; the first that is not too long to simulate runs."""
LINE = 4
"""Cores of a line where nothing travels along it."""
ATTENTION = ("scores", "softmax", "weighted_sum")
"""Kinds of ops of a token that one core program does together."""
MIXED = {"precision": "mixed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentTile:
    """What a core of the placement holds when a token is written or a chunk of a prompt read."""

    where: Rectangle
    """Of a stage with layers, without the no-ops that silicon adds against heat: simulated cores do without them, so
    what they add is not for a trial to judge."""
    laid: ResidentModel
    step: TokenStep | ChunkStep

    @classmethod
    def of_token(cls, plan: ResidentPlan, position: int, batch: int) -> ResidentTile:
        """Return the tile when a token of each of *batch* sequences is written at *position*."""
        return _tile(plan, plan.stages, TokenStep(positions=position, batch=batch))

    @classmethod
    def of_prompt(cls, plan: ResidentPlan, tokens: int) -> ResidentTile:
        """Return the tile when a prompt of *tokens* is read: a chunk, or a few tokens side by side halfway through."""
        if plan.together is not None:
            step = TokenStep(positions=-(-tokens // 2), batch=min(plan.together, tokens))
            return _tile(plan, plan.prefill_stages, step)
        chunk = min(plan.chunk, tokens)
        return _tile(plan, plan.prefill_stages, ChunkStep(tokens=chunk, block=chunk))

    def op(self, name: str) -> ResidentOp | None:
        """Return the op of that name; None for what is no op of the graph, such as the way to the next stage."""
        ops = (*self.laid.embed, *self.laid.layer, *self.laid.head)
        return next((op for op in ops if op.name == name), None)

    def trial_of(self, name: str) -> str:
        """Return the op whose trial stands for the op *name*: the first that shares its product or its program."""
        for before, op in zip((None, *self.laid.layer), self.laid.layer, strict=False):
            if op.name != name:
                continue
            if isinstance(self.step, TokenStep) and op.kind in ATTENTION:
                return next(each.name for each in self.laid.layer if each.kind == ATTENTION[0])
            if before is not None and before.joined and before.joined == op.joined and op.share < 1:
                return before.name
        return name


def _tile(plan: ResidentPlan, stages: Iterable[PipelineStage], step: TokenStep | ChunkStep) -> ResidentTile:
    stage = next(stage for stage in stages if stage.layers)
    where = plan.request.rectangle(stage.columns, stage.rows)
    laid = plan.request.laid
    step = step.within(laid.kinds[0].window)
    return ResidentTile(where=replace(where, wafer=where.wafer.as_designed()), laid=laid, step=step)


def resident_trials(tile: ResidentTile, name: str) -> Iterator[Trial]:
    """Yield ever smaller trials of an op; none where no core program does what it does."""
    op = tile.op(name)
    if op is None:
        return
    if op in tile.laid.head:  # one token looks for its successor, in prompts too
        tile = replace(tile, step=TokenStep(positions=1))
    if isinstance(tile.step, TokenStep):
        yield from _written(tile, op, tile.step)
    else:
        yield from _read(tile, op, tile.step)


def _written(tile: ResidentTile, op: ResidentOp, step: TokenStep) -> Iterator[Trial]:
    if op.inputs:
        yield _matvec(tile, op, step)
    elif op.kind == ATTENTION[0]:
        yield from _attention(tile, op, step)
    elif not op.of_scores and op.kind not in ATTENTION:
        yield from _along_a_line(tile, op, step.batch)


def _read(tile: ResidentTile, op: ResidentOp, step: ChunkStep) -> Iterator[Trial]:
    rows, where = tile.where.y.each(step.tokens), tile.where
    if op.kernel == "matvec":
        inputs, outputs = (op.inputs, op.joined) if op.inputs else (op.keys, step.block)
        if op.kind == "weighted_sum":
            inputs, outputs = step.block, op.keys
        for side in SIDES:
            m, k, n = side * rows, side * ceil(inputs / where.longer), side * where.x.each(outputs)
            closed = mesh_gemm(replace(where, columns=side, rows=side), m=m, k=k, n=n).cycles
            yield Trial(program="mesh-gemm", grid=(side, side), shape=(m, k, n), closed_cycles=closed)
    elif op.of_scores and op.kind != "softmax":
        return
    elif op.kind == "softmax":
        closed = resident_cost(op, where, step).cycles / op.query_groups
        yield _line("softmax", {}, rows, where.x.cores, where.x.each(step.block), closed)
    else:
        yield from _along_a_line(tile, op, rows)


def _matvec(tile: ResidentTile, op: ResidentOp, step: TokenStep) -> Trial:
    """Return a line of cores with its part of the matrix; the program's lines are rows."""
    line, across = tile.where.line(op.along), tile.where.across(op.along)
    product = replace(op, biased=False, experts=None, copies=1, packing=None)
    closed = resident_cost(product, tile.where, replace(step, batch=1)).cycles / op.share
    return Trial(
        program="gemv", grid=(line.cores, 1), shape=(op.inputs, across.each(op.joined)),
        options={"precision": "fp16", "group": str(line.group)}, closed_cycles=closed,
        note="" if step.batch == 1 else f"one of {step.batch} vectors",
    )  # fmt: skip


def _attention(tile: ResidentTile, scores: ResidentOp, step: TokenStep) -> Iterator[Trial]:
    """Yield all of a token's attention on a square with as much in each core, as one head."""
    features, positions = tile.where.x.each(scores.queries), tile.where.y.each(step.positions)
    for side in SIDES:
        small, sizes = replace(tile.where, columns=side, rows=side), (side * features, side * positions)
        ops = [
            replace(op, queries=sizes[0], keys=min(sizes[0], op.keys)) for op in tile.laid.layer if op.kind in ATTENTION
        ]
        closed = fsum(resident_cost(op, small, TokenStep(positions=sizes[1])).cycles for op in ops)
        yield Trial(
            program="attention-decode", grid=(side, side), shape=(1, *sizes), options=MIXED,
            note="one head over all columns", closed_cycles=closed,
        )  # fmt: skip


def _along_a_line(tile: ResidentTile, op: ResidentOp, tokens: int) -> Iterator[Trial]:
    """Yield the trial of work on what a core holds, with sums along a line."""
    program = find(op.kind).program
    if not isinstance(program, CoreProgram) or op.experts is not None:
        return
    line = tile.where.line(op.along if isinstance(tile.step, TokenStep) else "x")
    each = sum(line.each(part) for part in op.parts)
    each = ceil(each / program.unit) * program.unit
    closed = resident_cost(op, tile.where, tile.step).cycles
    yield _line(program.name, program.options, tokens, line.cores if op.recipe.row_sums else LINE, each, closed)


def _line(program: str, options: Mapping[str, str], tokens: int, cores: int, each: int, closed: float) -> Trial:
    return Trial(
        program=program, grid=(cores, 1), shape=(tokens, cores * each), options={**options, **MIXED},
        closed_cycles=closed,
    )  # fmt: skip


def parts_of(tile: ResidentTile, ops: Iterable[OpCost]) -> dict[str, tuple[tuple[str, ...], float]]:
    """Return by the op that is tried the names it stands for, and their cycles."""
    found: dict[str, tuple[tuple[str, ...], float]] = {}
    for op in ops:
        name = tile.trial_of(op.name)
        names, cycles = found.get(name, ((), 0.0))
        found[name] = (tuple(dict.fromkeys((*names, op.name))), cycles + op.cycles)
    return found
