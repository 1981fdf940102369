"""What a run shows: values of every core, their activity as an animation, and what chosen cores did, one by one.

The same run gives the same bytes. matplotlib, and the image library it brings along, are imported when they are needed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.answers.drawings import COLORS, fitted
from wsesim.cores import isa
from wsesim.cores.machine import CoreRun, Span

Values = npt.NDArray[Any]
PORTS = ("west", "east", "north", "south", "ramp")
_MAIN = 1
"""Viewers lose the name of thread 0."""


def core_map(run: CoreRun, what: str) -> Values:
    """Return [row, column] of what is to be seen: busy, stalled or idle cycles, wavelets over links, or by port.

    Raises:
        KeyError: an unknown name; ports are called "west" and so on.
    """
    maps = {"busy": run.busy, "stalled": run.stalled, "idle": run.idle, "links": run.sent[:, :, : isa.RAMP].sum(2)}
    maps |= {port: run.sent[:, :, number] for number, port in enumerate(PORTS)}
    return np.asarray(maps[what])


def activity_gif(run: CoreRun, *, frame_cycles: int, frame_s: float = 0.1) -> bytes:
    """Return the activity of all cores over time as an animated GIF; needs a run with `frame_cycles`.

    Raises:
        ValueError: the run has no frames.
    """
    from matplotlib import colormaps
    from PIL import Image

    if not len(run.frames):
        raise ValueError("the run has no frames: run it with frame_cycles")
    palette = (colormaps[COLORS](np.arange(256))[:, :3] * 255).round().astype(np.uint8).tobytes()
    pictures = []
    for frame in run.frames:
        shades = np.clip(fitted(frame) / frame_cycles, 0, 1) * 255
        picture = Image.fromarray(shades.round().astype(np.uint8))
        picture.putpalette(palette)
        pictures.append(picture)
    data = io.BytesIO()
    duration_ms = round(frame_s * 1000)
    pictures[0].save(
        data, "GIF", save_all=True, append_images=pictures[1:], duration=duration_ms, loop=0, optimize=False
    )
    return data.getvalue()


def trace_json(spans: Iterable[Span]) -> str:
    """Return tasks and vector instructions of watched cores for ui.perfetto.dev; a cycle is drawn as a nanosecond."""
    events: list[dict[str, object]] = []
    cores: dict[tuple[int, int], int] = {}
    threads: set[tuple[int, int]] = set()
    for span in spans:
        place = (span.row, span.column)
        if place not in cores:
            cores[place] = len(cores) + 1
            events.append(_name("process_name", f"core ({span.column}, {span.row})", cores[place], 0))
        thread = _MAIN if span.thread is None else _MAIN + 1 + span.thread
        if (cores[place], thread) not in threads:
            threads.add((cores[place], thread))
            name = "main thread" if span.thread is None else f"microthread {span.thread}"
            events.append(_name("thread_name", name, cores[place], thread))
        events.append({
            "ph": "X", "pid": cores[place], "tid": thread, "name": span.name, "ts": span.start / 1000,
            "dur": (span.end - span.start) / 1000, "args": {"line": span.place} if span.place else {},
        })  # fmt: skip
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": events}, separators=(",", ":"))


def _name(kind: str, name: str, process: int, thread: int) -> dict[str, object]:
    return {"ph": "M", "pid": process, "tid": thread, "name": kind, "args": {"name": name}}
