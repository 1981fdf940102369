"""A compiled program on simulated cores: launches, copies, streams, one after the other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa, state
from wsesim.cores.state import LAST_CYCLE, READY_SHIFT
from wsesim.csl.image import HostFunction, Image, Type, Variable
from wsesim.csl.machine.explain import explain_fault
from wsesim.csl.machine.log import RunLog
from wsesim.csl.machine.packing import pack
from wsesim.csl.machine.services import Services
from wsesim.csl.machine.waiting import explain_waiting
from wsesim.errors import nearest
from wsesim.hardware import Wafer, load_cluster

MACHINES = {"wse2": "cs-2", "wse3": "cs-3"}
LATENCY = 280
"""Cycles from the end of a command of the host to the begin of the next. In the vendor's simulator conjugate-gradient
took 3,323 cycles more with 13 more commands for the same work (14,958 and 11,635): here 3,350."""
QUEUED_LATENCY = 100
"""The same after a command that the host does not wait for: the next one has been sent by then. 7pt-stencil-spmv starts
its clock so: it took 2,129 cycles, of which its cores' work and one `LATENCY` are 2,033 here; of residual, asked in the
same way, 674 and 582."""
STRIDE = 1 << 17
"""Cycles after which a run is looked at."""
_BIT = np.int64(1)
MOST_QUIET = 2_000_000
"""Cycles after which a command no longer waits for cores that never come to rest."""
DTYPES = {Type.F32: np.float32, Type.F16: np.float16, Type.I16: np.int16, Type.U16: np.uint16, Type.I32: np.int32,
          Type.U32: np.uint32, Type.BOOL: np.uint16, Type.I8: np.int16, Type.U8: np.uint16, Type.I64: np.int64,
          Type.U64: np.uint64}  # fmt: skip


class CslFault(RuntimeError):
    """A program does what no core can, or waits for what never comes."""


class CslMachine:
    """The cores of an image; each method is a command of the host."""

    def __init__(self, image: Image, wafer: Wafer | None = None) -> None:
        """Lay the program out, on the machine of its generation unless told."""
        self.image, self.wafer = image, wafer or load_cluster(MACHINES[image.arch]).cluster.wafer
        self.state, self.laid, self.role_class = pack(image, self.wafer)
        self.class_of = np.frombuffer(image.class_of, np.int32)
        self.traces: list[tuple[int, ...]] = []
        """(core, cycle, number, a, b, c) of intrinsics that say something."""
        self.log = RunLog()
        self.services = Services(self)
        self._arrived: dict[tuple[int, int], deque[int]] = defaultdict(deque)
        self._offered: dict[tuple[int, int, int], deque[int]] = defaultdict(deque)
        self._call_all()

    @property
    def cycles(self) -> int:
        """Until the last core or router stood still."""
        return int(self.state.clock[0]["worked"])

    def _call_all(self) -> None:
        cores = len(self.state.cores)
        self.state.due[0] = -1
        if cores % 64:
            self.state.due[0, -1] = (1 << cores % 64) - 1

    def _now(self) -> int:
        return int(self.state.clock[0]["now"])

    def advance(self, until: int) -> bool:
        """Run up to a cycle; whether all was quiet before it.

        Raises:
            CslFault: a core did what none can, or nothing comes of what they do.
        """
        from wsesim.cores import engine

        while True:
            stop = min(until, self.services.next_due())
            with np.errstate(all="ignore"):
                ended = int(engine.run_code_cycles(stop, self.state))
            self._take_notes()
            if ended == state.FAULTY:
                raise CslFault(explain_fault(self))
            if ended == state.HUNG:
                raise CslFault(f"got nowhere for a long time: {explain_waiting(self)}")
            if self.services.serve(ended == state.QUIET):
                continue
            if self._offer():
                continue
            if ended == state.QUIET:
                return True
            if self._now() >= until:
                return False

    def settle(self, done: Callable[[], bool] | None = None) -> bool:
        """Run until all is quiet, or something is done where it never is; whether it came to rest."""
        limit = self._now() + MOST_QUIET
        while not self.advance(min(limit, self._now() + STRIDE)):
            if self._now() >= limit:
                if done is None or done():
                    return False
                limit += MOST_QUIET
            if self._now() >= LAST_CYCLE - STRIDE:
                raise CslFault(f"still running after {self._now():,} cycles: {explain_waiting(self)}")
        return True

    def pause(self, *, queued: bool = False) -> None:
        """Let the time between two commands pass; *queued*: the host does not wait for the first."""
        clock = self.state.clock[0]
        clock["now"] += QUEUED_LATENCY if queued else LATENCY

    def _take_notes(self) -> None:
        code = self.state.code_state
        meter = code.meter[0]
        for row in code.collected[: meter["collected"]].tolist():
            self._arrived[row[0], row[2]].append(row[3])
        meter["collected"] = 0
        for row in code.notes[: meter["notes"]].tolist():
            if not self.services.note(row):
                self.traces.append(tuple(row))
        meter["notes"] = 0
        meter["requests"] = 0
        self.log.drain(self.state)

    def watch(self, cores: Sequence[int]) -> None:
        """Log what some cores do from now on."""
        self.state = self.log.start(self.state, cores)

    def functions(self, name: str) -> list[HostFunction | None]:
        """Return a launchable function of each class."""
        found = [next((f for f in tile.functions if f.name == name), None) for tile in self.image.classes]
        if not any(found):
            names = {f.name for tile in self.image.classes for f in tile.functions}
            raise CslFault(f"no program exports a function {name!r}{nearest(name, sorted(names))}")
        return found

    def launch(self, name: str, values: Sequence[int] = (), *, queued: bool = False) -> None:
        """Run a function on every core, until each has unblocked its command stream; *queued* as `pause` takes it.

        Raises:
            CslFault: some never do; or it has no such function.
        """
        code, found = self.state.code_state, self.functions(name)
        bases = self.bases()
        code.values[: len(values)] = values
        roles = self.state.cores["role"]
        for number, each in enumerate(self.role_class.tolist()):
            function = found[each]
            row = code.launches[number]
            row["entry"] = -1 if function is None else bases[each] + function.entry
            row["count"] = 0 if function is None else len(function.arguments)
            for at, argument in enumerate(() if function is None else function.arguments):
                row["registers"][at] = argument.register
        has = code.launches["entry"][roles] >= 0
        code.cells["streams"][has], code.cells["waiting"][has] = 0, 1
        code.meter["opened"] = 0
        self._rouse_all()
        begun = self._now()
        self.settle(lambda: bool(code.cells["streams"].all()))
        self.launched = (name, begun)
        if not code.cells["streams"].all():
            raise CslFault(f"launch of {name!r}: {explain_waiting(self)}")
        self.pause(queued=queued)

    def bases(self) -> list[int]:
        """Return the number of the first step of each class."""
        bases, total = [], 0
        for tile in self.image.classes:
            bases.append(total)
            total += len(tile.steps)
        return bases

    def _rouse_all(self) -> None:
        now, built = self._now(), self.state
        built.cores["rests"] = np.minimum(built.cores["rests"], now)
        bucket = now & (state.SPAN - 1)
        built.due[bucket, 0] = 1
        cores = len(built.cores)
        built.due[bucket, 1:] = -1
        if cores % 64:
            built.due[bucket, -1] = (1 << cores % 64) - 1

    def rouse(self, core: int) -> None:
        """Have a core looked at in the present cycle."""
        now, built = self._now(), self.state
        built.cores["rests"][core] = min(int(built.cores["rests"][core]), now)
        built.due[now & (state.SPAN - 1), 0] = 1
        built.due[now & (state.SPAN - 1), 1 + (core >> 6)] |= _BIT << np.int64(core & 63)

    def variable(self, name: str, core: int) -> Variable | None:
        """Return what a core exports under a name."""
        tile = self.image.classes[self.class_of[core]]
        return next((each for each in tile.exports if each.name == name), None)

    def address(self, name: str, core: int) -> int:
        """Return the word at which an exported name's elements begin now."""
        found = self.variable(name, core)
        if found is None:
            column, row = core % self.image.width, core // self.image.width
            raise CslFault(f"the program of PE ({column}, {row}) exports no {name!r}")
        return int(self.memory(core)[found.address]) if found.is_pointer else found.address

    def memory(self, core: int) -> npt.NDArray[np.uint16]:
        """Return the memory of a core, in words."""
        words = int(self.state.roles["words"][0])
        first = int(self.state.cores["memory"][core])
        found: npt.NDArray[np.uint16] = self.state.memory[first : first + words]
        return found

    def send(self, core: int, color: int, words: Sequence[int], port: int = isa.INWARD) -> None:
        """Offer words to what a core receives on a color, or to its router at a port."""
        self._offered[core, color, port].extend(words)

    def receive(self, core: int, color: int, count: int) -> list[int] | None:
        """Return the next words that a core sent to the host, None if so many have not come."""
        arrived = self._arrived[core, color]
        return [arrived.popleft() for _ in range(count)] if len(arrived) >= count else None

    def offered(self) -> int:
        """Return how many words have not entered their cores yet."""
        return sum(len(words) for words in self._offered.values())

    def _offer(self) -> bool:
        """Put words of streams into queues that have room; whether any went."""
        went, built, now = False, self.state, self._now()
        for (core, color, port), words in self._offered.items():
            if not words:
                continue
            role = built.cores["role"][core]
            number = int(built.places[role, color, port])
            if number < 0:
                raise CslFault(f"PE ({core % self.image.width}, {core // self.image.width}) reads no color {color}")
            queue = built.queues[core, number]
            room = int(queue["room"] - queue["count"])
            if queue["count"] == 0:
                queue["head"] = 0
            for turn in range(min(room, len(words))):
                at = queue["words"] + (queue["head"] + queue["count"]) % queue["room"]
                built.ring[core, at] = (now + 1 + turn) << READY_SHIFT | words.popleft()
                queue["count"] += 1
                queue["pushed"] += 1
                went = True
            if room and queue["count"]:
                built.cores["pending"][core] |= _BIT << np.int64(number)
                self.rouse(core)
        return went

    def arrived(self, core: int, color: int) -> int:
        """Return how many words a core has sent to the host that nobody took."""
        return len(self._arrived[core, color])

    def explain(self) -> str:
        """Return what waits for what."""
        return explain_waiting(self)

    def symbol(self, core: int, name: str) -> npt.NDArray[np.uint8]:
        """Return the bytes of a symbol of a core."""
        tile = self.image.classes[self.class_of[core]]
        found = next((each for each in (*tile.symbols, *tile.exports) if each.name == name), None)
        if found is None:
            names = [each.name for each in tile.symbols]
            raise CslFault(f"no symbol {name!r} in memory{nearest(name, names)}")
        memory = self.memory(core)
        return memory[found.address : found.address + found.count * found.t.words].copy().view(np.uint8)

    def preset(self, core: int, name: str, data: bytes) -> None:
        """Write what a symbol of a core holds at the start."""
        tile = self.image.classes[self.class_of[core]]
        found = next((each for each in (*tile.symbols, *tile.exports) if each.name == name), None)
        if found is None:
            raise CslFault(f"no symbol {name!r} in memory{nearest(name, [each.name for each in tile.symbols])}")
        words = np.frombuffer(data, np.uint16)
        self.memory(core)[found.address : found.address + len(words)] = words

    def report(self) -> dict[str, Any]:
        """Return what the run took: cycles, where they went, traffic."""
        tallies = self.state.tallies
        spent = {cause: int(tallies["spent"][:, at].sum()) for at, cause in enumerate(state.CAUSES)}
        return {
            "cycles": self.cycles, "spent": spent, "scalar_cycles": int(self.state.code_state.cycles.sum()),
            "dropped": int(self.state.code_state.meter["dropped"][0]),
        }  # fmt: skip
