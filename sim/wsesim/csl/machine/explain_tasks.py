"""Which tasks wait, sleep or go round and round where a run gets nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa
from wsesim.csl.image import Operation, TaskKind, TileClass, TileTask
from wsesim.csl.machine.spots import core_name, spot, step_at

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

MOST_NAMED = 4


def _named(machine: CslMachine, tile: TileClass, task: TileTask) -> str:
    """Return a task with the line it is declared in."""
    place = next((f" of {machine.image.files[b.file]}:{b.line}" for b in tile.bodies if b.name == task.name), "")
    return f"task {task.name}{place}"


def asleep(machine: CslMachine, core: int) -> list[str]:
    """Return the tasks of a core that are active and blocked."""
    tile, here = machine.image.classes[machine.class_of[core]], machine.state.cores[core]
    activated, blocked, found = int(here["activated"]), int(here["blocked"]), []
    for task in tile.tasks:
        if task.kind == TaskKind.CONTROL or not blocked >> task.id & 1:
            continue
        name = f"{_named(machine, tile, task)} on {core_name(machine, core)}"
        if task.kind == TaskKind.LOCAL and activated >> task.id & 1:
            found.append(f"{name} is activated and blocked: nothing unblocks it")
        elif task.kind == TaskKind.DATA and _waits(machine, core, task.id):
            found.append(f"{name} is blocked and wavelets wait for it: nothing unblocks it")
    return found


def _waits(machine: CslMachine, core: int, number: int) -> bool:
    """Whether a queue that a data task reads holds wavelets."""
    built = machine.state
    channels = built.channels[int(built.cores["role"][core])]
    reads = (channels["port"] == isa.INWARD) & (channels["task"] == number)
    return bool((built.queues["count"][core][: len(channels)][reads] > 0).any())


def never_ran(machine: CslMachine, cores: npt.NDArray[np.int64]) -> str:
    """Return which local tasks of these cores no core ever ran."""
    bases, cycles, found = machine.bases(), machine.state.code_state.cycles, dict[str, None]()
    for number in sorted({int(machine.class_of[core]) for core in cores}):
        tile = machine.image.classes[number]
        entries = sorted({*(t.entry for t in tile.tasks), *(f.entry for f in tile.functions), len(tile.steps)})
        for task in tile.tasks:
            end = next((entry for entry in entries if entry > task.entry), task.entry)
            ran = cycles[bases[number] + task.entry : bases[number] + end].any()
            if task.kind == TaskKind.LOCAL and not ran:
                found[_named(machine, tile, task)] = None
    return f" ({', '.join(list(found)[:MOST_NAMED])} never ran)" if found else ""


def running(machine: CslMachine) -> list[str]:
    """Return where main threads are that neither ended nor wait for an operation."""
    counters, found = machine.state.cores["counter"], []
    for core in np.flatnonzero(counters >= 0)[:MOST_NAMED].tolist():
        step = step_at(machine, int(counters[core]))
        if step is not None and step.op != Operation.VECTOR and not int(machine.state.cores["live"][core]) & 1:
            found.append(f"{core_name(machine, core)} still runs at {spot(machine, int(counters[core]))}")
    return found
