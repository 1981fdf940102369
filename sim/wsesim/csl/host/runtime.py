"""The runtime that host scripts drive a program with, as the vendor's SDK describes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from wsesim.csl.host.arrays import CopyRegion, MemcpyDataType, MemcpyOrder, Words, as_words, gather, spread
from wsesim.csl.host.reporting import HostError
from wsesim.csl.host.session import Session, Task
from wsesim.csl.host.values import argument_bits, word_bits
from wsesim.csl.image import ExportedName
from wsesim.errors import nearest

HALF = 0xFFFF


class SdkRuntime(Session):
    """A program on simulated cores; `load`, `run`, commands, `stop`."""

    def get_id(self, name: str) -> int:
        """Return the id of an exported name.

        Raises:
            HostError: there is none.
        """
        names = [each.name for each in self.image.names]
        if name not in names:
            raise HostError(f"the program exports no {name!r}{nearest(name, names)}")
        return names.index(name)

    def _name(self, number: int) -> ExportedName:
        if not 0 <= number < len(self.image.names):
            raise HostError(f"there is no exported name of id {number}; ids come from get_id")
        return self.image.names[number]

    def launch(self, name: str, *values: Any, nonblock: bool = False) -> Task:
        """Run an exported function on all cores, until each has unblocked its command stream."""
        found = self._name(self.get_id(name))
        if not found.is_function:
            raise HostError(f"{name!r} is a variable, not a function")
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
            raise HostError(f"there is no stream {port!r} of {way}{nearest(port, streams)}")
        return streams[port]

    def get_port_id(self, name: str) -> str:
        """Return a stream as `send` and `receive` take it."""
        return name

    def report_port_infos(self) -> str:
        """Return the names of all streams."""
        return ", ".join([*getattr(self._artifacts, "inputs", {}), *getattr(self._artifacts, "outputs", {})])
