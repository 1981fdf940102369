"""Why a run of compiled code comes to no end: what waits for what, by place in the files, cores alike in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from wsesim.cores import codestate as code
from wsesim.cores import isa
from wsesim.csl.image import Operation, TileTask
from wsesim.csl.machine.explain import core_name, spot, step_at

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

MOST_CORES, MOST_LINES = 6, 12
_SIDES = ("west", "east", "north", "south", "ramp")
Said = tuple[int, str, str]
"""Core; what stands before and after it."""


def explain_waiting(machine: CslMachine) -> str:
    """Return which operations wait for what, and which cores never opened their command stream."""
    said = [*_operations(machine), *_main_threads(machine), *_tasks(machine)]
    said += [(core, "", f" {what}") for core, what in machine.services.waiting()]
    held = {core for core, *_ in said}
    closed = np.flatnonzero(machine.state.code_state.cells["streams"] == 0).tolist()
    nothing = [
        (core, "", ": nothing is under way and no task is activated that would unblock it")
        for core in closed if core not in held
    ]  # fmt: skip
    first = [(core, "", " never unblocked the command stream") for core in closed]
    lines = list(_lines(machine, [*first, *nothing, *said, *_stuck(machine)]))
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return ";\n  ".join([*lines[:MOST_LINES], *more]) or "nothing waits"


def _lines(machine: CslMachine, said: Iterable[Said]) -> Iterator[str]:
    """Yield what is said, once for all cores of which it is."""
    found: dict[tuple[str, str], list[int]] = {}
    for core, before, after in said:
        found.setdefault((before, after), []).append(core)
    for (before, after), cores in found.items():
        names = ", ".join(core_name(machine, core) for core in cores[:MOST_CORES])
        more = f" and {len(cores) - MOST_CORES} more" if len(cores) > MOST_CORES else ""
        yield f"{before}{names}{more}{after}"


def _operations(machine: CslMachine) -> Iterator[Said]:
    """Yield vector operations that have not come to their end."""
    built = machine.state
    for core in np.flatnonzero(built.cores["live"]).tolist():
        live = int(built.cores["live"][core])
        for slot in range(built.threads.shape[1]):
            if live >> slot & 1 and built.threads[core, slot]["wanted"] < code.ENDLESS:
                yield _operation(machine, core, slot)


def _main_threads(machine: CslMachine) -> Iterator[Said]:
    """Yield where main threads stand that wait for no operation of their own."""
    cores, code_state = machine.state.cores, machine.state.code_state
    for core in np.flatnonzero(cores["counter"] >= 0).tolist():
        line, live = int(cores["counter"][core]), int(cores["live"][core])
        step, slot = step_at(machine, line), int(code_state.cells["awaits"][core])
        if step is None or live & 1:
            continue
        if step.vector is not None and live >> slot & 1:
            other = int(machine.state.threads[core, slot]["line"])
            which = f" waits for microthread {slot - 1}, which the operation of {spot(machine, other)} holds"
            right = "; give one of them another queue, or .ut_id on wse3"
            yield core, f"{spot(machine, line)}: @{step.vector.name} on ", which + right
        elif step.op != Operation.VECTOR:
            yield core, f"{spot(machine, line)}: ", " still runs"


def _operation(machine: CslMachine, core: int, slot: int) -> Said:
    """Return what a vector operation waits for."""
    built = machine.state
    thread, operands = built.threads[core, slot], built.described[core, slot]
    line, role = int(thread["line"]), int(built.cores["role"][core])
    waits = []
    for number, operand in enumerate(operands):
        if operand["kind"] == isa.FABRIC:
            queue = int(operand["address"])
            color = int(built.channels[role, queue]["color"])
            held = int(built.queues[core, queue]["count"])
            if number == 0 and held >= built.queues[core, queue]["room"]:
                waits.append(f"room to send on color {color}")
            elif number and held == 0:
                away = "" if _leads_in(machine, core, color) else ", which no route of the layout brings to it"
                waits.append(f"wavelets of color {color}{away}")
            elif number:
                waits.append(f"data behind a control wavelet on color {color}")
    step = step_at(machine, line)
    name = step.vector.name if step is not None and step.vector else "operation"
    done = f"{thread['done']} of {thread['wanted']} elements"
    what = " and ".join(waits) or "a FIFO"
    return core, f"{spot(machine, line)}: @{name} on ", f" has done {done} and waits for {what}"


def _leads_in(machine: CslMachine, core: int, color: int) -> bool:
    """Whether a color leads to the program of a core in some position of its switch."""
    setting = machine.image.classes[machine.class_of[core]].colors.get(color)
    places = setting.positions if setting else ()
    return any(each.is_valid and each.tx is not None and each.tx >> isa.RAMP & 1 for each in places)


def _tasks(machine: CslMachine) -> Iterator[Said]:
    """Yield tasks that were activated and are blocked."""
    cores = machine.state.cores
    stopped = cores["activated"] & cores["blocked"]
    for core in np.flatnonzero(stopped).tolist():
        for task in machine.image.classes[machine.class_of[core]].tasks:
            if int(stopped[core]) >> task.id & 1:
                yield core, f"{_named(machine, core, task)} was activated on ", " and is blocked; nothing unblocks it"


def _named(machine: CslMachine, core: int, task: TileTask) -> str:
    """Return a task with its place in the source."""
    bodies = machine.image.classes[machine.class_of[core]].bodies
    place = next((f"{machine.image.files[each.file]}:{each.line}: " for each in bodies if each.name == task.name), "")
    return f"{place}task {task.name} (id {task.id})"


def _stuck(machine: CslMachine) -> Iterator[Said]:
    """Yield the queues of routers in which words are held up."""
    built = machine.state
    for core, number in zip(*np.nonzero(built.queues["count"]), strict=True):
        role = int(built.cores["role"][core])
        channel, queue = built.channels[role, number], built.queues[core, number]
        if number >= len(machine.laid[machine.role_class[role]].queues):
            continue
        words = f"{queue['count']} wavelets of color {channel['color']}"
        if channel["port"] == isa.INWARD:
            yield int(core), f"{words} lie unread at ", _reader(machine, int(core), int(number))
        elif queue["mask"] == 0:
            yield int(core), f"{words} from the {_SIDES[channel['port']]} wait at the router of ", ""


def _reader(machine: CslMachine, core: int, number: int) -> str:
    """Return why nobody reads a queue."""
    built = machine.state
    channel = built.channels[int(built.cores["role"][core]), number]
    tasks = machine.image.classes[machine.class_of[core]].tasks
    task = next((each for each in tasks if each.id == int(channel["task"])), None)
    if task is not None and int(built.cores["blocked"][core]) >> task.id & 1:
        return f", as {_named(machine, core, task)}, which they start, is blocked"
    reads = any(
        operand["kind"] == isa.FABRIC and operand["address"] == number
        for slot in range(built.threads.shape[1]) if int(built.cores["live"][core]) >> slot & 1
        for operand in built.described[core, slot][1:]
    )  # fmt: skip
    return "" if reads or task is not None else ", where no operation reads them and no task is started by them"
