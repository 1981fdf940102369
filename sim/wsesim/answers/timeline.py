"""What happened when: as a drawing for the page, and as a Chrome trace to zoom into."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from wsesim.answer import Interval
from wsesim.answers import svg
from wsesim.answers.causes import Cause
from wsesim.answers.sheet import Sheet, even_ticks

_WIDTH, _ROW, _AXIS = 720.0, 34.0, 46.0
_MARGIN, _TOP = 5.8, 12.0
MOST_ROWS = 24
"""Tracks that are drawn; the file has all."""
_MOST_BLOCKS = 1200
"""More blocks than this are drawn as shares of time, or the page grows out of hand."""
_STEPS = 6000
"""Steps that all such shares together may take."""
_THINNEST = 0.0008
"""Narrowest block, as a share of the axis: what lasts shorter must still be seen."""

_PROCESS = 1

Block = tuple[str, float, float]
"""Cause, start, end."""


def timeline_svg(timeline: Sequence[Interval], causes: Mapping[str, Cause]) -> str:
    """Draw one row per track, of the first `MOST_ROWS`."""
    tracks = dict(islice(tracks_of(timeline).items(), MOST_ROWS))
    timeline = tuple(interval for track in tracks.values() for interval in track)
    end_s = max((interval.end_s for interval in timeline), default=0.0) or 1.0
    blocks = {track: _merge(intervals) for track, intervals in tracks.items()}
    exact = sum(map(len, blocks.values())) <= _MOST_BLOCKS
    bins = _STEPS // len({(interval.track, interval.cause) for interval in timeline}) if timeline else 1
    height = _ROW * len(tracks) + _AXIS
    sheet, wide = Sheet(_WIDTH, height), _WIDTH - 2 * _MARGIN
    _time_axis(sheet, end_s, wide)
    for row, (track, found) in enumerate(blocks.items(), start=1):
        floor = _TOP + row * _ROW
        polygons = _rectangles(found, end_s) if exact else _shares(found, end_s, min(max(bins, 60), 360))
        for cause, shapes in polygons.items():
            placed = ([(_MARGIN + wide * x / end_s, floor - 0.52 * _ROW * y) for x, y in shape] for shape in shapes)
            sheet.fill(placed, causes[cause].style)
        sheet.text(_MARGIN, floor - 0.62 * _ROW, track, colour=svg.INK, size=10.5)
        sheet.line([(_MARGIN, floor), (_MARGIN + wide, floor)], width=0.8)
    return sheet.svg("Timeline, a row for each part of the machine or request")


def tracks_of(timeline: Iterable[Interval]) -> dict[str, list[Interval]]:
    """Return the intervals by track, in order of first appearance."""
    tracks: dict[str, list[Interval]] = {}
    for interval in timeline:
        tracks.setdefault(interval.track, []).append(interval)
    return tracks


def _time_axis(sheet: Sheet, end_s: float, wide: float) -> None:
    scale, unit = (1e6, "us") if end_s < 1e-3 else (1e3, "ms") if end_s < 10 else (1.0, "s")
    floor = sheet.height - 34
    for tick in even_ticks(end_s):
        x = _MARGIN + wide * tick / end_s
        sheet.line([(x, _TOP), (x, floor + 3)])
        anchor = "start" if x < 20 else "end" if x > sheet.width - 20 else "middle"
        sheet.text(x, floor + 15, f"{tick * scale:g}", size=10.5, anchor=anchor)
    sheet.text(sheet.width / 2, floor + 29, f"{unit} since the start", size=10.5, anchor="middle")


def _merge(intervals: Sequence[Interval]) -> list[Block]:
    """Join what touches and has the same cause."""
    merged: list[Block] = []
    for interval in sorted(intervals, key=lambda interval: (interval.start_s, interval.end_s)):
        last = merged[-1] if merged else None
        if last and last[0] == interval.cause and interval.start_s <= last[2]:
            merged[-1] = (last[0], last[1], max(last[2], interval.end_s))
        else:
            merged.append((interval.cause, interval.start_s, interval.end_s))
    return merged


def _rectangles(blocks: Sequence[Block], end_s: float) -> dict[str, list[svg.Polygon]]:
    found: dict[str, list[svg.Polygon]] = {}
    for cause, start, end in blocks:
        right = max(end, start + _THINNEST * end_s)
        found.setdefault(cause, []).append([(start, 0), (start, 1), (right, 1), (right, 0), (start, 0)])
    return found


def _shares(blocks: Sequence[Block], end_s: float, bins: int) -> dict[str, list[svg.Polygon]]:
    """Cut time into bins and stack, in each, the shares of its causes; a bin is full when the track never rests.

    Each polygon reaches down to the floor, and the highest comes first: painted in order they show as a stack.
    """
    width = end_s / bins
    shares: dict[str, list[float]] = {cause: [0.0] * bins for cause, _, _ in blocks}
    for cause, start, end in blocks:
        for index in range(min(int(start / width), bins - 1), min(int(end / width), bins - 1) + 1):
            spent = min(end, (index + 1) * width) - max(start, index * width)
            shares[cause][index] += max(spent, 0.0) / width
    top = [0.0] * bins
    found: dict[str, list[svg.Polygon]] = {}
    for cause, share in shares.items():
        top = [low + part for low, part in zip(top, share, strict=True)]
        edge = _steps([min(high, 1.0) for high in top], width)
        found[cause] = [[(0, 0), *edge, (end_s, 0), (0, 0)]]
    return dict(reversed(found.items()))


def _steps(heights: Sequence[float], width: float) -> svg.Polygon:
    corners: svg.Polygon = []
    for index, height in enumerate(heights):
        rounded = round(height, 2)
        if corners and corners[-1][1] == rounded:
            corners[-1] = ((index + 1) * width, rounded)
            continue
        corners += [(index * width, rounded), ((index + 1) * width, rounded)]
    return corners


def trace_gz(name: str, timeline: Sequence[Interval]) -> bytes:
    """Return *timeline* as a gzipped Chrome trace of the process *name*, for ui.perfetto.dev or chrome://tracing.

    Times are whole nanoseconds, written as fractions of the microsecond the format wants, so that what touches in the
    simulation touches in the viewer. Thread 0 would lose its name there, so threads are numbered from 1.
    """
    trace = {"displayTimeUnit": "ns", "traceEvents": _events(name, timeline)}
    text = json.dumps(trace, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


def _events(process: str, timeline: Sequence[Interval]) -> list[dict[str, object]]:
    threads = lanes(timeline)
    events = [_name("process_name", process, 0)]
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
    named: dict[str, list[Interval]] = {}
    for track, intervals in tracks_of(timeline).items():
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
