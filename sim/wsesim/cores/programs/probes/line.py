"""What messages take along a row of cores.

source --> router --> router --> core       a message over some hops
source --> core --> core --> core           a relay: each core takes the whole block in, and its task sends it on

Blocks are sent and received on microthreads; the end of a receipt starts a task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.builder import Builder, Role
from wsesim.cores.machine import Machine
from wsesim.cores.operands import Color, Mem, Register
from wsesim.hardware import Wafer


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """How long things took, in cycles."""

    received: int
    """From the dispatch of the sending to the first instruction of the task that the last word starts."""
    completed: int
    """From the last word's departure to the first instruction of the task that it starts at the source."""
    bracketed: int
    """Between readings of the counter at the source and at the last core, with what they take."""


def send(wafer: Wafer, *, words: int, hops: int = 1, relays: int = 1, work: int = 0) -> Message:
    """Send a block of *words* over *relays* stretches of *hops* hops each.

    The task of a core that has received it does *work* cycles of scalar work, then passes it on, or at the end of the
    row reads the counter.
    """
    builder = Builder(wafer, width=hops * relays + 1, height=1)
    colors = [builder.color(f"block {number}") for number in range(2)]
    for number in range(1, relays + 1):
        _let_pass(builder, colors[number % 2], range((number - 1) * hops + 1, number * hops))
    roles, clocks = [], []
    for number in range(relays + 1):
        role = builder.role(f"core {number}")
        builder.place(role, [number * hops], [0])
        arrives, leaves = (colors[at % 2] if 0 < at <= relays else None for at in (number, number + 1))
        roles.append(role)
        clocks.append(_write(role, words, arrives, leaves, work))
    machine = Machine(builder)
    machine.run()
    return _read(machine, roles, clocks)


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Where a core keeps its counter."""

    started: Register
    """At the start of its task, or at the source when the reading begins."""
    dispatched: Register
    sent: Register
    """When the task after the sending starts."""
    read: Register
    """When the counter is read at the end of the row."""


def _let_pass(builder: Builder, color: Color, columns: Sequence[int]) -> None:
    if columns:
        between = builder.role(f"between {columns[0]}")
        between.route(color, "WEST", "EAST")
        builder.place(between, columns, [0])


def _write(role: Role, words: int, arrives: Color | None, leaves: Color | None, work: int) -> _Clocks:
    block, clocks = role.memory("block", words, isa.I32), _Clocks(*(role.register() for _ in range(4)))
    if arrives is None:
        with role.task("start", start=True):
            role.stamp(clocks.started)
            _pass_on(role, block, leaves, clocks)
    else:
        role.route(arrives, "WEST", "RAMP")
        received = role.declare("received")
        with role.task("start", start=True):
            role.mov32(block, role.fabin(arrives, words), thread=0, activate=received)
        with role.task("received"):
            role.stamp(clocks.started, cost=0)
            role.wait(work)
            _pass_on(role, block, leaves, clocks)
    if leaves is not None:
        with role.task("sent"):
            role.stamp(clocks.sent, cost=0)
    return clocks


def _pass_on(role: Role, block: Mem, leaves: Color | None, clocks: _Clocks) -> None:
    """Write the dispatch of the sending, or where nothing is sent the reading of the counter."""
    if leaves is None:
        role.wait(role.builder.wafer.code.call_cycles)
        role.stamp(clocks.read, cost=0)
        return
    role.route(leaves, "RAMP", "EAST")
    role.stamp(clocks.dispatched, cost=0)
    role.mov32(role.fabout(leaves, block.length), block, thread=1, activate=role.declare("sent"))


def _read(machine: Machine, roles: Sequence[Role], clocks: Sequence[_Clocks]) -> Message:
    def at(number: int, clock: Register) -> int:
        return int(machine.register(roles[number], clock.index)[0])

    core, words = machine.builder.wafer.core, roles[0].variables["block"].length
    dispatched = at(0, clocks[0].dispatched)
    last_word = dispatched + core.microthread_launch_cycles + words - 1
    return Message(
        received=at(1, clocks[1].started) - dispatched,
        completed=at(0, clocks[0].sent) - last_word,
        bracketed=at(-1, clocks[-1].read) - at(0, clocks[0].started),
    )
