"""Events of all cores one by one, noted where the critical path of a run is asked for; the log of compiled code."""

from __future__ import annotations

from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.launch import log_span
from wsesim.cores.engine.words import Int
from wsesim.cores.state import Array, State


@inlined
def note(
    core: Int, kind: Int, slot: Int, number: Int, start: Int, end: Int, more: Int, state: State
) -> None:  # fmt: skip
    """Note an event, with the fields of `state.EVENT`, if events are noted."""
    if len(state.events):
        _add(core, kind, slot, number, start, end, more, state.events, state.clock)


@called
def _add(
    core: Int, kind: Int, slot: Int, number: Int, start: Int, end: Int, more: Int, events: Array, clock: Array
) -> None:  # fmt: skip
    """Fill the next row, or only count it where there is none left."""
    if clock[0]["noted"] < len(events):
        row = events[clock[0]["noted"]]
        row["core"], row["kind"], row["slot"], row["number"] = core, kind, slot, number
        row["start"], row["end"], row["more"] = start, end, more
    clock[0]["noted"] += 1


@called
def log_code(core: Int, slot: Int, line: Int, start: Int, end: Int, more: Int, state: State) -> None:
    """Add a row to the log of compiled code; where there is no room, it is counted as lost."""
    if state.clock[0]["logged"] < len(state.log):
        log_span(core, slot, line, start, end, more, state.log, state.clock)
    else:
        state.code_state.meter[0]["lost"] += 1
