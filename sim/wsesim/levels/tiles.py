"""Ops of a resident layer as trials whose cores hold the tile they hold in the placement.

sums along a line     a whole line of the placement runs: the other lines do the same
shifts of tiles       a smaller square: a step is the same, there are fewer
both (a token's       a smaller square, on which distance counts less than on the placement
attention)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from wsesim.cores import jit
from wsesim.kernels.resident import Axis, Rectangle, Work
from wsesim.kernels.resident_layer import LayerShape, decode_layer, head, prefill_layer
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.levels.trial import Trial
from wsesim.mapping.resident import Region, ResidentPlan
from wsesim.model import Model
from wsesim.ops import CoreProgram, find

SIDES, SIDES_UNCOMPILED = (24, 16, 8, 4), (4, 2)
"""Of squares to try; the first that is not too long to simulate runs."""
LINE = 4
"""Cores of a line where nothing travels along it."""
ATTENTION = ("scores", "softmax", "weighted sum")
"""Ops of a token that one core program does together."""
LOGITS = "logits"
"""Of the last token, of a prompt too."""
MIXED = {"precision": "mixed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """What a core of the placement holds when a token is written or a chunk of a prompt read."""

    where: Rectangle
    """Of a stage with layers, without the no-ops that silicon adds against heat: simulated cores do without them, so
    what they add is not for a trial to judge."""
    shape: LayerShape
    model: Model
    batch: int
    """Sequences of which a token is written."""
    positions: int
    """Cached, or keys of a block; as many tokens are read."""

    @classmethod
    def of_token(cls, plan: ResidentPlan, position: int, batch: int) -> Tile:
        """Return the tile when a token of each of *batch* sequences is written at *position*."""
        return cls(
            where=_rectangle(plan, plan.stages), shape=plan.request.shape, model=plan.request.model, batch=batch,
            positions=position,
        )  # fmt: skip

    @classmethod
    def of_prompt(cls, plan: ResidentPlan, tokens: int) -> Tile:
        """Return the tile when a prompt of *tokens* is read: a chunk, or a few tokens side by side halfway through."""
        beside = plan.together is not None
        return cls(
            where=_rectangle(plan, plan.prefill_stages), shape=plan.request.shape, model=plan.request.model,
            batch=min(plan.together or 1, tokens), positions=-(-tokens // 2) if beside else min(plan.chunk, tokens),
        )  # fmt: skip

    def token_cycles(self, where: Rectangle, batch: int) -> dict[str, float]:
        """Return the closed form of each op of a token."""
        works = (
            *decode_layer(where, self.shape, positions=self.positions, batch=batch),
            *head(where, width=self.model.width, vocab=self.model.vocab, batch=batch),
        )
        return {work.name: work.cycles for work in works}

    def prompt_cycles(self, where: Rectangle) -> dict[str, float]:
        """Return the closed form of each op of a prompt's chunk, attention's for one block."""
        groups = dict.fromkeys(ATTENTION, self.shape.query_groups)
        works = prefill_layer(where, self.shape, tokens=self.positions)
        return {work.name: work.cycles / groups.get(work.name, 1) for work in works}


def _rectangle(plan: ResidentPlan, regions: Iterable[Region]) -> Rectangle:
    stage = next(region for region in regions if region.layers)
    where = plan.request.rectangle(stage.columns, stage.rows)
    return replace(where, wafer=where.wafer.as_designed())


def token_trials(tile: Tile, name: str) -> Iterator[Trial]:
    """Yield ever smaller trials of an op of a written token; none where no core program does what it does."""
    where, shape = tile.where, tile.shape
    if name in (products := _products(tile)):
        yield from _matvec(tile, name, *products[name])
    elif name == ATTENTION[0]:
        features, positions = where.x.each(shape.attention_width), where.y.each(tile.positions)
        for side in SIDES if jit.COMPILED else SIDES_UNCOMPILED:
            small, sizes = replace(where, columns=side, rows=side), (side * features, side * positions)
            layer = replace(shape, attention_width=sizes[0], kv_width=min(sizes[0], shape.kv_width))
            works = decode_layer(small, layer, positions=sizes[1])
            yield Trial(
                program="attention-decode", grid=(side, side), shape=(1, *sizes), options=MIXED,
                note="one head over all columns",
                closed_cycles=sum(work.cycles for work in works if work.name in ATTENTION),
            )  # fmt: skip
    else:
        closed = tile.token_cycles(where, tile.batch)
        yield from _along_a_line(tile, name, closed, tokens=tile.batch, axis="y")


def prompt_trials(tile: Tile, name: str) -> Iterator[Trial]:
    """Yield ever smaller trials of an op of a prompt's chunk; none where no core program does what it does."""
    where, shape = tile.where, tile.shape
    attention = {"scores": (shape.kv_width, tile.positions), "weighted sum": (tile.positions, shape.kv_width)}
    products = {name: sizes for name, (*sizes, _) in _products(tile).items()} | attention
    rows = where.y.each(tile.positions)
    if name == LOGITS:
        yield from _matvec(tile, name, *_products(tile)[name])
    elif name in products:
        inputs, outputs = products[name]
        for side in SIDES if jit.COMPILED else SIDES_UNCOMPILED:
            m, k, n = side * rows, side * ceil(inputs / where.longer), side * where.x.each(outputs)
            small = replace(where, columns=side, rows=side)
            closed = mesh_gemm(small, name, m=m, k=k, n=n).cycles
            yield Trial(program="mesh-gemm", grid=(side, side), shape=(m, k, n), closed_cycles=closed)
    elif name == "softmax":
        closed = tile.prompt_cycles(where)[name]
        yield _line("softmax", {}, rows, where.x.cores, where.x.each(tile.positions), closed)
    else:
        yield from _along_a_line(tile, name, tile.prompt_cycles(where), tokens=rows, axis="x")


def _products(tile: Tile) -> dict[str, tuple[int, int, Axis]]:
    """Return inputs and outputs of the products with weights and what a token's sums run along, by the op's name."""
    shape = tile.shape
    return {
        "queries, keys, values": (shape.width, shape.qkv_width, "y"),
        "attention output": (shape.attention_width, shape.width, "x"),
        "up and gate": (shape.width, shape.up_width, "y"),
        "up": (shape.width, shape.up_width, "y"),
        "down": (shape.ffn_width, shape.width, "x"),
        LOGITS: (tile.model.width, tile.model.vocab, "y"),
    }


def _matvec(tile: Tile, name: str, inputs: int, outputs: int, axis: Axis) -> Iterator[Trial]:
    """Yield a line of cores with its part of the matrix; the program's lines are rows."""
    line, across = tile.where.line(axis), tile.where.across(axis)
    yield Trial(
        program="gemv", grid=(line.cores, 1), shape=(inputs, across.each(outputs)),
        options={"precision": "fp16", "group": str(line.group)}, closed_cycles=tile.token_cycles(tile.where, 1)[name],
        note="" if tile.batch == 1 else f"one of {tile.batch} vectors",
    )  # fmt: skip


def _along_a_line(tile: Tile, name: str, closed: Mapping[str, float], *, tokens: int, axis: Axis) -> Iterator[Trial]:
    """Yield the trial of work on what a core holds, with sums along a line; the residual stream lies along *axis*."""
    shape, where = tile.shape, tile.where
    stream, line = where.line(axis).each(shape.width), where.line(axis).cores
    turned = where.x.each(shape.attention_width) + where.x.each(shape.kv_width)
    ops = {
        "norm": (shape.norm, line, stream),
        "residual": ("residual", LINE, stream),
        "rotary": ("rotary", LINE, turned),
        "activation": (shape.activation, LINE, where.x.each(shape.ffn_width)),
    }
    if name in ops and name in closed:
        kind, cores, each = ops[name]
        program = find(kind).program
        if isinstance(program, CoreProgram):
            each = ceil(each / program.unit) * program.unit
            yield _line(program.name, program.options, tokens, cores, each, closed[name])


def _line(program: str, options: Mapping[str, str], tokens: int, cores: int, each: int, closed: float) -> Trial:
    return Trial(
        program=program, grid=(cores, 1), shape=(tokens, cores * each), options={**options, **MIXED},
        closed_cycles=closed,
    )  # fmt: skip


def parts_of(works: Iterable[Work], *, joined: bool) -> dict[str, tuple[tuple[str, ...], float]]:
    """Return by op the names it stands for and its cycles; with *joined*, attention's ops are one."""
    found: dict[str, tuple[tuple[str, ...], float]] = {}
    for work in works:
        name = ATTENTION[0] if joined and work.name in ATTENTION else work.name
        names, cycles = found.get(name, ((), 0.0))
        found[name] = (tuple(dict.fromkeys((*names, work.name))), cycles + work.cycles)
    return found
