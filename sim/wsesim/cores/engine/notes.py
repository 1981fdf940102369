"""Events of all cores one by one, noted where the critical path of a run is asked for."""

from __future__ import annotations

from wsesim.cores.engine.compiling import called, inlined
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
