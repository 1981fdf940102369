"""The runtime that host scripts drive a program with, as the vendor's SDK describes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.csl.host.arrays import CopyRegion, MemcpyDataType, MemcpyOrder, Words, as_words, gather, spread
from wsesim.csl.host.asked import tell, watched
from wsesim.csl.host.leaving import leave
from wsesim.csl.host.store import load as load_image
from wsesim.csl.host.values import argument_bits, word_bits
from wsesim.csl.image import ExportedName, Image
from wsesim.csl.machine import CslMachine
from wsesim.errors import InputError, nearest

HALF = 0xFFFF


class Task:
    """A command that was given with nonblock=True."""

    def __init__(self) -> None:
        """It is not done."""
        self.is_done = False


class SdkRuntime:
    """A program on simulated cores; `load`, `run`, commands, `stop`."""

    def __init__(self, bindir: Any, platform: Any = None, *, cmaddr: str | None = None, **_: Any) -> None:
        """Read the program.

        Raises:
            RuntimeError: there is none, or a real system is asked for.
        """
        if cmaddr or (isinstance(platform, str) and platform):
            raise RuntimeError(f"cmaddr {cmaddr or platform!r}: this runtime simulates; it reaches no system")
        self.folder = Path(getattr(bindir, "path", bindir))
        try:
            self.image: Image = load_image(self.folder)
        except InputError as error:
            raise RuntimeError(str(error)) from None
        self._artifacts = bindir
        self._machine: CslMachine | None = None
        self._pending: list[tuple[Task, Callable[[], bool]]] = []
        self._stopped = False

    def __enter__(self) -> SdkRuntime:
        """Load and run."""
        self.load()
        self.run()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        if not self._stopped:
            self.stop()

    @property
    def machine(self) -> CslMachine:
        """The cores.

        Raises:
            RuntimeError: nothing is loaded.
        """
        if self._machine is None:
            raise RuntimeError("the program is not loaded: call load() first")
        return self._machine

    def get_id(self, name: str) -> int:
        """Return the id of an exported name.

        Raises:
            RuntimeError: there is none.
        """
        names = [each.name for each in self.image.names]
        if name not in names:
            raise RuntimeError(f"the program exports no {name!r}{nearest(name, names)}")
        return names.index(name)

    def load(self) -> None:
        """Put the program on the cores."""
        self._machine = CslMachine(self.image)
        if cores := watched(self.image):
            self._machine.watch(cores)
        for core, name, data in getattr(self._artifacts, "symbols", ()):
            self._machine.preset(core, name, data)

    def run(self) -> None:
        """Start the cores: tasks that are active at the start run."""
        self.machine.settle()

    def stop(self) -> None:
        """Let all come to an end, and keep what is left.

        Raises:
            RuntimeError: a command never ended.
        """
        self.machine.settle()
        self._retry()
        if self._pending:
            raise RuntimeError(f"{len(self._pending)} commands never came to an end: {self.machine.explain()}")
        self._stopped = True
        leave(self.machine, self.folder)
        tell(self.machine, self.folder)

    def _name(self, number: int) -> ExportedName:
        if not 0 <= number < len(self.image.names):
            raise RuntimeError(f"there is no exported name of id {number}; ids come from get_id")
        return self.image.names[number]

    def _do(self, work: Callable[[], bool], nonblock: bool, *, is_command: bool = True) -> Task:
        """Carry out a command; one that cannot end yet is tried again later, if it does not block."""

        def done() -> bool:
            ended = work()
            if ended and is_command:
                self.machine.pause(queued=nonblock)
            return ended

        task = Task()
        self._retry()
        if self._pending or not done():
            if not nonblock:
                raise RuntimeError(f"the command never comes to an end: {self.machine.explain()}")
            self._pending.append((task, done))
            return task
        task.is_done = True
        return task

    def _retry(self) -> None:
        while self._pending:
            task, work = self._pending[0]
            if not work():
                return
            task.is_done = True
            self._pending.pop(0)

    def launch(self, name: str, *values: Any, nonblock: bool = False) -> Task:
        """Run an exported function on all cores, until each has unblocked its command stream."""
        found = self._name(self.get_id(name))
        if not found.is_function:
            raise RuntimeError(f"{name!r} is a variable, not a function")
        bits = argument_bits(found, values)
        self._retry()
        self.machine.launch(name, bits, queued=nonblock)
        task = Task()
        task.is_done = True
        return task

    def call(self, name: str, words: Any = (), nonblock: bool = False) -> Task:
        """Run a function whose arguments are 32-bit words."""
        found = self._name(self.get_id(name))
        self._retry()
        self.machine.launch(name, word_bits([int(word) for word in words], found.inputs), queued=nonblock)
        task = Task()
        task.is_done = True
        return task

    def memcpy_h2d(
        self, dest: int, src: Any, px: int, py: int, w: int, h: int, elem_per_pe: int, *, streaming: bool = False,
        data_type: MemcpyDataType = MemcpyDataType.MEMCPY_32BIT, order: MemcpyOrder = MemcpyOrder.ROW_MAJOR,
        nonblock: bool = False,
    ) -> Task:  # fmt: skip
        """Copy an array to a name, or send it on a color."""
        region = CopyRegion(px, py, w, h, elem_per_pe)
        return self._put(dest, spread(as_words(src), region, order), region, streaming, data_type, nonblock)

    def memcpy_h2d_rowbcast(
        self, dest: int, src: Any, px: int, py: int, w: int, h: int, elem_per_pe: int, *, streaming: bool = False,
        data_type: MemcpyDataType = MemcpyDataType.MEMCPY_32BIT, order: MemcpyOrder = MemcpyOrder.ROW_MAJOR,
        nonblock: bool = False,
    ) -> Task:  # fmt: skip
        """Copy [row][element] to all cores of each row."""
        words = spread(as_words(src), CopyRegion(px, py, 1, h, elem_per_pe), order)
        region = CopyRegion(px, py, w, h, elem_per_pe)
        return self._put(dest, np.repeat(words, w, axis=1), region, streaming, data_type, nonblock)

    def memcpy_h2d_colbcast(
        self, dest: int, src: Any, px: int, py: int, w: int, h: int, elem_per_pe: int, *, streaming: bool = False,
        data_type: MemcpyDataType = MemcpyDataType.MEMCPY_32BIT, order: MemcpyOrder = MemcpyOrder.ROW_MAJOR,
        nonblock: bool = False,
    ) -> Task:  # fmt: skip
        """Copy [column][element] to all cores of each column."""
        words = spread(as_words(src), CopyRegion(px, py, w, 1, elem_per_pe), order)
        region = CopyRegion(px, py, w, h, elem_per_pe)
        return self._put(dest, np.repeat(words, h, axis=0), region, streaming, data_type, nonblock)

    def memcpy_h2d_stride(
        self, dest: int, src: Any, px: int, py: int, w: int, h: int, elem_per_pe: int, row_stride: int,
        col_stride: int, *, streaming: bool = False, data_type: MemcpyDataType = MemcpyDataType.MEMCPY_32BIT,
        order: MemcpyOrder = MemcpyOrder.ROW_MAJOR, nonblock: bool = False,
    ) -> Task:  # fmt: skip
        """Copy to every *row_stride*-th column and every *col_stride*-th row."""
        region = CopyRegion(
            px, py, 1 + (w - 1) // row_stride, 1 + (h - 1) // col_stride, elem_per_pe, row_stride, col_stride
        )  # fmt: skip
        return self._put(dest, spread(as_words(src), region, order), region, streaming, data_type, nonblock)

    def memcpy_d2h(
        self, dest: Any, src: int, px: int, py: int, w: int, h: int, elem_per_pe: int, *, streaming: bool = False,
        data_type: MemcpyDataType = MemcpyDataType.MEMCPY_32BIT, order: MemcpyOrder = MemcpyOrder.ROW_MAJOR,
        nonblock: bool = False,
    ) -> Task:  # fmt: skip
        """Fill an array from a name, or with what cores send on a color."""
        region = CopyRegion(px, py, w, h, elem_per_pe)
        if streaming:
            return self._do(lambda: self._collect(int(src), dest, region, order), nonblock)
        name = self._name(int(src)).name
        return self._do(lambda: self._fetch(name, dest, region, data_type, order), nonblock)

    def _put(
        self, dest: int, words: Words, region: CopyRegion, streaming: bool, data_type: MemcpyDataType, nonblock: bool
    ) -> Task:  # fmt: skip
        cores = region.cores(self.image.width, self.image.height)
        if streaming:
            for at in np.ndindex(cores.shape):
                self.machine.send(int(cores[at]), int(dest), [int(word) for word in words[at]])
            return self._do(self._sent, nonblock)
        name = self._name(int(dest)).name
        return self._do(lambda: self._write(name, words, region, data_type), nonblock)

    def _sent(self) -> bool:
        self.machine.settle()
        return self.machine.offered() == 0

    def _write(self, name: str, words: Words, region: CopyRegion, data_type: MemcpyDataType) -> bool:
        machine, cores = self.machine, region.cores(self.image.width, self.image.height)
        machine.settle()
        half = data_type == MemcpyDataType.MEMCPY_16BIT
        for at in np.ndindex(cores.shape):
            memory, first = machine.memory(int(cores[at])), machine.address(name, int(cores[at]))
            given = (words[at] & HALF).astype(np.uint16) if half else np.ascontiguousarray(words[at]).view(np.uint16)
            memory[first : first + len(given)] = given[: max(0, len(memory) - first)]
        return True

    def _fetch(
        self, name: str, dest: Any, region: CopyRegion, data_type: MemcpyDataType, order: MemcpyOrder
    ) -> bool:  # fmt: skip
        machine, cores = self.machine, region.cores(self.image.width, self.image.height)
        machine.settle()
        half, count = data_type == MemcpyDataType.MEMCPY_16BIT, region.elements
        found = np.zeros((*cores.shape, count), np.uint32)
        for at in np.ndindex(cores.shape):
            memory, first = machine.memory(int(cores[at])), machine.address(name, int(cores[at]))
            if half:
                found[at] = memory[first : first + count]
            else:
                found[at] = memory[first : first + 2 * count].copy().view(np.uint32)
        gather(found, dest, order)
        return True

    def _collect(self, color: int, dest: Any, region: CopyRegion, order: MemcpyOrder) -> bool:
        machine, cores = self.machine, region.cores(self.image.width, self.image.height)
        machine.settle()
        if any(machine.arrived(int(core), color) < region.elements for core in cores.flat):
            return False
        found = np.zeros((*cores.shape, region.elements), np.uint32)
        for at in np.ndindex(cores.shape):
            found[at] = machine.receive(int(cores[at]), color, region.elements)
        gather(found, dest, order)
        return True

    def send(self, port: str, data: Any, n_wavelets: int | None = None, *, nonblock: bool = False) -> Task:
        """Send words into a stream of a layout."""
        core, color, side = self._stream("inputs", port)
        words = [int(word) for word in as_words(data)]
        self.machine.send(core, color, words[:n_wavelets], side)
        return self._do(self._sent, nonblock)

    def receive(self, port: str, data: Any, n_wavelets: int | None = None, *, nonblock: bool = False) -> Task:
        """Fill an array with words of a stream of a layout."""
        core, color, _ = self._stream("outputs", port)
        region = CopyRegion(0, 0, 1, 1, int(np.asarray(data).size if n_wavelets is None else n_wavelets))
        return self._do(lambda: self._take(core, color, data, region), nonblock, is_command=False)

    def receive_tofile(self, port: str, file: str, n_wavelets: int, *, nonblock: bool = False) -> Task:
        """Write words of a stream of a layout to a file, as they come, little end first."""
        core, color, _ = self._stream("outputs", port)
        data, region = np.zeros(n_wavelets, np.uint32), CopyRegion(0, 0, 1, 1, n_wavelets)

        def take() -> bool:
            done = self._take(core, color, data, region)
            if done:
                data.astype("<u4").tofile(file)
            return done

        return self._do(take, nonblock)

    def _take(self, core: int, color: int, data: Any, region: CopyRegion) -> bool:
        self.machine.settle()
        words = self.machine.receive(core, color, region.elements)
        if words is None:
            return False
        gather(np.array(words, np.uint32).reshape(1, 1, -1), data, MemcpyOrder.ROW_MAJOR)
        return True

    def _stream(self, way: str, port: str) -> tuple[int, int, int]:
        streams: dict[str, tuple[int, int, int]] = getattr(self._artifacts, way, {})
        if port not in streams:
            raise RuntimeError(f"there is no stream {port!r} of {way}{nearest(port, streams)}")
        return streams[port]

    def get_port_id(self, name: str) -> str:
        """Return a stream as `send` and `receive` take it."""
        return name

    def report_port_infos(self) -> str:
        """Return the names of all streams."""
        return ", ".join([*getattr(self._artifacts, "inputs", {}), *getattr(self._artifacts, "outputs", {})])

    def is_task_done(self, task: Task) -> bool:
        """Whether a command has ended."""
        self._retry()
        return task.is_done

    def task_wait(self, task: Task) -> None:
        """Wait until a command has ended.

        Raises:
            RuntimeError: it never does.
        """
        if not self.is_task_done(task):
            raise RuntimeError(f"the command never comes to an end: {self.machine.explain()}")

    def coord_logical_to_physical(self, coordinates: tuple[int, int]) -> tuple[int, int]:
        """Return where a core lies on the fabric."""
        column, row = coordinates
        return column + self.image.offsets[0], row + self.image.offsets[1]

    def read_symbol(self, x: int, y: int, name: str, dtype: Any = "uint8") -> Any:
        """Return the memory of a symbol on a core, as elements of a type."""
        return self.machine.symbol(y * self.image.width + x, name).view(np.dtype(dtype))

    def dump_core(self, file: str) -> None:
        """Keep what is left of the run; it lies in the program's folder too."""
        leave(self.machine, self.folder)
        Path(file).write_text(f"memory of the run: {self.folder}\n")

    def dump_elf_core(self, file: str) -> None:
        """As `dump_core`."""
        self.dump_core(file)

    def report(self) -> dict[str, Any]:
        """Return what the run took."""
        return self.machine.report()
