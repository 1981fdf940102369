"""Places in CSL files of what the machine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.csl.image import CodeStep

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine


def step_at(machine: CslMachine, line: int) -> CodeStep | None:
    """Return a step by its number in the engine's table."""
    for base, tile in zip(machine.bases(), machine.image.classes, strict=True):
        if base <= line < base + len(tile.steps):
            return tile.steps[line - base]
    return None


def spot(machine: CslMachine, line: int) -> str:
    """Return file:line:column of a step."""
    step = step_at(machine, line)
    if step is None or step.spot.line == 0:
        return "code of a library"
    return f"{machine.image.files[step.spot.file]}:{step.spot.line}:{step.spot.column}"


def core_name(machine: CslMachine, core: int) -> str:
    """Return how a core is called."""
    return f"PE ({core % machine.image.width}, {core // machine.image.width})"
