"""What a core did that none can, by place in the CSL files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.cores import codestate as code
from wsesim.cores import state
from wsesim.csl.image import CodeStep

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

_FAULTS = {
    state.OUTSIDE_MEMORY: "reaches outside the memory of the core",
    code.BAD_ASSERT: "an assertion does not hold",
    code.BAD_CODE: "goes to code that is none: a pointer to a function was overwritten, or a step is unknown",
    code.NO_THREAD: "names a microthread that no core has: there are 0 to 7",
    code.NO_COLOR: "names a color, or a queue without a color, that this core has no queue for",
}


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


def explain_fault(machine: CslMachine) -> str:
    """Return what a core did that none can."""
    clock = machine.state.clock[0]
    core, line = int(clock["fault_core"]), int(clock["fault_line"])
    what = _FAULTS.get(int(clock["fault"]), f"fault {clock['fault']}")
    return f"{spot(machine, line)}: {core_name(machine, core)}, cycle {clock['fault_cycle']}: {what}"
