"""What a run shows: values of every core, their activity as an animation, and what chosen cores did, one by one.

The same run gives the same bytes. matplotlib, and the image library it brings along, are imported when they are needed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wsesim.answers.drawings import COLORS, fitted
from wsesim.cores import isa
from wsesim.cores.machine import CoreRun
from wsesim.cores.path import PathSegment
from wsesim.cores.spans import Core, Span

if TYPE_CHECKING:
    from PIL.Image import Image

Values = npt.NDArray[Any]
PORTS = ("west", "east", "north", "south", "ramp")
MARK, PAPER, INK = 253, 254, 255
"""Of the 256 colors of a film, those that stand for no share."""
RED = (214, 40, 40)
"""Of a mark."""
FONT_PIXELS, LINE_PIXELS, MARGIN, KEY_PIXELS = 16, 21, 8, 160
"""Words are large enough for a film that a phone shows at half its size."""
_MAIN = 1
"""Viewers lose the name of thread 0."""
_PATH = 1 << 20
"""Number of the critical path among cores."""
_THICK = 2
"""Pixels of the frame around a core of the critical path."""


def core_map(run: CoreRun, what: str) -> Values:
    """Return [row, column] of what is to be seen: busy or stalled cycles, those of a cause, wavelets by port or in all.

    Raises:
        KeyError: an unknown name; ports are called "west" and so on, causes "fabric-wait" and so on, wavelets "links".
    """
    maps = {"busy": run.busy, "stalled": run.stalled, "links": run.sent[:, :, : isa.RAMP].sum(2)}
    maps |= {cause.replace(" ", "-"): cycles for cause, cycles in run.spent.items()}
    maps |= {port: run.sent[:, :, number] for number, port in enumerate(PORTS)}
    return np.asarray(maps[what])


def activity_gif(run: CoreRun, *, title: str, frame_cycles: int, frame_s: float = 0.1) -> bytes:
    """Return the activity of all cores over time as an animated GIF; needs a run with `frame_cycles`.

    Each picture says what it shows, and at which cycle it ends; below is what the colors mean. Cores are framed that
    the critical path was on meanwhile, if the run has one.

    Raises:
        ValueError: the run has no frames.
    """
    if not len(run.frames):
        raise ValueError("the run has no frames: run it with frame_cycles")
    ends = [min(run.cycles, frame_cycles * number) for number in range(1, len(run.frames) + 1)]
    segments, framed = (run.path.segments, "; framed: the critical path") if run.path else ((), "")
    pictures = [
        _picture(frame / frame_cycles, title, f"cycle {end:,} of {run.cycles:,}{framed}", _during(segments, start, end))
        for frame, start, end in zip(run.frames, [0, *ends], ends, strict=False)
    ]
    data = io.BytesIO()
    duration_ms = round(frame_s * 1000)
    pictures[0].save(
        data, "GIF", save_all=True, append_images=pictures[1:], duration=duration_ms, loop=0, optimize=False
    )
    return data.getvalue()


def _during(segments: Iterable[PathSegment], start: int, end: int) -> set[Core]:
    """Return the cores that a path is on between two cycles; a wavelet counts where it arrives."""
    return {segment.core for segment in segments if segment.start < end and segment.end > start}


def _picture(shares: Values, title: str, cycle: str, path: set[Core]) -> Image:
    """Return a picture of [row, column] shares of time that cores worked, with its words above and its key below."""
    from PIL import Image, ImageDraw, ImageFont

    shades = _shaded(fitted(shares))
    for column, row in path:
        _frame(shades, column, row, shares.shape)
    height, width = shades.shape
    font = ImageFont.load_default(FONT_PIXELS)
    words = max(int(font.getlength(line)) for line in (title, cycle))
    wide = max(width, words, KEY_PIXELS) + 2 * MARGIN
    key = np.broadcast_to(_shaded(np.linspace(0, 1, KEY_PIXELS // 2)), (FONT_PIXELS, KEY_PIXELS // 2))
    top, bottom = MARGIN + 2 * LINE_PIXELS, MARGIN + 2 * LINE_PIXELS + height + MARGIN
    canvas = np.full((bottom + LINE_PIXELS + MARGIN, wide), PAPER, np.uint8)
    canvas[top : top + height, MARGIN : MARGIN + width] = shades
    left = MARGIN + KEY_PIXELS // 4
    canvas[bottom : bottom + FONT_PIXELS, left : left + key.shape[1]] = key
    picture = Image.fromarray(canvas)
    picture.putpalette(_palette())
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"  # no shades between ink and paper: they would be colors of the key
    for number, line in enumerate((title, cycle)):
        draw.text((MARGIN, MARGIN + number * LINE_PIXELS), line, fill=INK, font=font)
    draw.text((MARGIN, bottom), "idle", fill=INK, font=font)
    draw.text((left + key.shape[1] + MARGIN, bottom), "busy", fill=INK, font=font)
    return picture


def _frame(shades: npt.NDArray[np.uint8], column: int, row: int, cores: tuple[int, ...]) -> None:
    """Draw a frame just within the edges of a core."""
    height, width = shades.shape
    top, bottom = (height * at // cores[0] for at in (row, row + 1))
    left, right = (width * at // cores[1] for at in (column, column + 1))
    cell = shades[top : max(bottom, top + 1), left : max(right, left + 1)]
    inside = cell[_THICK:-_THICK, _THICK:-_THICK].copy()
    cell[:] = MARK
    cell[_THICK:-_THICK, _THICK:-_THICK] = inside


def _shaded(shares: Values) -> npt.NDArray[np.uint8]:
    return (np.clip(shares, 0, 1) * (MARK - 1)).round().astype(np.uint8)


def _palette() -> bytes:
    """Return the colors of shares, of paper and of ink, as red, green and blue."""
    from matplotlib import colormaps

    shades = (colormaps[COLORS](np.linspace(0, 1, MARK))[:, :3] * 255).round().astype(np.uint8)
    return shades.tobytes() + bytes(RED) + bytes(3 * [255]) + bytes(3 * [20])


def trace_json(
    spans: Iterable[Span], flows: Iterable[tuple[Span, Span]] = (), path: Iterable[PathSegment] = ()
) -> str:  # fmt: skip
    """Return tasks and vector instructions of watched cores for ui.perfetto.dev; a cycle is drawn as a nanosecond.

    A slice has its line of source, its elements and its colors; an arrow leads from what sends to what receives. The
    critical path is a row of its own.
    """
    events = _path_events(path)
    cores: dict[tuple[int, int], int] = {}
    threads: set[tuple[int, int]] = set()
    for span in spans:
        place = (span.row, span.column)
        if place not in cores:
            cores[place] = len(cores) + 1
            events.append(_name("process_name", f"core ({span.column}, {span.row})", cores[place], 0))
        thread = _thread(span)
        if (cores[place], thread) not in threads:
            threads.add((cores[place], thread))
            name = "main thread" if span.thread is None else f"microthread {span.thread}"
            events.append(_name("thread_name", name, cores[place], thread))
        events.append({
            "ph": "X", "pid": cores[place], "tid": thread, "name": span.name, "ts": span.start / 1000,
            "dur": (span.end - span.start) / 1000, "args": _told(span),
        })  # fmt: skip
    for number, (sender, receiver, arrives) in enumerate(_arrivals(flows)):
        for phase, span, cycle in (("s", sender, sender.start), ("f", receiver, arrives)):
            events.append({
                "ph": phase, "id": number, "cat": "wavelets", "name": sender.sends, "pid": cores[span.row, span.column],
                "tid": _thread(span), "ts": cycle / 1000, **({"bp": "e"} if phase == "f" else {}),
            })  # fmt: skip
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": events}, separators=(",", ":"))


def _arrivals(flows: Iterable[tuple[Span, Span]]) -> Iterator[tuple[Span, Span, int]]:
    """Yield senders, receivers, and the cycle at which an arrow meets the receiver: within it, as slices are bound so.

    What begins and ends in the same cycle has no inside, and no arrow.
    """
    for sender, receiver in flows:
        arrives = min(receiver.end - 1, max(receiver.start, sender.start + 1))
        if sender.end > sender.start < arrives >= receiver.start:
            yield sender, receiver, arrives


def _path_events(path: Iterable[PathSegment]) -> list[dict[str, object]]:
    slices: list[dict[str, object]] = [
        {"ph": "X", "pid": _PATH, "tid": _MAIN, "name": f"{segment.what} {segment.core}", "ts": segment.start / 1000,
         "dur": segment.cycles / 1000, "args": _of_path(segment)}
        for segment in path
    ]  # fmt: skip
    return [_name("process_name", "critical path", _PATH, 0), *slices] if slices else []


def _of_path(segment: PathSegment) -> dict[str, object]:
    told = {"line": segment.place, "color": segment.color, "from": str(segment.origin) if segment.hops else ""}
    return {name: value for name, value in told.items() if value} | dict(segment.causes)


def _thread(span: Span) -> int:
    return _MAIN if span.thread is None else _MAIN + 1 + span.thread


def _told(span: Span) -> dict[str, object]:
    """Return what a slice says when it is chosen."""
    told = {"line": span.place, "elements": span.elements, "sends": span.sends, "receives": ", ".join(span.receives)}
    return {name: value for name, value in told.items() if value not in ("", None)}


def _name(kind: str, name: str, process: int, thread: int) -> dict[str, object]:
    return {"ph": "M", "pid": process, "tid": thread, "name": kind, "args": {"name": name}}
