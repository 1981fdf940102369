"""Lay a compiled program out in the arrays that the engine runs on."""

from __future__ import annotations

import numpy as np

from wsesim.cores import codestate as code
from wsesim.cores import isa, state
from wsesim.cores.detours import detours
from wsesim.cores.packing import BAND, CYCLES_AT_ONCE, LOG_ROWS, PATIENCE_CYCLES
from wsesim.cores.rates import memory_figures
from wsesim.cores.state import Array, State, zeros
from wsesim.csl.image import Image, TaskKind, TileClass
from wsesim.csl.machine.code_tables import THREADS, Numbers, code_state, mask
from wsesim.csl.machine.laying import REGISTERS, LaidQueue, LaidTile, lay
from wsesim.csl.machine.operations import ELEMENT_WORDS, OPERATIONS
from wsesim.csl.machine.steps import encode
from wsesim.hardware import Wafer

MEMORY_WORDS = 24_576
"""Of a core: 48 KB."""
SPARE_WORDS = 1024
"""Behind what a class uses, where there are so many cores that not each has all its memory."""
MOST_WHOLE = 4096
"""Cores up to which each has all its memory."""
SPARE_ROOM = 4
"""Words of a queue that a core opens as it runs, as in `engine.code_routes`."""
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
        code_state=code_state(image, laid, class_of, of, encode(image.classes, wafer)),
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
    table["forward"] = [mask(at for at, q in enumerate(each.queues) if q.port != isa.INWARD) for each in laid]
    table["words"] = words
    return table


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
    cores["activated"] = np.array([mask(each.tile.active) for each in laid], np.int64)[of]
    cores["blocked"] = np.array([mask(_blocked(each, image.arch)) for each in laid], np.int64)[of]
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
