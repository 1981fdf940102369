"""What each instruction of a run took, on all cores together, of the events that were noted of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wsesim.cores.state import BANK, BEGUN, CAUSES, COMPLETED, COMPUTE, ISSUE, LAUNCH, LAUNCHED, SCALAR, State

WORKED = tuple(CAUSES[number] for number in (COMPUTE, BANK, LAUNCH))
"""What cycles of an instruction go to, in the order of the columns below."""
WAITED = len(WORKED)
"""The column after them: cycles in which it was under way and could not go on."""


def line_cycles(state: State) -> npt.NDArray[np.int64]:
    """Return [instruction, cause and waiting] cycles of a run that has ended and whose events were all noted.

    Instructions that work side by side on one core count each for itself. The start of a task is counted with its first
    instruction.
    """
    rows = state.events[: state.clock[0]["noted"]]
    kind, took = rows["kind"], rows["end"] - rows["start"]
    number = rows["number"].astype(np.int64)
    begun = kind == BEGUN
    number[begun] = state.entries[state.cores["role"][rows["core"][begun]], number[begun]]
    issue, launched, completed = kind == ISSUE, kind == LAUNCHED, kind == COMPLETED
    full = np.minimum(took, rows["more"])
    starts = np.where(rows["slot"] > 0, 1, took)

    def total(which: npt.NDArray[np.bool_], cycles: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        found = np.bincount(number[which], cycles[which], minlength=len(state.code))
        return found.astype(np.int64)

    alone = total(begun | (kind == SCALAR), took) + total(launched, starts)
    worked = total(issue, took)
    waited = total(completed, rows["start"]) - total(launched, rows["end"]) - worked
    return np.stack([total(issue, full), worked - total(issue, full), alone, np.maximum(0, waited)], axis=1)
