"""A program on simulated cores, from its loading to its end; commands end at once, or wait for the cores."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from wsesim.csl.host.asked import tell, watched
from wsesim.csl.host.leaving import leave
from wsesim.csl.host.reporting import OWN, HostError
from wsesim.csl.host.store import load as load_image
from wsesim.csl.image import Image
from wsesim.csl.machine import CslMachine
from wsesim.errors import InputError


class Task:
    """A command that was given with nonblock=True."""

    def __init__(self) -> None:
        """It is not done."""
        self.is_done = False


class Session:
    """`load`, `run`, commands, `stop`."""

    def __init__(self, bindir: Any, platform: Any = None, *, cmaddr: str | None = None, **_: Any) -> None:
        """Read the program.

        Raises:
            HostError: there is none, or a real system is asked for.
        """
        if cmaddr or (isinstance(platform, str) and platform):
            raise HostError(f"cmaddr {cmaddr or platform!r}: this runtime simulates; it reaches no system")
        self.folder = Path(getattr(bindir, "path", bindir))
        try:
            self.image: Image = load_image(self.folder)
        except InputError as error:
            raise HostError(str(error)) from None
        self._artifacts = bindir
        self._machine: CslMachine | None = None
        self._pending: list[tuple[Task, Callable[[], bool]]] = []
        self._stopped = False

    def __enter__(self) -> Self:
        """Load and run."""
        self.load()
        self.run()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop; where the script has met an error, that one is told."""
        if not self._stopped:
            with suppress(*OWN) if kind else nullcontext():
                self.stop()

    @property
    def machine(self) -> CslMachine:
        """The cores.

        Raises:
            HostError: nothing is loaded.
        """
        if self._machine is None:
            raise HostError("the program is not loaded: call load() first")
        return self._machine

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
            HostError: a command never ended.
        """
        self.machine.settle()
        self._retry()
        if self._pending:
            raise HostError(f"{len(self._pending)} commands never came to an end: {self.machine.explain()}")
        self._stopped = True
        leave(self.machine, self.folder)
        tell(self.machine, self.folder)

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
                raise HostError(f"the command never comes to an end: {self.machine.explain()}")
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

    def is_task_done(self, task: Task) -> bool:
        """Whether a command has ended."""
        self._retry()
        return task.is_done

    def task_wait(self, task: Task) -> None:
        """Wait until a command has ended.

        Raises:
            HostError: it never does.
        """
        if not self.is_task_done(task):
            raise HostError(f"the command never comes to an end: {self.machine.explain()}")

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
