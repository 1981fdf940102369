"""Find mistakes in a program before it runs."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import PORTS, Builder, CoreRole
from wsesim.cores.errors import NoRoom, ProgramError
from wsesim.cores.instruction import Instruction
from wsesim.cores.operands import ELEMENT_BYTES, ELEMENT_WORDS, MEMORY_WORD_BYTES, FabricOperand, Mem
from wsesim.cores.packing import STEP, role_queues
from wsesim.cores.state import Array
from wsesim.units import show_bytes

NAMES = {number: name for name, number in PORTS.items()}


def check_program(builder: Builder) -> None:
    """Refuse what cannot run.

    Raises:
        NoRoom: a role with too much data and code.
        ProgramError: a core without a role; a role with an unwritten task, a register or an operand out of range, too
            many queues, or a color it uses and does not route; a color that leaves the grid, goes where nobody takes
            it, is driven from two sides, or runs in a loop.
    """
    _every_core_has_a_role(builder)
    if len(builder.control_tasks) > isa.CONTROL_TASKS:
        raise ProgramError(f"more than {isa.CONTROL_TASKS} tasks are started by control wavelets")
    for role in builder.roles:
        _check_role(builder, role)
        role_queues(builder, role)
    for color in builder.colors:
        _check_color(builder, color.index, color.name)


def _every_core_has_a_role(builder: Builder) -> None:
    empty = np.argwhere(builder.role_of < 0)
    if len(empty):
        row, column = empty[0]
        raise ProgramError(f"core ({column}, {row}) has no role; {len(empty):,} cores have none")


def _check_role(builder: Builder, role: CoreRole) -> None:
    _check_room(builder, role)
    for task in role.tasks.values():
        if task.index not in role.entries:
            raise ProgramError(f"role {role.name!r} declares the task {task.name!r} but never writes it")
    sent = {color for color, routes in role.routes.items() if any(r.source == isa.RAMP for r in routes)}
    heard = {color for color, routes in role.routes.items() if any(r.outputs >> isa.RAMP & 1 for r in routes)}
    for colors, does in ((role.on_wavelet, "has a task for"), (role.filters, "filters")):
        for color in colors:
            if color not in heard:
                name = builder.colors[color].name
                raise ProgramError(f"role {role.name!r} {does} color {name!r}, which no route brings to its ramp")
    for each in role.instructions:
        for number, operand in enumerate(each.operands):
            if isinstance(operand, FabricOperand):
                _check_fabric(role, each, operand, *((sent, "sends on") if each.writes(number) else (heard, "reads")))
            elif isinstance(operand, Mem):
                _check_memory(role, each, number, operand)


def _check_room(builder: Builder, role: CoreRole) -> None:
    need = role.data_bytes + len(role.instructions) * builder.wafer.core.instruction_bytes
    have = builder.wafer.core.usable_bytes
    if need > have:
        raise NoRoom(
            f"role {role.name!r} ({role.place}), on {builder.core_of(role)}, needs {need:,} bytes of data and code; "
            f"a core has {show_bytes(have)} or {have:,}{_largest(role)}",
            need_bytes=need, have_bytes=have,
        )  # fmt: skip


def _largest(role: CoreRole) -> str:
    """Return which variable takes the most, as the end of a sentence."""
    sizes = {name: mem.length * ELEMENT_BYTES[mem.kind] for name, mem in role.variables.items()}
    most = max(sizes, key=lambda name: sizes[name], default="")
    return f"; {most!r} takes {sizes[most]:,}" if most else ""


def _check_fabric(role: CoreRole, each: Instruction, operand: FabricOperand, has: set[int], does: str) -> None:
    color, who = operand.color, f"role {role.name!r} ({each.place})"
    if each.op == isa.SWITCH:
        positions = len(role.routes.get(color.index, []))
        if not 0 <= each.target < positions:
            raise ProgramError(f"{who} switches color {color.name!r} to position {each.target} of {positions}")
    elif color.index not in has:
        why = "which no route brings to its ramp" if does == "reads" else "which it does not route from its ramp"
        raise ProgramError(f"{who} {does} color {color.name!r}, {why}")


def _check_memory(role: CoreRole, each: Instruction, number: int, operand: Mem) -> None:
    """Check operands that are known; the engine checks those that registers move or describe when they are used."""
    if operand.offset or each.length_register or each.length_described or each.op == isa.DESCRIBE:
        return
    length = each.length if each.is_vector else 1
    inner, first, words = operand.inner, operand.address, ELEMENT_WORDS[each.element(number)]
    ends = [0, max(0, (min(inner, length) if inner else length) - 1) * operand.stride * words]
    if inner:
        ends += [end + (length - 1) // inner * operand.outer_stride * words for end in ends]
    if length > 0 and (first + min(ends) < 0 or first + max(ends) + words > role.words):
        raise ProgramError(
            f"role {role.name!r} ({each.place}) uses {length} elements of {words * MEMORY_WORD_BYTES} bytes that reach "
            "outside its memory"
        )


def _check_color(builder: Builder, color: int, name: str) -> None:
    """Follow a color from core to core: no loop, nothing off the edge, and every wavelet taken.

    This holds for the first switch positions, and only from where a core sends; the rest shows when it is used.
    """
    if not any(color in role.routes for role in builder.roles):
        return
    sources, outputs = _ports(builder, color, first_only=True)
    carries = _reached(builder, color, name, sources, outputs)
    ever_sources, ever_outputs = _ports(builder, color, first_only=False)
    for port, (down, right) in STEP.items():
        uses = carries & (outputs >> port & 1 == 1)
        off = uses & ~_has_neighbour(uses.shape, port)
        if off.any():
            row, column = np.argwhere(off)[0]
            where = _route_place(builder, color, int(row), int(column), port)
            raise ProgramError(
                f"color {name!r} ({where}) leaves the grid to the {NAMES[port].lower()} at core ({column}, {row})"
            )
        taken = np.roll(ever_sources >> (port ^ 1) & 1 == 1, (-down, -right), (0, 1))
        if (uses & ~taken).any():
            row, column = (int(n) for n in np.argwhere(uses & ~taken)[0])
            _refuse_driver(builder, color, name, row, column, port, ever_sources, ever_outputs)


def _refuse_driver(
    builder: Builder, color: int, name: str, row: int, column: int, port: int, sources: Array, outputs: Array
) -> None:
    down, right = STEP[port]
    at = (row + down, column + right)
    where = _route_place(builder, color, row, column, port)
    message = f"color {name!r} ({where}) goes from core ({column}, {row}) to core ({at[1]}, {at[0]}), which "
    for other, (far_down, far_right) in STEP.items():
        y, x = at[0] + far_down, at[1] + far_right
        inside = 0 <= y < builder.height and 0 <= x < builder.width
        if inside and (y, x) != (row, column) and outputs[y, x] >> (other ^ 1) & 1 and sources[at] >> other & 1:
            second = _route_place(builder, color, y, x, other ^ 1)
            raise ProgramError(message + f"takes it from core ({x}, {y}) ({second}): two drivers on one color")
    raise ProgramError(message + f"takes nothing from the {NAMES[port ^ 1].lower()} on it")


def _ports(builder: Builder, color: int, *, first_only: bool) -> tuple[Array, Array]:
    """Return [row, column] masks of the ports a color comes from and goes to."""
    sources, outputs = np.zeros(len(builder.roles), np.int64), np.zeros(len(builder.roles), np.int64)
    for number, role in enumerate(builder.roles):
        routes = role.routes.get(color, [])
        for route in routes[:1] if first_only else routes:
            sources[number] |= 1 << route.source
            outputs[number] |= route.outputs
    return sources[builder.role_of], outputs[builder.role_of]


def _route_place(builder: Builder, color: int, row: int, column: int, port: int) -> str:
    routes = builder.roles[builder.role_of[row, column]].routes[color]
    return next(str(route.place) for route in routes if route.outputs >> port & 1)


def _reached(builder: Builder, color: int, name: str, sources: Array, outputs: Array) -> Array:
    """Return where a color passes that some core sends: go back from every router to the first, in steps that double.

    Raises:
        ProgramError: there is no first, because it runs in a loop.
    """
    height, width = sources.shape
    fed_by = np.arange(height * width)
    for port, (down, right) in STEP.items():
        feeds = np.roll(outputs >> (port ^ 1) & 1 == 1, (-down, -right), (0, 1)) & (sources >> port & 1 == 1)
        fed = np.flatnonzero(feeds & _has_neighbour(sources.shape, port))
        fed_by[fed] = fed + down * width + right
    first = fed_by
    for _ in range(int(first.size).bit_length()):
        first = first[first]
    looping = np.flatnonzero(fed_by[first] != first)
    if len(looping):
        row, column = divmod(int(looping[0]), width)
        where = builder.roles[builder.role_of[row, column]].routes[color][0].place
        raise ProgramError(f"color {name!r} ({where}) runs in a loop that feeds core ({column}, {row})")
    return np.asarray(sources.ravel()[first] >> isa.RAMP & 1 == 1).reshape(height, width)


def _has_neighbour(shape: tuple[int, ...], port: int) -> Array:
    """Return which cores have one on that side."""
    found = np.ones(shape, bool)
    found[{isa.NORTH: 0, isa.SOUTH: -1}.get(port, slice(0)), :] = False
    found[:, {isa.WEST: 0, isa.EAST: -1}.get(port, slice(0))] = False
    return found
