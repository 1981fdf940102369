"""Lay a compiled program out in the arrays that the engine runs on."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from wsesim.cores import codestate as code
from wsesim.cores import isa, state
from wsesim.cores.detours import detours
from wsesim.cores.packing import BAND, CYCLES_AT_ONCE, LOG_ROWS, PATIENCE_CYCLES
from wsesim.cores.rates import memory_figures
from wsesim.cores.state import Array, State, zeros
from wsesim.csl.image import NOWHERE, Image, TaskArgument, TaskKind, TileClass
from wsesim.csl.machine.laying import REGISTERS, LaidQueue, LaidTile, lay
from wsesim.csl.machine.operations import ELEMENT_WORDS, OPERATIONS
from wsesim.csl.machine.steps import EncodedSteps, encode
from wsesim.hardware import Wafer

MEMORY_WORDS = 24_576
"""Of a core: 48 KB."""
SPARE_WORDS = 1024
"""Behind what a class uses, where there are so many cores that not each has all its memory."""
MOST_WHOLE = 4096
"""Cores up to which each has all its memory."""
THREADS = 9
TASKS = code.CONTROL_ENTRY + isa.CONTROL_TASKS
SPARE_ROOM = 4
"""Words of a queue that a core opens as it runs, as in `engine.code_routes`."""
FIRST_RANDOM = 0xDEADBEEF
Numbers = npt.NDArray[np.int64]
KINDS = {"counter": 1, "sparse_counter": 2, "range": 3}


def pack(image: Image, wafer: Wafer) -> tuple[State, list[LaidTile], Numbers]:
    """Return the state of a program before its first cycle, its classes laid out, and the class of each role."""
    of = np.frombuffer(image.class_of, np.int32).astype(np.int64)
    laid = [lay(tile, image.arch, wafer) for tile in image.classes]
    class_of, role_of = _roles(laid, of)
    cores, words = len(of), _words(image, len(of))
    rooms = max([0, 1, *(sum(queue.room for queue in each.queues) + _spare(each) * SPARE_ROOM for each in laid)])
    memory = zeros(max(2, cores * words), np.uint16)
    for number, tile in enumerate(image.classes):
        given = np.frombuffer(tile.memory, np.uint16)
        memory.reshape(cores, words)[of == number, : len(given)] = given
    longer = detours(wafer, image.width, image.height)
    built = State(
        clock=_clock(image, wafer, len(longer)), code=_code(wafer, image.arch), operands=_operands(),
        roles=_role_table(laid, words)[class_of], entries=np.full((1, 1), -1, np.int64),
        control_task=np.full((1, 1), -1, np.int64), channels=_channels(laid)[class_of],
        places=_places(laid)[class_of], switches=zeros((1, 1, isa.POSITIONS), state.SWITCH),
        cores=_cores(image, laid, of, role_of, words), tallies=zeros(cores, state.TALLY),
        threads=zeros((cores, THREADS), state.THREAD), queues=_queues(laid)[of], ring=zeros((cores, rooms), "i8"),
        filters=_filters(laid)[of], position=_positions(laid)[of], registers=zeros((1, 2), "f8"), memory=memory,
        descriptors=zeros((1, 1), state.OPERAND), described=zeros((cores, THREADS, 4), state.OPERAND),
        figures=memory_figures(wafer.core), floats=memory.view(np.float32),
        executed=zeros(len(OPERATIONS), "i8"), log=zeros(LOG_ROWS, state.LOG), events=zeros(0, state.EVENT),
        ways=zeros((isa.PORTS, 2), "i8"), visits=zeros(cores, "i4"), detours=longer,
        code_state=_code_state(image, laid, class_of, of, encode(image.classes, wafer)),
        due=zeros((state.SPAN, 1 + -(-cores // 64)), "i8"),
    )  # fmt: skip
    return built, laid, class_of


def _spare(each: LaidTile) -> int:
    """Return how many queues a core may open as its code changes routes."""
    return max(0, state.QUEUES - len(each.queues)) if each.rewrites else 0


def _roles(laid: list[LaidTile], of: Numbers) -> tuple[Numbers, Numbers]:
    """Return the class of each role and the role of each core: a class is one, unless its code changes routes."""
    class_of, role_of = list(range(len(laid))), of.copy()
    rewrites = np.array([each.rewrites for each in laid])
    seen: set[int] = set()
    for core in np.flatnonzero(rewrites[of]).tolist():
        number = int(of[core])
        if number in seen:
            role_of[core] = len(class_of)
            class_of.append(number)
        seen.add(number)
    return np.array(class_of, np.int64), role_of


def _words(image: Image, cores: int) -> int:
    if cores <= MOST_WHOLE:
        return MEMORY_WORDS
    most = max(len(tile.memory) // 2 for tile in image.classes)
    return min(MEMORY_WORDS, most + SPARE_WORDS + most % 2)


def _clock(image: Image, wafer: Wafer, longer: int) -> Array:
    clock = zeros(1, state.CLOCK)
    for name, value in (
        ("hop", wafer.fabric.hop_cycles), ("ramp", wafer.fabric.ramp_cycles), ("threads", THREADS), ("detours", longer),
        ("task_cycles", wafer.core.task_launch_cycles), ("activation_cycles", wafer.core.activation_cycles),
        ("line_bytes", wafer.core.line_bytes), ("width", image.width), ("scalars_first", 0),
        ("patience", PATIENCE_CYCLES), ("ahead", CYCLES_AT_ONCE), ("band", BAND),
        ("registers", REGISTERS[image.arch]),
    ):  # fmt: skip
        clock[name] = value
    return clock


def _code(wafer: Wafer, arch: str) -> Array:
    rows = zeros(len(OPERATIONS), state.INSTRUCTION)
    for row, each in zip(rows, OPERATIONS.values(), strict=True):
        lanes = each.lanes[arch == "wse3"] or wafer.core.fmac_fp32_per_cycle
        row["op"], row["lanes"], row["described"] = each.op, lanes, 15
        row["passes"] = wafer.core.moves_pass and each.op == isa.MOV and ELEMENT_WORDS[each.elements[0]] == 1
        row["cost"], row["cost_else"] = wafer.core.vector_launch_cycles, wafer.core.microthread_launch_cycles
    return rows


def _operands() -> Array:
    operands = zeros((len(OPERATIONS), 4), state.OPERAND)
    for row, each in zip(operands, OPERATIONS.values(), strict=True):
        for number, element in enumerate(each.elements):
            row[number]["element"], row[number]["words"] = element, ELEMENT_WORDS[element]
    return operands


def _role_table(laid: list[LaidTile], words: int) -> Array:
    table = zeros(len(laid), state.ROLE)
    table["forward"] = [_mask(at for at, q in enumerate(each.queues) if q.port != isa.INWARD) for each in laid]
    table["words"] = words
    return table


def _mask(bits: object) -> int:
    found = 0
    for bit in bits:  # type: ignore[attr-defined]
        found |= 1 << bit
    return found - (1 << 64) if found >= 1 << 63 else found


def _channels(laid: list[LaidTile]) -> Array:
    table = zeros((len(laid), max(0, 1, *(len(each.queues) + _spare(each) for each in laid))), state.CHANNEL)
    for row, each in zip(table, laid, strict=True):
        sieves = _sieves(each.tile)
        for at, queue in enumerate(each.queues):
            inward = queue.port == isa.INWARD
            sieve = sieves.index(queue.color) if inward and queue.color in sieves else -1
            row[at] = (queue.color, queue.port, queue.task, sieve, 0)  # tasks of code all begin alike: see `code_run`
    return table


def _sieves(tile: TileClass) -> list[int]:
    return [color for color, setting in sorted(tile.colors.items()) if setting.filter]


def _places(laid: list[LaidTile]) -> Array:
    """Return where what comes on a color from a side goes; a swap brings it to the queue of the color's partner."""
    table = np.full((len(laid), code.COLORS, isa.INWARD + 1), -1, np.int64)
    for row, each in zip(table, laid, strict=True):
        for at, queue in enumerate(each.queues):
            row[queue.color, queue.port] = at
        plain = row.copy()
        for color, setting in each.tile.colors.items():
            ports = [isa.WEST, isa.EAST] * setting.swap_x + [isa.NORTH, isa.SOUTH] * setting.swap_y
            for port in ports + [isa.RAMP] * (setting.swap_x and setting.swap_y):
                if plain[color, port] >= 0:
                    row[color ^ 1, port] = plain[color, port]
    return table


def _queues(laid: list[LaidTile]) -> Array:
    usual = np.zeros((len(laid), max(0, 1, *(len(each.queues) + _spare(each) for each in laid))), state.QUEUE)
    for row, each in zip(usual, laid, strict=True):
        words = 0
        for at, queue in enumerate(each.queues):
            mask = _mask_at_start(each, queue)
            row[at] = (-1, 0, words, 0, 0, queue.room, mask)
            words += queue.room
    return usual


def _mask_at_start(each: LaidTile, queue: LaidQueue) -> int:
    """Return the ports that wavelets of a queue leave by: positions accumulate up to the first one."""
    setting = each.tile.colors.get(queue.color)
    if setting is None or queue.port == isa.INWARD:
        return isa.DROPS if queue.color in each.collects and queue.port == isa.RAMP else 0
    rx, tx = 0, 0
    for position in setting.positions[: setting.current + 1]:
        if position.is_valid:
            rx = rx if position.rx is None else position.rx
            tx = tx if position.tx is None else position.tx
    return (tx or isa.DROPS) if rx >> queue.port & 1 and not setting.teardown else 0


def _filters(laid: list[LaidTile]) -> Array:
    usual = np.zeros((len(laid), max(0, 1, *(len(_sieves(each.tile)) for each in laid))), state.FILTER)
    for row, each in zip(usual, laid, strict=True):
        for at, color in enumerate(_sieves(each.tile)):
            sieve = each.tile.colors[color].filter
            assert sieve is not None
            flags = sieve.count_data + 2 * sieve.count_control + 4 * sieve.filter_control
            if sieve.kind == "range":
                row[at] = (0, 0, 0, 0, KINDS[sieve.kind], flags, sieve.min_idx, sieve.max_idx)
            else:
                first = (0, sieve.max_counter, sieve.limit1, sieve.init_counter)
                row[at] = (*first, KINDS[sieve.kind], flags, sieve.limit2, 0)
    return usual


def _positions(laid: list[LaidTile]) -> Array:
    usual = np.zeros((len(laid), code.COLORS), np.uint8)
    for row, each in zip(usual, laid, strict=True):
        for color, setting in each.tile.colors.items():
            row[color] = setting.current
    return usual


def _cores(image: Image, laid: list[LaidTile], of: Numbers, role_of: Numbers, words: int) -> Array:
    cores = zeros(len(role_of), state.CORE)
    cores["role"], cores["counter"] = role_of, -1
    cores["memory"] = np.arange(len(role_of), dtype=np.int64) * words
    cores["activated"] = np.array([_mask(each.tile.active) for each in laid], np.int64)[of]
    cores["blocked"] = np.array([_mask(_blocked(each, image.arch)) for each in laid], np.int64)[of]
    edges = cores["edges"].reshape(image.height, image.width)
    edges[:, 0] |= 1 << isa.WEST
    edges[:, -1] |= 1 << isa.EAST
    edges[0] |= 1 << isa.NORTH
    edges[-1] |= 1 << isa.SOUTH
    return cores


def _blocked(each: LaidTile, arch: str) -> set[int]:
    """Return the ids that start blocked: those of channels without a task too."""
    tile, number = each.tile, {queue.task for queue in each.queues if queue.port == isa.INWARD}
    kinds = {TaskKind.DATA, TaskKind.LOCAL} if arch == "wse2" else {TaskKind.DATA}
    bound = {task.id for task in tile.tasks if task.kind in kinds}
    return ({id_ for id_ in number if id_ >= 0} - bound - tile.unblocked) | set(tile.blocked)


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


def _code_state(
    image: Image, laid: list[LaidTile], class_of: Numbers, of: Numbers, compiled: EncodedSteps
) -> code.CodeState:  # fmt: skip
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
        [_mask(c for c, s in each.tile.colors.items() if s.teardown) for each in laid], np.int64
    )[of]
    cells["urgent"] = np.array(
        [_mask(t.id for t in each.tile.tasks if t.high_priority) for each in laid], np.int64
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
