"""Load a program onto a rectangle of cores, run it, and read what it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa, jit
from wsesim.cores.bits import rounded, view
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.check import check_program
from wsesim.cores.errors import NO_HOPS, ProgramError, TooLarge
from wsesim.cores.errors import Deadlock as Deadlock
from wsesim.cores.explain import explain_circling, explain_fault, explain_unread, explain_waiting
from wsesim.cores.lines import line_cycles
from wsesim.cores.operands import MEMORY_WORD_BYTES, Color
from wsesim.cores.packing import CORES_A_WORD, PATIENCE_CYCLES, STEP, pack, role_queues
from wsesim.cores.path import MOST_CORES, MOST_EVENTS, CriticalPath, critical_path
from wsesim.cores.spans import Span, flows_of, spans_of
from wsesim.cores.state import CAUSES, EVENT, FAULTY, HUNG, IDLE, LAST_CYCLE, LAUNCH, PAUSED, State, zeros
from wsesim.cores.tally import bytes_moved, energy_events
from wsesim.errors import nearest

MOST_CORES_UNCOMPILED = 4096
"""Cores that uncompiled code, some 600 times slower, is allowed to run."""
MOST_WATCHED = 1024
"""Cores whose instructions can be recorded at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRun:
    """What a run showed."""

    cycles: int
    """Until the last core or router stood still."""
    events: int
    """Wavelets that left a queue, and cycles a core worked."""
    busy: npt.NDArray[np.int64]
    """[row, column] cycles in which the datapath or the main thread worked."""
    spent: dict[str, npt.NDArray[np.int64]]
    """[row, column] cycles by what they went to, one of `state.CAUSES`; all together are the cycles of the run."""
    stalled: npt.NDArray[np.int64]
    """[row, column] cycles with a task or a vector instruction under way that had to wait."""
    sent: npt.NDArray[np.int64]
    """[row, column, port] wavelets that left a router: west, east, north, south, ramp."""
    traffic: dict[str, int]
    """Wavelets times links they crossed, by color."""
    fmacs: int
    """Multiply-accumulates."""
    executed: npt.NDArray[np.int64]
    """[instruction] elements handled, or times a scalar one ran; of all roles, one after the other."""
    elements: int
    """Elements of vector instructions."""
    sram_bytes: int
    """Bytes that vector instructions read from and wrote to memory."""
    energy_events: dict[str, float]
    """What costs energy, by kind (`hardware.Energy`)."""
    frames: npt.NDArray[np.int64]
    """[time, row, column] cycles worked since the frame before, if asked for."""
    spans: tuple[Span, ...]
    """What the watched cores did, by start."""
    flows: tuple[tuple[Span, Span], ...]
    """Of these, which received what which sent."""
    path: CriticalPath | None = None
    """The chain of events that made the last cycle; None where it was not asked for, or more happened than is noted."""
    by_line: npt.NDArray[np.int64] | None = None
    """[instruction, `lines.WORKED` and waiting] cycles on all cores; None where there is no path either."""

    @property
    def hops(self) -> int:
        """Wavelets times links they crossed."""
        return int(self.sent[:, :, : isa.RAMP].sum())


class CoreMachine:
    """A program on its cores, ready to run once."""

    def __init__(self, builder: Builder) -> None:
        """Check the program and lay it out.

        Raises:
            ProgramError: it cannot run; `check_program` lists why.
            TooLarge: it has more cores than run uncompiled, or hops that take no time.
        """
        check_program(builder)
        if builder.wafer.fabric.hop_cycles < 1:
            raise TooLarge(NO_HOPS)
        cores = builder.width * builder.height
        if not jit.COMPILED and cores > MOST_CORES_UNCOMPILED:
            raise TooLarge(
                f"{cores:,} cores need compiled code ({jit.INSTALL}), without which {MOST_CORES_UNCOMPILED:,} are most"
            )
        self.builder = builder
        self.state = pack(builder)
        self._has_run = False

    def write(self, role: CoreRole, name: str, values: npt.ArrayLike, cores: slice = slice(None)) -> None:
        """Fill a variable on every core of *role*, or some; *values* is [core, element], cores row by row.

        Raises:
            ProgramError: the role has no such variable, or the values do not fit it.
        """
        stored, given = self.stored(role, name)[cores], np.asarray(values)
        try:
            np.broadcast_to(given, stored.shape)
        except ValueError:
            has, wants = np.shape(values), f"{stored.shape[0]} cores of {stored.shape[1]} elements"
            raise ProgramError(
                f"values of the shape {has} do not fit {name!r} of role {role.name!r}: {wants}"
            ) from None
        stored[:] = rounded(given, role.variables[name].kind)

    def read(self, role: CoreRole, name: str) -> npt.NDArray[np.float64]:
        """Return a variable as [core, element]."""
        return self.stored(role, name).astype(np.float64)

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
        self.state.filters["first"][self._cores(role), [*role.filters].index(color.index)] = firsts

    def register(self, role: CoreRole, index: int) -> npt.NDArray[np.float64]:
        """Return a register of every core of *role*."""
        return np.asarray(self.state.registers[self._cores(role), index].copy())

    def run(
        self, *, limit: int = LAST_CYCLE, patience: int = PATIENCE_CYCLES, frame_cycles: int | None = None,
        watch: Iterable[tuple[int, int]] = (), unread: bool = False, tell_cycles: int | None = None,
        tell: Callable[[int], None] = lambda _: None, path: bool = False,
    ) -> CoreRun:  # fmt: skip
        """Run until nothing happens any more.

        Args:
            limit: cycles after which it is an error that something still does.
            patience: cycles in which nothing moves, or no program acts, that are an error too.
            frame_cycles: record the activity of every core in steps of so many cycles.
            watch: cores, as (column, row), whose tasks and vector instructions to record.
            unread: accept that wavelets lie unread at the end.
            tell_cycles: *tell* every so many cycles, or at every step of the recorded activity, how far it is.
            tell: takes the cycles simulated so far.
            path: find the critical path; of a run of more than `path.MOST_CORES` cores or `path.MOST_EVENTS` events,
                none is found.

        Raises:
            Deadlock: somebody waits for what never comes; says which cores and for what.
            ProgramError: it has run before, does not end, leaves wavelets unread, or does what no core can.
        """
        if path and self.builder.width * self.builder.height <= MOST_CORES:
            self.state = self.state._replace(events=zeros(MOST_EVENTS, EVENT))
        state, clock = self.state, self.state.clock[0]
        if self._has_run:
            raise ProgramError("the machine has run already: load the program again")
        self._has_run = True
        _call_all(state)
        clock["patience"] = patience
        self._watch(watch)
        ended, frames, rows = self._play(min(limit, LAST_CYCLE), frame_cycles, tell_cycles, tell)
        self._check_end(ended, patience)
        left = "" if unread else explain_unread(self.builder, state)
        if left:
            raise ProgramError(f"after the last cycle, {int(clock['worked']):,}, {left}")
        return self._result(frames, rows)

    def _check_end(self, ended: int, patience: int) -> None:
        """Refuse a run that did not end by itself, with everybody done."""
        clock, waiting = self.state.clock[0], explain_waiting(self.builder, self.state)
        now = int(clock["now"])
        if ended == FAULTY:
            raise ProgramError(explain_fault(self.builder, self.state))
        if ended == PAUSED:
            raise ProgramError(f"still running after {now:,} cycles: {waiting or 'wavelets are on their way'}")
        if ended == HUNG:
            circling = waiting or explain_circling(self.builder, self.state)
            raise ProgramError(f"got nowhere in the {patience:,} cycles up to {now:,}: {circling}")
        if waiting:
            raise Deadlock(f"nothing moves after cycle {int(clock['worked']):,}: {waiting}")

    def _play(
        self, limit: int, frame_cycles: int | None, tell_cycles: int | None, tell: Callable[[int], None]
    ) -> tuple[int, list[npt.NDArray[np.int64]], list[Any]]:
        """Call the engine until it ends; return how, the cycles worked at each frame's end, and the log."""
        from wsesim.cores import engine  # which brings the compiler along

        state, clock, frames, rows = self.state, self.state.clock[0], [], []
        step = frame_cycles or tell_cycles or limit
        until = min(limit, step)
        while True:
            with np.errstate(all="ignore"):
                ended = int(engine.run_cycles(until, state))
            rows += state.log[: clock["logged"]].tolist()
            clock["logged"] = 0
            if ended == PAUSED and clock["now"] < until:
                continue
            if frame_cycles:
                frames.append(state.tallies["busy"].astype(np.int64))
            if ended != PAUSED or until >= limit:
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
            self.state.cores[row * self.builder.width + column]["watched"] = 1
        clock = self.state.clock[0]  # the log has room for all that so many cores do at once
        clock["ahead"] = min(clock["ahead"], MOST_WATCHED // max(1, len(chosen)))

    def _result(self, frames: list[npt.NDArray[np.int64]], rows: list[Any]) -> CoreRun:
        state, shape = self.state, (self.builder.height, self.builder.width)
        executed = state.executed[: sum(len(role.instructions) for role in self.builder.roles)]
        instructions = [each for role in self.builder.roles for each in role.instructions]
        bytes_ = [bytes_moved(each) for each in instructions]
        described = int(state.clock[0]["described"]) * MEMORY_WORD_BYTES
        busy = state.tallies["busy"].astype(np.int64)
        sent, traffic = self._traffic()
        spans = spans_of(self.builder, rows)
        noted = 0 < state.clock[0]["noted"] <= len(state.events)
        worked = np.diff(np.array([np.zeros_like(busy), *frames]), axis=0).reshape(-1, *shape)
        return CoreRun(
            cycles=int(state.clock[0]["worked"]),
            events=int(state.clock[0]["events"]),
            busy=busy.reshape(shape),
            spent=self._spent(),
            stalled=np.maximum(0, state.tallies["occupied"] - busy).reshape(shape),
            sent=sent,
            traffic=traffic,
            fmacs=int(executed[[each.op == isa.MAC for each in instructions]].sum()),
            executed=executed,
            elements=int(executed[[each.is_vector for each in instructions]].sum()),
            sram_bytes=int((executed * np.array(bytes_, np.int64)).sum() + described),
            energy_events={
                **energy_events(instructions, executed, described),
                "issue": float(busy.sum()),
                "hop": float(sent[:, :, : isa.RAMP].sum()),
            },
            frames=worked,
            spans=spans,
            flows=flows_of(self.builder, spans),
            path=critical_path(self.builder, state) if noted else None,
            by_line=line_cycles(state) if noted else None,
        )

    def _spent(self) -> dict[str, npt.NDArray[np.int64]]:
        """Return the cycles of every core by cause; what comes after its last work is idle.

        Starts of what then has no elements may last longer than any work; those cycles are not the run's.
        """
        spent = self.state.tallies["spent"].astype(np.int64)
        rest = self.state.clock[0]["worked"] - spent.sum(1)
        spent[:, IDLE] += np.maximum(0, rest)
        spent[:, LAUNCH] += np.minimum(0, rest)
        shape = (self.builder.height, self.builder.width)
        return {cause: spent[:, number].reshape(shape) for number, cause in enumerate(CAUSES)}

    def _traffic(self) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
        """Return wavelets by core and port, and link crossings by color."""
        state, builder = self.state, self.builder
        sent = np.zeros((len(state.cores), isa.PORTS), np.int64)
        traffic = {color.name: 0 for color in builder.colors}
        for number, role in enumerate(builder.roles):
            here = np.flatnonzero(state.cores["role"] == number)
            for at, queue in enumerate(role_queues(builder, role)):
                pushed = state.queues["pushed"][here, at].astype(np.int64)
                if queue.port == isa.INWARD:
                    sent[here, isa.RAMP] += pushed
                elif queue.port != isa.RAMP:
                    some = pushed > 0
                    down, right = STEP[queue.port]
                    sent[here[some] + down * builder.width + right, queue.port ^ 1] += pushed[some]
                    traffic[builder.colors[queue.color].name] += int(pushed.sum())
        return sent.reshape(builder.height, builder.width, isa.PORTS), traffic

    def _cores(self, role: CoreRole) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.builder.role_of.ravel() == self.builder.roles.index(role))

    def stored(self, role: CoreRole, name: str) -> npt.NDArray[Any]:
        """Return a variable, [core, element], as it lies in memory."""
        if name not in role.variables:
            raise ProgramError(f"role {role.name!r} has no variable {name!r}{nearest(name, role.variables)}")
        variable, cores = role.variables[name], self._cores(role)
        first = int(self.state.cores["memory"][cores[0]]) if len(cores) else 0
        words = self.state.memory[first : first + len(cores) * role.words].reshape(len(cores), role.words)
        return view(words[:, variable.address : variable.address + variable.length * variable.words], variable.kind)


def _call_all(state: State) -> None:
    """Have all cores visited in the first cycle."""
    state.due[0], rest = -1, len(state.cores) % CORES_A_WORD
    if rest:
        state.due[0, -1] = (1 << rest) - 1
