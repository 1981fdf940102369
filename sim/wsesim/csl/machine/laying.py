"""Which queues a core of a tile class has, and where its colors go."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.cores import isa
from wsesim.cores.codestate import COLORS, POSITIONS
from wsesim.cores.state import QUEUES
from wsesim.csl.colors import ColorSetting
from wsesim.csl.image import Operation, TaskKind, TileClass, Type
from wsesim.csl.vectors import DsdKind, Field
from wsesim.hardware import Wafer

HOST_WORDS = 4096
"""Room for words of a stream from the host: what lies further back waits in the memory of the host."""
SMALL_WORDS = 2
"""Room for what arrives on a color of the WSE-2 that no queue is bound to."""
REGISTERS = {"wse2": 0x7F20, "wse3": 0x7C00}
"""Word address of the registers of colors; those of switches follow 32 further."""
_REWRITES = {30, 31, 33, 34, 35, 36, 37, 38, 45, 46}
"""Numbers of intrinsics that change routes."""
_ALL_PORTS = frozenset(range(isa.PORTS))
_RAMP = 1 << isa.RAMP


@dataclass(slots=True)
class LaidQueue:
    """A queue of a core."""

    color: int
    port: int
    """`isa.INWARD`: to the program."""
    room: int
    task: int = -1


@dataclass(slots=True)
class LaidTile:
    """A tile class as the engine needs it."""

    tile: TileClass
    queues: list[LaidQueue] = field(default_factory=list)
    collects: set[int] = field(default_factory=set)
    """Colors that go to the host."""
    rewrites: bool = False
    """Whether its code changes routes, so that each core needs its own."""


def lay(tile: TileClass, arch: str, wafer: Wafer) -> LaidTile:
    """Return the queues of a tile class."""
    laid = LaidTile(tile, rewrites=_rewrites(tile, arch))
    ins, outs = _named(tile, arch)
    wide = {color for color in tile.colors if laid.rewrites}
    if len(wide) * (isa.PORTS + 1) + 2 * len((ins | outs) - wide) > QUEUES:
        wide = set()  # queues are opened as code begins to listen
    for color, setting in sorted(tile.colors.items()):
        ports = _ALL_PORTS if color in wide else _listened(setting)
        ports = ports | {isa.RAMP} if laid.rewrites and color in outs else ports
        for port in sorted(ports):
            room = _out_room(tile, color, wafer) if port == isa.RAMP else wafer.fabric.link_words
            laid.queues.append(LaidQueue(color, port, room))
    for color in sorted(outs - set(tile.colors)):
        laid.queues.append(LaidQueue(color, isa.RAMP, _out_room(tile, color, wafer)))
        laid.collects.add(color)
    for color in sorted(ins | {c for c, s in tile.colors.items() if laid.rewrites or _reaches_ramp(s)}):
        room = _in_room(tile, color, arch, wafer) if color in tile.colors else HOST_WORDS
        laid.queues.append(LaidQueue(color, isa.INWARD, room, _channel(tile, color, arch)))
    return laid


def _rewrites(tile: TileClass, arch: str) -> bool:
    if any(step.op == Operation.INTRINSIC and step.n in _REWRITES for step in tile.steps):
        return True
    first = REGISTERS[arch]
    return any(first <= value < first + 2 * COLORS for value in tile.first_values.values())


def _named(tile: TileClass, arch: str) -> tuple[set[int], set[int]]:
    """Return the colors that code reads and those that it sends, as far as they can be seen."""
    ins, outs = set(tile.input_queues.values()), set(tile.output_queues.values())
    if arch == "wse2":
        ins |= {task.id for task in tile.tasks if task.kind == TaskKind.DATA}
    for value in _constants(tile):
        if value >> Field.LENGTH.shift & 0xFFFF and 0 <= value < 1 << 52:
            color = value >> Field.COLOR.shift & 31
            queue = value >> Field.QUEUE.shift & 15
            bound = tile.input_queues if value & 7 == DsdKind.FABIN else tile.output_queues
            if arch == "wse3" and queue in bound:
                continue
            if value & 7 == DsdKind.FABIN:
                ins.add(color)
            elif value & 7 == DsdKind.FABOUT:
                outs.add(color)
    return ins, outs


def _constants(tile: TileClass) -> list[int]:
    """Return what may be descriptors: first values of registers, and of variables of 64 bits."""
    found = list(tile.first_values.values())
    for each in tile.symbols:
        if each.t == Type.U64:
            first, size = 2 * each.address, 8
            for at in range(each.count):
                found.append(int.from_bytes(tile.memory[first + size * at : first + size * (at + 1)], "little"))
    return found


def _listened(setting: ColorSetting) -> set[int]:
    """Return the sides that some position of a color listens to."""
    masks = [position.rx for position in setting.positions if position.rx is not None]
    return {port for port in range(isa.PORTS) if any(mask >> port & 1 for mask in masks)}


def _reaches_ramp(setting: ColorSetting) -> bool:
    return any(position.tx is not None and position.tx & _RAMP for position in setting.positions)


def _bound(queues: dict[int, int], color: int) -> int:
    return next((number for number, each in sorted(queues.items()) if each == color), -1)


def _out_room(tile: TileClass, color: int, wafer: Wafer) -> int:
    depths = wafer.fabric.out_queue_words
    queue = _bound(tile.output_queues, color)
    return int((depths[queue] if 0 <= queue < len(depths) else SMALL_WORDS) + wafer.fabric.ramp_cycles)


def _in_room(tile: TileClass, color: int, arch: str, wafer: Wafer) -> int:
    depths, queue = wafer.fabric.in_queue_words, _bound(tile.input_queues, color)
    if queue < 0 and arch == "wse2":
        queue = _read_by(tile, color)
    return int((depths[queue] if 0 <= queue < len(depths) else SMALL_WORDS) + wafer.fabric.ramp_cycles)


def _read_by(tile: TileClass, color: int) -> int:
    """Return the input queue that a descriptor names for a color, -1 if none does."""
    for value in _constants(tile):
        names = value & 7 == DsdKind.FABIN and value >> Field.LENGTH.shift & 0xFFFF
        if names and value >> Field.COLOR.shift & 31 == color:
            return value >> Field.QUEUE.shift & 15
    return -1


def _channel(tile: TileClass, color: int, arch: str) -> int:
    """Return the id whose block holds back what arrives on a color, -1 if there is none."""
    return color if arch == "wse2" else _bound(tile.input_queues, color)


assert POSITIONS == isa.POSITIONS
