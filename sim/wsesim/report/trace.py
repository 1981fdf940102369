"""The timeline as a Chrome trace (JSON object format), for ui.perfetto.dev or chrome://tracing.

Times are whole nanoseconds, written as fractions of the microsecond the format wants, so that what touches in the
simulation touches in the viewer. Thread 0 would lose its name there, so threads are numbered from 1.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable

from wsesim.result import Interval, Result

_PROCESS = 1


def timeline_gz(result: Result) -> bytes:
    """Return the gzipped trace; the same bytes for the same result."""
    trace = {"displayTimeUnit": "ns", "traceEvents": _events(result)}
    text = json.dumps(trace, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


def _events(result: Result) -> list[dict[str, object]]:
    threads = lanes(result.timeline)
    events = [_name("process_name", result.name, 0)]
    events += [_name("thread_name", name, thread) for thread, name in enumerate(threads, start=1)]
    for thread, intervals in enumerate(threads.values(), start=1):
        events.append({"ph": "M", "pid": _PROCESS, "tid": thread, "name": "thread_sort_index",
                       "args": {"sort_index": thread}})  # fmt: skip
        events += [_slice(interval, thread) for interval in intervals]
    return events


def _name(kind: str, name: str, thread: int) -> dict[str, object]:
    return {"ph": "M", "pid": _PROCESS, "tid": thread, "name": kind, "args": {"name": name}}


def _slice(interval: Interval, thread: int) -> dict[str, object]:
    start, end = round(interval.start_s * 1e9), round(interval.end_s * 1e9)
    return {"ph": "X", "pid": _PROCESS, "tid": thread, "name": interval.name, "cat": interval.cause,
            "ts": start / 1000, "dur": (end - start) / 1000, "args": {"cause": interval.cause}}  # fmt: skip


def lanes(timeline: Iterable[Interval]) -> dict[str, list[Interval]]:
    """Split the intervals by track, in order of first appearance; what overlaps moves to a further lane of its track.

    A viewer cannot draw two slices of one thread that overlap, and two transfers may share a link.
    """
    tracks: dict[str, list[list[Interval]]] = {}
    for interval in timeline:
        tracks.setdefault(interval.track, [[]])[0].append(interval)
    named: dict[str, list[Interval]] = {}
    for track, (intervals,) in tracks.items():
        for number, lane in enumerate(_without_overlap(intervals), start=1):
            named[track if number == 1 else f"{track} ({number})"] = lane
    return named


def _without_overlap(intervals: list[Interval]) -> list[list[Interval]]:
    found: list[list[Interval]] = []
    for interval in sorted(intervals, key=lambda interval: (interval.start_s, interval.end_s)):
        free = next((lane for lane in found if lane[-1].end_s <= interval.start_s), None)
        if free is None:
            found.append([interval])
        else:
            free.append(interval)
    return found
