"""What looks like a mistake in a program that compiles: colors nobody uses, tasks nobody starts or a color does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wsesim.csl.image import Image, Operation, TaskKind, TileClass
from wsesim.csl.routing import SIDES
from wsesim.csl.vectors import NOWHERE, DsdKind, Field

MOST_LISTED = 4


@dataclass(slots=True)
class TileUse:
    """What the code of a tile class names by known numbers; `is_open`: some also by numbers that the core finds."""

    activated: set[int] = field(default_factory=set)
    unblocked: set[int] = field(default_factory=set)
    read_queues: set[int] = field(default_factory=set)
    read_colors: set[int] = field(default_factory=set)
    sent_colors: set[int] = field(default_factory=set)
    is_open: bool = False


def findings(image: Image) -> list[str]:
    """One line for each thing that looks like a mistake, each once."""
    found: dict[str, list[str]] = {}
    uses = [used(tile) for tile in image.classes]
    for tile, use in zip(image.classes, uses, strict=True):
        for message in [*_tasks(tile, use, image), *_queues(tile, use, image.arch)]:
            found.setdefault(message, []).append(tile.name)
    said = [f"{message} ({_listed(names)})" for message, names in found.items()]
    return said + list(_colors(image, uses)) + (reserved(image) if image.names else [])


MEMCPY = {
    "color": frozenset({21, 22, 23}), "local task id": frozenset({27, 28, 30}),
    "control task id": frozenset(range(33, 38)),
}  # fmt: skip
"""What the copies of the host keep for themselves."""


def reserved(image: Image) -> list[str]:
    """Colors and ids that a program shares with what copies and launches for it, each once."""
    kinds = {TaskKind.LOCAL: "local task id", TaskKind.CONTROL: "control task id"}
    found: dict[str, None] = {}
    for tile in image.classes:
        used = [("color", color) for color in tile.colors]
        used += [(kinds[task.kind], task.id) for task in tile.tasks if task.kind in kinds]
        for kind, number in used:
            if number in MEMCPY.get(kind, ()):
                taken = ", ".join(map(str, sorted(MEMCPY[kind])))
                found[f"{kind} {number} belongs to memcpy, which keeps {taken}"] = None
    return list(found)


def _listed(names: list[str]) -> str:
    """Tile classes in which something is so."""
    more = f" and {len(names) - MOST_LISTED} more classes" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def used(tile: TileClass) -> TileUse:
    """What the code of a tile class names."""
    use = TileUse(activated=set(tile.active))
    descriptors = [tile.first_values.get(register, 0) for register in _descriptors(tile)]
    for bits in descriptors:
        _descriptor(bits, use)
    for step in (*tile.steps, *tile.start_dsrs):
        numbers = [step.a] if step.op == Operation.ACTIVATE else []
        if step.vector is not None:
            options = step.vector.options
            numbers += [options.activate] + ([options.control_id] if options.on_control == 2 else [])
        for register in numbers:
            _name(tile, register, use.activated, use)
        if step.op == Operation.SET_FIELD and step.n in (int(Field.COLOR), int(Field.QUEUE)):
            use.is_open = True
    for fifo in tile.fifos:
        use.activated |= {fifo.activate_push, fifo.activate_pop}
    return use


def _descriptors(tile: TileClass) -> set[int]:
    """Registers that hold descriptors from the start."""
    found: set[int] = set()
    for step in (*tile.steps, *tile.start_dsrs):
        if step.op in (Operation.GET_FIELD, Operation.SET_FIELD, Operation.LOAD_DSR, Operation.MOVE, Operation.STORE):
            found |= {step.a, step.b}
        if step.vector is not None:
            found |= {operand.value for operand in step.vector.operands if operand.kind == 0}
    return found


def _descriptor(bits: int, use: TileUse) -> None:
    kind = bits & 7
    color, queue = (bits >> Field.COLOR.shift) & 31, (bits >> Field.QUEUE.shift) & 15
    if kind == DsdKind.FABIN:
        use.read_queues.add(queue)
        use.read_colors.add(color)
    elif kind == DsdKind.FABOUT:
        use.sent_colors.add(color)


def _name(tile: TileClass, register: int, into: set[int], use: TileUse) -> None:
    if register == NOWHERE:
        return
    if any(step.d == register for step in tile.steps):
        use.is_open = True
    else:
        into.add(tile.first_values.get(register, 0))


def _tasks(tile: TileClass, use: TileUse, image: Image) -> Iterator[str]:
    lines = {body.name: f"{image.files[body.file]}:{body.line}: " for body in tile.bodies}
    for task in tile.tasks:
        if task.kind == TaskKind.LOCAL and task.id not in use.activated and task.name != "teardown" and not use.is_open:
            yield f"{lines.get(task.name, '')}task {task.name} (id {task.id}) is bound and nothing activates it"
        if task.kind == TaskKind.LOCAL and image.arch == "wse2" and _arrives(tile, task.id):
            which = f"{lines.get(task.name, '')}task {task.name} (id {task.id})"
            yield f"{which} is started by wavelets of color {task.id} too: on wse2 colors and tasks share their numbers"


def _arrives(tile: TileClass, color: int) -> bool:
    """Whether a color leads to the core in some position of its switch."""
    places = tile.colors[color].positions if color in tile.colors else ()
    return any(place.is_valid and (place.tx or 0) & SIDES["RAMP"] for place in places)


def _queues(tile: TileClass, use: TileUse, arch: str) -> Iterator[str]:
    data = {task.id for task in tile.tasks if task.kind == TaskKind.DATA}
    controls = any(task.kind == TaskKind.CONTROL for task in tile.tasks)
    for queue, color in tile.input_queues.items():
        reads = queue in use.read_queues or (queue if arch == "wse3" else color) in data
        if not reads and not use.is_open and not controls:
            yield f"input queue {queue} of color {color} has no task and no descriptor that reads it"


def _colors(image: Image, uses: list[TileUse]) -> Iterator[str]:
    if any(use.is_open for use in uses):
        return
    routed = {color for tile in image.classes for color in tile.colors}
    named: set[int] = set()
    for tile, use in zip(image.classes, uses, strict=True):
        named |= use.sent_colors | use.read_colors | set(tile.input_queues.values()) | set(tile.output_queues.values())
        named |= {task.id for task in tile.tasks if task.kind == TaskKind.DATA} if image.arch == "wse2" else set()
    for color in sorted(routed - named):
        yield f"color {color} has routes and no core sends or receives it"
