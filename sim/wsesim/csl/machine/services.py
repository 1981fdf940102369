"""What the machine does for libraries of many cores, outside their code: collectives along a line, tallies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.cores.state import LAST_CYCLE

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine


class Services:
    """Requests of cores that wait for those of others, and answers that are due."""

    def __init__(self, machine: CslMachine) -> None:
        """Begin without any."""
        self._machine = machine
        self._due: list[tuple[int, int, int]] = []

    def next_due(self) -> int:
        """Return the cycle of the next answer."""
        return min((cycle for cycle, _, _ in self._due), default=LAST_CYCLE)

    def note(self, row: list[int]) -> bool:
        """Take a note of a core if it is a request; whether it is one."""
        return False

    def serve(self, quiet: bool) -> bool:
        """Give the answers that are due; whether there was one."""
        return False
