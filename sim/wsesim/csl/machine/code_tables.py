"""The arrays of compiled code: steps, registers, descriptors, tasks, FIFOs, and what routers are told at run time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from wsesim.cores import codestate as code
from wsesim.cores import isa
from wsesim.cores.state import Array, zeros
from wsesim.csl.image import Image, TaskArgument, TaskKind, TileClass
from wsesim.csl.machine.laying import LaidTile
from wsesim.csl.machine.steps import EncodedSteps
from wsesim.csl.vectors import NOWHERE

THREADS = 9
TASKS = code.CONTROL_ENTRY + isa.CONTROL_TASKS
FIRST_RANDOM = 0xDEADBEEF
Numbers = npt.NDArray[np.int64]


def mask(bits: Iterable[int]) -> int:
    """Return numbers as the bits of a signed word."""
    found = 0
    for bit in bits:
        found |= 1 << bit
    return found - (1 << 64) if found >= 1 << 63 else found


def _task(row: Array, base: int, entry: int, arguments: Sequence[TaskArgument]) -> None:
    row["entry"], row["count"] = base + entry, len(arguments)
    for at, each in enumerate(arguments):
        row["registers"][at], row["types"][at], row["shifts"][at] = each.register, each.t, each.shift


def _tasks(laid: list[LaidTile], compiled: EncodedSteps) -> Array:
    table = zeros((len(laid), TASKS), code.TASK)
    table["entry"] = -1
    for row, each, base in zip(table, laid, compiled.bases, strict=True):
        for task in each.tile.tasks:
            first = code.CONTROL_ENTRY if task.kind == TaskKind.CONTROL else 0
            _task(row[first + task.id], base, task.entry, task.arguments)
        if not each.tile.separate_control_table:
            for task in each.tile.tasks:
                if task.kind != TaskKind.CONTROL and row[code.CONTROL_ENTRY + task.id]["entry"] < 0:
                    row[code.CONTROL_ENTRY + task.id] = row[task.id]
    return table


def code_state(
    image: Image, laid: list[LaidTile], class_of: Numbers, of: Numbers, compiled: EncodedSteps
) -> code.CodeState:  # fmt: skip
    """Return what cores have to run the code of a program; classes are those of roles and of cores."""
    cores, rows = len(of), max(1 << 14, 64 * len(of))
    frames = zeros((cores, max(0, 1, *(tile.registers for tile in image.classes))), "i8")
    for number, tile in enumerate(image.classes):
        usual = np.zeros(frames.shape[1], np.int64)
        for register, value in tile.first_values.items():
            usual[register] = np.uint64(value & (1 << 64) - 1).astype(np.int64)
        frames[of == number] = usual
    dsrs = zeros((cores, code.DSRS), code.DSR)
    dsrs["activate"], dsrs["unblock"], dsrs["thread"], dsrs["control_id"] = -1, -1, -1, -1
    for number, tile in enumerate(image.classes):
        _start_dsrs(dsrs, of == number, tile)
    cells = zeros(cores, code.CELL)
    cells["prng"], cells["streams"], cells["task_id"] = FIRST_RANDOM, 1, -1
    cells["suspended"] = np.array(
        [mask(c for c, s in each.tile.colors.items() if s.teardown) for each in laid], np.int64
    )[of]
    cells["urgent"] = np.array(
        [mask(t.id for t in each.tile.tasks if t.high_priority) for each in laid], np.int64
    )[of]  # fmt: skip
    return code.CodeState(
        steps=compiled.steps, cycles=zeros((2, len(compiled.steps)), "i8"),
        work=zeros(len(compiled.steps), code.WORK), runs=zeros(len(compiled.steps), code.RUN), frames=frames,
        vectors=compiled.vectors,
        dsrs=dsrs, jobs=zeros((cores, THREADS), code.JOB), tasks=_tasks(laid, compiled)[class_of],
        launches=zeros(len(class_of), code.TASK), values=zeros(code.ARGUMENTS, "i8"), cells=cells,
        fifos=zeros((cores, max(0, 1, *(len(tile.fifos) for tile in image.classes))), code.FIFO),
        fifo_kinds=_fifo_kinds(image)[class_of], shapes=_shapes(image)[class_of],
        out_colors=_bound(laid, image.arch)[class_of], routes=_routes(laid)[class_of],
        colors=_colors(laid)[class_of],
        meter=zeros(1, code.METER), collected=zeros(rows, code.NOTE), notes=zeros(rows, code.NOTE),
    )  # fmt: skip


def _start_dsrs(dsrs: Array, cores: npt.NDArray[np.bool_], tile: TileClass) -> None:
    values = tile.first_values
    for step in tile.start_dsrs:
        options = step.vector.options if step.vector else None
        for name, value in (
            ("value", values.get(step.a, 0)), ("is_async", bool(options and options.is_async)),
            ("save", bool(options and options.save_address)),
            ("activate", values.get(options.activate, 0) if options and options.activate != NOWHERE else -1),
            ("unblock", values.get(options.unblock, 0) if options and options.unblock != NOWHERE else -1),
            ("thread", values.get(options.thread, 0) if options and options.thread != NOWHERE else -1),
            ("on_control", options.on_control if options else 0),
            ("control_id", values.get(options.control_id, 0) if options and options.control_id != NOWHERE else -1),
        ):  # fmt: skip
            dsrs[name][cores, step.n] = value


def _fifo_kinds(image: Image) -> Array:
    kinds = zeros((len(image.classes), max(0, 1, *(len(tile.fifos) for tile in image.classes))), code.FIFO_KIND)
    for row, tile in zip(kinds, image.classes, strict=True):
        for at, each in enumerate(tile.fifos):
            row[at] = (each.base, each.words // each.element, each.element, each.activate_push, each.activate_pop)
    return kinds


def _shapes(image: Image) -> Array:
    """Return extents, and by how much the address of an element grows with each index (see section 13 of CSL)."""
    most = max(0, 1, *(len(tile.shapes) for tile in image.classes))
    shapes = zeros((len(image.classes), most, 2, code.DIMENSIONS + 1), "i8")
    shapes[:, :, 0] = 1
    for row, tile in zip(shapes, image.classes, strict=True):
        for at, shape in enumerate(tile.shapes):
            steps: list[int] = []
            for extent, stride in zip(shape.extents, shape.strides, strict=True):
                back = sum(step * (shape.extents[k] - 1) for k, step in enumerate(steps))
                row[at, 0, len(steps)], row[at, 1, len(steps)] = extent, stride + back
                steps.append(stride + back)
            row[at, 0, code.DIMENSIONS] = shape.count or prod(shape.extents)
    return shapes


def _bound(laid: list[LaidTile], arch: str) -> Array:
    table = np.full((len(laid), 2, code.QUEUES), -1, np.int64)
    if arch == "wse3":
        for row, each in zip(table, laid, strict=True):
            for side, queues in enumerate((each.tile.input_queues, each.tile.output_queues)):
                for number, color in queues.items():
                    row[side, number] = color
    return table


def _routes(laid: list[LaidTile]) -> Array:
    table = zeros((len(laid), code.COLORS, code.POSITIONS), code.ROUTE)
    table["rx"], table["tx"], table["valid"][:, :, 0] = -1, -1, 1
    for row, each in zip(table, laid, strict=True):
        for color, setting in each.tile.colors.items():
            for at, position in enumerate(setting.positions):
                rx = -1 if position.rx is None else position.rx
                row[color, at] = (rx, -1 if position.tx is None else position.tx, position.is_valid)
    return table


def _colors(laid: list[LaidTile]) -> Array:
    table = zeros((len(laid), code.COLORS), code.COLOR)
    for row, each in zip(table, laid, strict=True):
        for color, setting in each.tile.colors.items():
            row[color] = (setting.ring, setting.pop_mode, setting.to_host, 1)
        for color in each.collects:
            row[color]["collects"] = 1
    return table
