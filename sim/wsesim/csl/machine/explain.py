"""Why a run of compiled code ended badly, by place in the CSL files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wsesim.cores import codestate as code
from wsesim.cores import isa, state
from wsesim.csl.machine.explain_tasks import asleep, never_ran, running
from wsesim.csl.machine.spots import core_name, spot, step_at

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

MOST_LISTED = 6
_FAULTS = {
    state.OUTSIDE_MEMORY: "reaches outside the memory of the core",
    code.BAD_ASSERT: "an assertion does not hold",
    code.BAD_CODE: "goes to code that is none: a pointer to a function was overwritten, or a step is unknown",
    code.NO_THREAD: "names a microthread that no core has: there are 0 to 7",
    code.NO_COLOR: "names a color, or a queue without a color, that this core has no queue for",
}


def explain_fault(machine: CslMachine) -> str:
    """Return what a core did that none can."""
    clock = machine.state.clock[0]
    core, line = int(clock["fault_core"]), int(clock["fault_line"])
    what = _FAULTS.get(int(clock["fault"]), f"fault {clock['fault']}")
    return f"{spot(machine, line)}: {core_name(machine, core)}, cycle {clock['fault_cycle']}: {what}"


def explain_waiting(machine: CslMachine) -> str:
    """Return which operations wait for what, and which cores never opened their command stream."""
    built, found = machine.state, []
    for core in range(len(built.cores)):
        live = int(built.cores["live"][core])
        for slot in range(built.threads.shape[1]):
            if live >> slot & 1 and built.threads[core, slot]["wanted"] < code.ENDLESS:
                found.append(_operation(machine, core, slot))
        found += _held_up(machine, core)
        found += asleep(machine, core)
    closed = np.flatnonzero(built.code_state.cells["streams"] == 0)
    if len(closed):
        names = ", ".join(core_name(machine, int(core)) for core in closed[:MOST_LISTED])
        more = f" and {len(closed) - MOST_LISTED} more" if len(closed) > MOST_LISTED else ""
        found.insert(0, f"{names}{more} never unblocked the command stream{never_ran(machine, closed)}")
    found += [f"{core_name(machine, core)} {what}" for core, what in machine.services.waiting()]
    found += _stuck(machine) + running(machine)
    return "; ".join(found[: 2 * MOST_LISTED]) or "nothing waits"


def _held_up(machine: CslMachine, core: int) -> list[str]:
    """Return what the main thread of a core cannot start, as the microthread that it goes on is taken."""
    built = machine.state
    line, slot = int(built.cores["counter"][core]), int(built.code_state.cells["awaits"][core])
    step = step_at(machine, line) if line >= 0 else None
    if step is None or step.vector is None or not int(built.cores["live"][core]) >> slot & 1:
        return []
    other = step_at(machine, int(built.threads[core, slot]["line"]))
    taken = f"@{other.vector.name}" if other is not None and other.vector else "an operation"
    where = spot(machine, int(built.threads[core, slot]["line"]))
    which = f"microthread {slot - 1}" if slot else "the main thread"
    name = f"{spot(machine, line)}: @{step.vector.name} on {core_name(machine, core)}"
    right = "give one of them another queue, or .ut_id on wse3"
    return [f"{name} waits for {which}, which {taken} of {where} holds; {right}"]


def _operation(machine: CslMachine, core: int, slot: int) -> str:
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
                waits.append(f"wavelets of color {color}")
            elif number:
                waits.append(f"data behind a control wavelet on color {color}")
    step = step_at(machine, line)
    name = step.vector.name if step is not None and step.vector else "operation"
    done = f"{thread['done']} of {thread['wanted']} elements"
    what = " and ".join(waits) or "a FIFO"
    return f"{spot(machine, line)}: @{name} on {core_name(machine, core)} has done {done} and waits for {what}"


def _stuck(machine: CslMachine) -> list[str]:
    """Return the queues of routers in which words are held up."""
    built, found = machine.state, []
    for core, number in zip(*np.nonzero(built.queues["count"]), strict=True):
        role = int(built.cores["role"][core])
        channel, queue = built.channels[role, number], built.queues[core, number]
        if number >= len(machine.laid[machine.role_class[role]].queues):
            continue
        color, where = int(channel["color"]), core_name(machine, int(core))
        if channel["port"] == isa.INWARD:
            found.append(f"{queue['count']} wavelets of color {color} lie unread at {where}")
        elif queue["mask"] == 0:
            side = ("west", "east", "north", "south", "ramp")[channel["port"]]
            found.append(f"{queue['count']} wavelets of color {color} from the {side} wait at the router of {where}")
    return found
