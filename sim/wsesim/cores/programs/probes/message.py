"""A block of words along each row of cores, from the first to the last, straight through or from relay to relay.

source --> router --> router --> core       one stretch over some hops
source --> core --> core --> core           relays: each core takes the whole block in, and its task sends it on

Blocks are sent and received on microthreads; the end of a receipt starts a task. The source reads the cycle counter
before it sends, the last core after it has received.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import (
    KernelCase,
    KernelSetup,
    Measure,
    Reading,
    Shares,
    choice_option,
    one_row,
    whole_option,
)
from wsesim.cores.kit.written import kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, Color, Mem, Register
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "message"
SLOPE = 8
"""What part of its words a message has whose time is taken off that of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """How long things took, in cycles."""

    received: int
    """From the dispatch of the sending to the first instruction of the task that the last word starts."""
    completed: int
    """From the last word's departure to the first instruction of the task that it starts at the source."""
    bracketed: int
    """Between readings of the counter at the source and at the last core, with what they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a block goes along a row."""

    rows: int
    """Of cores, each with a block of its own."""
    words: int
    hops: int
    """Of a stretch."""
    relays: int
    """Stretches."""
    handled: bool
    """Whether the task of a core that has received it works on it before it goes on."""

    @classmethod
    def of(cls, setup: KernelSetup) -> _Way:
        """Return the way that is asked for.

        Raises:
            InputError: the row has no second core, or stretches do not divide it.
        """
        (words,), options = setup.shape, setup.options
        relays, hops = whole_option(options, "relays", 1), setup.columns - 1
        if not hops or hops % relays:
            wanted = f"takes 1 + a multiple of {relays} columns"
            raise InputError.at(f"{NAME} over {relays} stretches {wanted}; got {setup.columns}")
        handled = choice_option(options, "handled", ("no", "yes")) == "yes"
        return cls(rows=setup.rows, words=words, hops=hops // relays, relays=relays, handled=handled)

    @property
    def columns(self) -> int:
        """Columns of cores."""
        return self.hops * self.relays + 1


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


def write(way: _Way, builder: Builder) -> tuple[list[CoreRole], list[_Clocks]]:
    """Write the programs; return the roles of cores that take the block in, and their clocks."""
    rows = builder.height
    colors = [builder.color(f"block {number}") for number in range(2)]
    for number in range(1, way.relays + 1):
        _let_pass(builder, colors[number % 2], range((number - 1) * way.hops + 1, number * way.hops))
    roles, clocks = [], []
    work = builder.wafer.code.pass_on_cycles if way.handled else 0
    for number in range(way.relays + 1):
        role = builder.role(f"core {number}")
        builder.place(role, [number * way.hops], range(rows))
        arrives, leaves = (colors[at % 2] if 0 < at <= way.relays else None for at in (number, number + 1))
        roles.append(role)
        clocks.append(_write(role, way.words, arrives, leaves, work))
    return roles, clocks


def _let_pass(builder: Builder, color: Color, columns: Sequence[int]) -> None:
    if columns:
        between = builder.role(f"between {columns[0]}")
        between.route(color, "WEST", "EAST")
        builder.place(between, columns, range(builder.height))


def _write(role: CoreRole, words: int, arrives: Color | None, leaves: Color | None, work: int) -> _Clocks:
    block = role.memory("block" if arrives is None else "received", words, isa.I32)
    clocks = _Clocks(*(role.register() for _ in range(4)))
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


def _pass_on(role: CoreRole, block: Mem, leaves: Color | None, clocks: _Clocks) -> None:
    """Write the dispatch of the sending, or where nothing is sent the reading of the counter."""
    if leaves is None:
        role.wait(role.wafer.code.call_cycles)
        role.stamp(clocks.read, cost=0)
        return
    role.route(leaves, "RAMP", "EAST")
    role.stamp(clocks.dispatched, cost=0)
    role.mov32(role.fabout(leaves, block.length), block, thread=1, activate=role.declare("sent"))


def send(wafer: Wafer, *, words: int, hops: int = 1, relays: int = 1, handled: bool = False) -> Message:
    """Run one row and read its clocks."""
    builder = Builder(wafer, width=hops * relays + 1, height=1)
    roles, clocks = write(_Way(rows=1, words=words, hops=hops, relays=relays, handled=handled), builder)
    machine = CoreMachine(builder)
    machine.run()

    def at(number: int, clock: Register) -> int:
        return int(machine.register(roles[number], clock.index)[0])

    dispatched = at(0, clocks[0].dispatched)
    last_word = dispatched + wafer.core.microthread_launch_cycles + words - 1
    return Message(
        received=at(1, clocks[1].started) - dispatched,
        completed=at(0, clocks[0].sent) - last_word,
        bracketed=at(-1, clocks[-1].read) - at(0, clocks[0].started),
    )


def closed(wafer: Wafer, way: _Way) -> float:
    """Return the cycles: start, reading, stretches one after the other, the call of the last reading."""
    core, fabric = wafer.core, wafer.fabric
    stretch = core.microthread_launch_cycles + 1 + 2 * fabric.ramp_cycles + way.hops * fabric.hop_cycles
    stretch += way.words + core.activation_cycles
    work = wafer.code.pass_on_cycles if way.handled else 0
    return core.task_launch_cycles + core.stamp_cycles + way.relays * (stretch + work) + wafer.code.call_cycles


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part in which words stream through a link."""
    way = _Way.of(case.setup)
    return {"link": way.relays * way.words / cycles}


def _sent(case: KernelCase) -> Message:
    way = _Way.of(case.setup)
    return send(case.wafer, words=way.words, hops=way.hops, relays=way.relays, handled=way.handled)


def _counter(case: KernelCase) -> Reading:
    value = _sent(case).bracketed
    return Reading(value=value, shares=limits(case, value))


def _received(case: KernelCase) -> Reading:
    value = _sent(case).received
    return Reading(value=value, shares={"link": case.shape[0] / value})


def _first_wavelet(case: KernelCase) -> Reading:
    """Take off the receipt of one word what comes after the next router: ramp, its own cycle, the task's start."""
    wafer = case.wafer
    received = send(wafer, words=1).received
    return Reading(value=received - wafer.fabric.ramp_cycles - 1 - wafer.core.activation_cycles)


def _completion(case: KernelCase) -> Reading:
    return Reading(value=_sent(case).completed)


def _per_hop(case: KernelCase) -> Reading:
    way = _Way.of(case.setup)
    if way.hops == 1:
        raise InputError.at("a slope over hops wants a stretch of 2 hops or more")
    near, far = (send(case.wafer, words=way.words, hops=hops).received for hops in (1, way.hops))
    return Reading(value=(far - near) / (way.hops - 1))


def _per_wavelet(case: KernelCase) -> Reading:
    way = _Way.of(case.setup)
    if way.words < SLOPE:
        raise InputError.at(f"a slope over words wants {SLOPE} words or more; got {way.words}")
    short = way.words // SLOPE
    few, many = (send(case.wafer, words=words, hops=way.hops).received for words in (short, way.words))
    return Reading(value=(many - few) / (way.words - short), shares={"link": 1.0})


PROGRAM = kernel(
    name=NAME, doc=__doc__, shape_help="WORDS: 32-bit words of the block", example="8", takes="one number of words",
    asked=_Way.of, operands=lambda way, random: {"block": random.integers(0, 2**24, (way.rows, way.words)) * 1.0},
    lay=lambda way, block: {"block": np.broadcast_to(block[:, None], (way.rows, way.columns, way.words))},
    write=write, meaning=lambda way, block: block, read=lambda _, ran: ran.read(ran.builder.roles[-1], "received"),
    closed=closed, need=lambda way: way.words * ELEMENT_BYTES[isa.I32], fold=one_row,
    values=lambda way: (way.relays + 1) * way.rows * way.words,
    options={
        "relays": "stretches, each as many hops [1]",
        "handled": "no, or yes: whether the task of a core that has received it works on it before it goes on [no]",
    },
    limits=limits,
    measures={
        "counter_cycles": Measure(cores=_counter),
        "received_cycles": Measure(cores=_received),
        "first_wavelet_cycles": Measure(cores=_first_wavelet),
        "completion_cycles": Measure(cores=_completion, silicon=False),
        "cycles_per_hop": Measure(cores=_per_hop),
        "cycles_per_wavelet": Measure(cores=_per_wavelet),
    },
)  # fmt: skip
