"""What a trace must be to be read: the trace-event format, as far as ui.perfetto.dev takes it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

FIELDS = {
    "M": {"ph", "pid", "tid", "name", "args"},
    "X": {"ph", "pid", "tid", "name", "ts", "dur", "args"},
    "s": {"ph", "id", "cat", "name", "pid", "tid", "ts"},
    "f": {"ph", "id", "cat", "name", "pid", "tid", "ts", "bp"},
}
Events = list[dict[str, Any]]


def require_trace(text: str) -> Events:
    """Return the events of a trace, if it is one.

    Slices of a thread lie within each other or apart; every thread has a name, and none is 0, whose name is lost; an
    arrow has one begin and one end, of one name and category, each within a slice of its thread, the end later.
    """
    trace = json.loads(text)
    assert trace.keys() == {"displayTimeUnit", "traceEvents"}
    events: Events = trace["traceEvents"]
    for event in events:
        assert event.keys() == FIELDS[event["ph"]], event
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    slices = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((_cycle(event["ts"]), _cycle(event["ts"] + event["dur"])))
    assert slices.keys() <= named | {(1 << 20, 1)}
    assert all(thread > 0 for _, thread in slices)
    for thread in slices.values():
        _require_nested(thread)
    _require_arrows(events, slices)
    return events


def _cycle(microseconds: float) -> int:
    return round(1000 * microseconds)


def _require_nested(slices: list[tuple[int, int]]) -> None:
    ends: list[int] = []
    for start, end in sorted(slices, key=lambda each: (each[0], -each[1])):
        while ends and ends[-1] <= start:
            ends.pop()
        assert not ends or end <= ends[-1], (start, end)
        ends.append(end)


def _require_arrows(events: Events, slices: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
    ends = defaultdict(list)
    for event in events:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
            at = _cycle(event["ts"])
            assert any(start <= at < end for start, end in slices[event["pid"], event["tid"]]), event
    for one, other, *more in ends.values():
        assert not more
        assert (one["ph"], other["ph"], other["bp"]) == ("s", "f", "e")
        assert (one["cat"], one["name"]) == (other["cat"], other["name"])
        assert one["ts"] < other["ts"]
