"""Load a program onto a rectangle of cores, run it, and read what it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import engine, isa, jit, records
from wsesim.cores.bits import from_bits, to_bits
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.check import check_program
from wsesim.cores.errors import Deadlock as Deadlock
from wsesim.cores.errors import ProgramError, TooLarge
from wsesim.cores.explain import explain_circling, explain_fault, explain_unread, explain_waiting
from wsesim.cores.operands import Color
from wsesim.cores.packing import PATIENCE_CYCLES, STEP, pack, role_queues
from wsesim.errors import nearest

MOST_CORES_UNCOMPILED = 4096
"""Cores that uncompiled code, some 600 times slower, is allowed to run."""
MOST_WATCHED = 1024
"""Cores whose instructions can be recorded at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A task or a vector instruction from start to end."""

    column: int
    row: int
    thread: int | None
    """Microthread; None: the main thread."""
    name: str
    place: str
    """Line of the builder; empty for a task."""
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRun:
    """What a run showed."""

    cycles: int
    """Until the last core or router stood still."""
    events: int
    """Wavelets that left a queue, and cycles a core worked."""
    busy: npt.NDArray[np.int64]
    """[row, column] cycles in which the datapath or the main thread worked."""
    stalled: npt.NDArray[np.int64]
    """[row, column] cycles with a task or a vector instruction under way that had to wait."""
    sent: npt.NDArray[np.int64]
    """[row, column, port] wavelets that left a router: west, east, north, south, ramp."""
    traffic: dict[str, int]
    """Wavelets times links they crossed, by color."""
    fmacs: int
    """Multiply-accumulates."""
    elements: int
    """Elements of vector instructions."""
    sram_bytes: int
    """Bytes that vector instructions read from and wrote to memory."""
    frames: npt.NDArray[np.int64]
    """[time, row, column] cycles worked since the frame before, if asked for."""
    spans: tuple[Span, ...]
    """What the watched cores did, by start."""

    @property
    def hops(self) -> int:
        """Wavelets times links they crossed."""
        return int(self.sent[:, :, : isa.RAMP].sum())

    @property
    def idle(self) -> npt.NDArray[np.int64]:
        """[row, column] cycles with nothing under way."""
        return self.cycles - self.busy - self.stalled


class CoreMachine:
    """A program on its cores, ready to run once."""

    def __init__(self, builder: Builder) -> None:
        """Check the program and lay it out.

        Raises:
            ProgramError: it cannot run; `check_program` lists why.
            TooLarge: it has more cores than run uncompiled.
        """
        check_program(builder)
        cores = builder.width * builder.height
        if not jit.COMPILED and cores > MOST_CORES_UNCOMPILED:
            raise TooLarge(
                f"{cores:,} cores need compiled code ({jit.INSTALL}), without which {MOST_CORES_UNCOMPILED:,} are most"
            )
        self.builder = builder
        self.arrays = pack(builder)
        self._has_run = False

    def write(self, role: CoreRole, name: str, values: npt.ArrayLike) -> None:
        """Fill a variable on every core of *role*; *values* is [core, element], cores row by row.

        Raises:
            ProgramError: the role has no such variable, or the values do not fit it.
        """
        cells = self._cells(role, name)
        try:
            spread = np.broadcast_to(np.asarray(values), cells.shape)
        except ValueError:
            has, wants = np.shape(values), f"{cells.shape[0]} cores of {cells.shape[1]} elements"
            raise ProgramError(
                f"values of the shape {has} do not fit {name!r} of role {role.name!r}: {wants}"
            ) from None
        self.arrays.memory[cells] = to_bits(spread, role.variables[name].kind)

    def read(self, role: CoreRole, name: str) -> npt.NDArray[np.float64]:
        """Return a variable as [core, element]."""
        return from_bits(self.arrays.memory[self._cells(role, name)], role.variables[name].kind)

    def place_filter(self, role: CoreRole, color: Color, first: npt.ArrayLike) -> None:
        """Give the filter of a color on every core of *role* its own first wavelet; *first* is [core].

        Raises:
            ProgramError: the role does not filter the color, or one of them reaches outside its period.
        """
        found, firsts = role.filters.get(color.index), np.asarray(first)
        if found is None:
            raise ProgramError(f"role {role.name!r} does not filter color {color.name!r}")
        if (firsts < 0).any() or (found.period and (firsts + found.count > found.period).any()):
            raise ProgramError(f"role {role.name!r}: the filter of color {color.name!r} reaches outside its period")
        number = next(
            at for at, queue in enumerate(role_queues(role))
            if queue.color == color.index and queue.port == isa.INWARD
        )  # fmt: skip
        rows = self.arrays.cores[self._cores(role), records.QUEUE] + number
        self.arrays.queues[rows, records.FILTER_FIRST] = firsts

    def register(self, role: CoreRole, index: int) -> npt.NDArray[np.float64]:
        """Return a register of every core of *role*."""
        return np.asarray(self.arrays.registers[self._cores(role), index].copy())

    def run(
        self, *, limit: int = records.LAST_CYCLE, patience: int = PATIENCE_CYCLES, frame_cycles: int | None = None,
        watch: Iterable[tuple[int, int]] = (), unread: bool = False, order: npt.ArrayLike | None = None,
        tell_cycles: int | None = None, tell: Callable[[int], None] = lambda _: None,
    ) -> CoreRun:  # fmt: skip
        """Run until nothing happens any more.

        Args:
            limit: cycles after which it is an error that something still does.
            patience: cycles in which nothing moves, or no program acts, that are an error too.
            frame_cycles: record the activity of every core in steps of so many cycles.
            watch: cores, as (column, row), whose tasks and vector instructions to record.
            unread: accept that wavelets lie unread at the end.
            order: cores in the order they are visited first; it must not matter.
            tell_cycles: *tell* every so many cycles, or at every step of the recorded activity, how far it is.
            tell: takes the cycles simulated so far.

        Raises:
            Deadlock: somebody waits for what never comes; says which cores and for what.
            ProgramError: it has run before, does not end, leaves wavelets unread, or does what no core can.
        """
        arrays, cores = self.arrays, self.builder.width * self.builder.height
        if self._has_run:
            raise ProgramError("the machine has run already: load the program again")
        self._has_run = True
        first = np.arange(cores) if order is None else np.asarray(order)
        arrays.buckets[0], arrays.counts[0], arrays.listed[:] = first, cores, 1
        arrays.clock[records.PATIENCE] = patience
        self._watch(watch)
        ended, frames, rows = self._play(min(limit, records.LAST_CYCLE), frame_cycles, tell_cycles, tell)
        waiting = explain_waiting(self.builder, arrays)
        now = int(arrays.clock[records.NOW])
        if ended == records.FAULTY:
            raise ProgramError(explain_fault(self.builder, arrays))
        if ended == records.PAUSED:
            raise ProgramError(f"still running after {now:,} cycles: {waiting or 'wavelets are on their way'}")
        if ended == records.HUNG:
            circling = waiting or explain_circling(self.builder, arrays)
            raise ProgramError(f"got nowhere in the {patience:,} cycles up to {now:,}: {circling}")
        if waiting:
            raise Deadlock(f"nothing moves after cycle {arrays.clock[records.WORKED]:,}: {waiting}")
        left = "" if unread else explain_unread(self.builder, arrays)
        if left:
            raise ProgramError(f"after the last cycle, {arrays.clock[records.WORKED]:,}, {left}")
        return self._result(frames, rows)

    def _play(
        self, limit: int, frame_cycles: int | None, tell_cycles: int | None, tell: Callable[[int], None]
    ) -> tuple[int, list[npt.NDArray[np.int64]], list[Any]]:
        """Call the engine until it ends; return how, the cycles worked at each frame's end, and the log."""
        arrays, frames, rows = self.arrays, [], []
        step = frame_cycles or tell_cycles or limit
        until = min(limit, step)
        while True:
            with np.errstate(all="ignore"):
                ended = _run(arrays, until)
            logged = int(arrays.clock[records.LOGGED])
            rows += arrays.log[:logged].tolist()
            arrays.clock[records.LOGGED] = 0
            if ended == records.PAUSED and arrays.clock[records.NOW] < until:
                continue
            if frame_cycles:
                frames.append(arrays.cores[:, records.BUSY].copy())
            if ended != records.PAUSED or until >= limit:
                return ended, frames, rows
            tell(until)
            until = min(limit, until + step)

    def _watch(self, watch: Iterable[tuple[int, int]]) -> None:
        chosen = list(watch)
        if len(chosen) > MOST_WATCHED:
            raise ProgramError(f"{len(chosen):,} cores are to be watched; {MOST_WATCHED:,} are the most")
        for column, row in chosen:
            if not (0 <= column < self.builder.width and 0 <= row < self.builder.height):
                raise ProgramError(f"core ({column}, {row}) is to be watched; the program has none there")
            self.arrays.cores[row * self.builder.width + column, records.WATCHED] = 1

    def _result(self, frames: list[npt.NDArray[np.int64]], rows: list[Any]) -> CoreRun:
        arrays, shape = self.arrays, (self.builder.height, self.builder.width)
        code, executed = arrays.code, arrays.executed
        memory = np.zeros(len(code), np.int64)
        for operand in range(4):
            at = isa.DEST + operand * isa.OPERAND_WIDTH
            memory += np.where(code[:, at + isa.KIND] == isa.MEM, code[:, at + isa.BYTES], 0)
        busy = np.asarray(arrays.cores[:, records.BUSY], np.int64)
        sent, traffic = self._traffic()
        worked = np.diff(np.array([np.zeros_like(busy), *frames]), axis=0).reshape(-1, *shape)
        return CoreRun(
            cycles=int(arrays.clock[records.WORKED]),
            events=int(arrays.clock[records.EVENTS]),
            busy=busy.reshape(shape),
            stalled=np.maximum(0, arrays.cores[:, records.OCCUPIED] - busy).reshape(shape),
            sent=sent,
            traffic=traffic,
            fmacs=int(executed[code[:, isa.OP] == isa.MAC].sum()),
            elements=int(executed.sum()),
            sram_bytes=int((executed * memory).sum()),
            frames=worked,
            spans=tuple(
                sorted((self._span(row) for row in rows), key=lambda span: (span.start, span.row, span.column))
            ),
        )

    def _traffic(self) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
        """Return wavelets by core and port, and link crossings by color."""
        queues, width = self.arrays.queues, self.builder.width
        sent = np.zeros((len(self.arrays.cores), isa.PORTS), np.int64)
        pushed, owner = queues[:, records.PUSHED].astype(np.int64), queues[:, records.OWNER]
        feeder = queues[:, records.FEEDER]
        inward = (self.arrays.cores[owner, records.FORWARD] >> queues[:, records.BIT] & 1) == 0
        np.add.at(sent[:, isa.RAMP], owner[inward], pushed[inward])
        links = feeder != owner
        for port, (down, right) in STEP.items():
            these = links & (owner - feeder == down * width + right)
            if width == 1:
                these &= port in (isa.NORTH, isa.SOUTH)
            np.add.at(sent[:, port], feeder[these], pushed[these])
        colors = np.bincount(queues[links, records.COLOR], pushed[links], len(self.builder.colors)).astype(int)
        traffic = {color.name: int(colors[color.index]) for color in self.builder.colors}
        return sent.reshape(self.builder.height, width, isa.PORTS), traffic

    def _span(self, row: list[int]) -> Span:
        core, slot, line, start, end = row
        role = self.builder.roles[int(self.arrays.cores[core, records.ROLE])]
        if slot == records.TASK_SLOT:
            name, place = next(task.name for task in role.tasks.values() if task.index == line), ""
        else:
            name = _NAMES[int(self.arrays.code[line, isa.OP])]
            place = self.builder.places[int(self.arrays.code[line, isa.LINE])]
        return Span(
            column=core % self.builder.width, row=core // self.builder.width, thread=slot - 1 if slot > 0 else None,
            name=name, place=place, start=start, end=end,
        )  # fmt: skip

    def _cores(self, role: CoreRole) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.builder.role_of.ravel() == self.builder.roles.index(role))

    def _cells(self, role: CoreRole, name: str) -> npt.NDArray[np.int64]:
        if name not in role.variables:
            raise ProgramError(f"role {role.name!r} has no variable {name!r}{nearest(name, role.variables)}")
        variable = role.variables[name]
        first = self.arrays.cores[self._cores(role), records.CELL] + variable.cell
        return np.asarray(first[:, None] + np.arange(variable.length))


_NAMES = dict(enumerate(("mov", "add", "sub", "mul", "mac", "max", "add3"), start=isa.MOV))


def _run(arrays: Any, until: int) -> int:
    return int(engine.run_cycles(
        until, arrays.code, arrays.entries, arrays.queue_task, arrays.control_task, arrays.routes, arrays.cores,
        arrays.queues, arrays.ring, arrays.memory, arrays.floats, arrays.registers, arrays.position, arrays.executed,
        arrays.clock, arrays.log, arrays.buckets, arrays.listed, arrays.counts,
    ))  # fmt: skip
