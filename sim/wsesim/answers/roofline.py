"""FLOP/s of each matrix op over the FLOPs it does per byte, under what the machine can reach at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from wsesim.answer import Answer, OpTime
from wsesim.answers import svg
from wsesim.answers.causes import Cause
from wsesim.answers.sheet import Sheet, log_ticks
from wsesim.units import Dimension, show, show_count, show_flops

_Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge."""
_WIDTH, _HEIGHT = 352.0, 270.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 47.5, 346.7, 24.3, 232.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """What one wafer can reach: `peak` FLOP/s, or less where `bytes_per_s` cannot feed it."""

    name: str
    """What moves the bytes."""
    bytes_per_s: float
    peak: float


_EDGES: tuple[tuple[str, str, Callable[[OpTime], int]], ...] = (
    ("SRAM", "sram_bytes_per_s", lambda op: op.sram_bytes),
    ("Edge of the wafer", "io_bytes_per_s", lambda op: op.weight_bytes + op.gradient_bytes),
)  # fmt: skip
"""Of each roof: name, the fact of the machine that says how steep it is, and the bytes one call of an op moves."""


def rooflines(answer: Answer, causes: Mapping[str, Cause]) -> list[str]:
    """Draw every roof whose slope and peak the facts of the machine name."""
    machine = answer.facts.get("machine", {})
    peak, drawn = machine.get("peak_flops"), []
    for name, fact, bytes_of in _EDGES:
        bytes_per_s = machine.get(fact)
        moved = [(op, bytes_of(op) * op.calls) for op in answer.ops if op.flops > 0 and op.seconds > 0]
        moved = [(op, size) for op, size in moved if size > 0]
        if moved and isinstance(peak, int | float) and isinstance(bytes_per_s, int | float):
            roof = Roof(name=name, bytes_per_s=bytes_per_s, peak=peak)
            drawn.append(roofline_svg(moved, roof, causes))
    return drawn


def roofline_svg(moved: Sequence[tuple[OpTime, float]], roof: Roof, causes: Mapping[str, Cause]) -> str:
    """Draw the FLOP/s of ops over their FLOPs per byte, under *roof*.

    Args:
        moved: ops with FLOPs, each with the bytes that all its calls move.
        roof: what limits them.
        causes: of the ops' bounds, with their colours.
    """
    points = [(op.flops / size, op.flops / op.seconds, op) for op, size in moved]
    ridge = roof.peak / roof.bytes_per_s
    xs = [x for x, _, _ in points] + [ridge]
    left, right = min(xs) / 3, max(xs) * 4
    low = min([y for _, y, _ in points] + [roof.peak / 6]) / 2.5
    longest = max(op.seconds for op, _ in moved)
    frame = _Frame(left, right, low, roof.peak * 2)
    sheet = Sheet(_WIDTH, _HEIGHT)
    _axes(sheet, frame)
    roofed = [(left, left * roof.bytes_per_s), (ridge, roof.peak), (right, roof.peak)]
    sheet.line([frame.spot(x, y) for x, y in _above(roofed, low)], svg.INK, width=1.1)
    for x, y, op in points:
        sheet.dot(*frame.spot(x, y), 14 + 190 * op.seconds / longest, causes[op.bound].style)
    slope = f"{roof.name}, {show(roof.bytes_per_s, Dimension.BYTES_PER_SECOND)}"
    sheet.text(_LEFT, _TOP - 7, slope, colour=svg.INK)
    at_x, at_y = frame.spot(right / 1.15, roof.peak)
    peak = f"peak {show_flops(roof.peak)}"
    sheet.text(at_x, at_y - 5, peak, size=9, anchor="end")
    box = (at_x - 4.9 * len(peak), at_y - 14, at_x, at_y - 5)
    _name_points(sheet, [(*frame.spot(x, y), op) for x, y, op in points], box)
    return sheet.svg(f"Roofline, {roof.name}: FLOP/s of each matrix op over its FLOPs per byte")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values stand, on log scales."""

    left: float
    right: float
    low: float
    high: float

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn."""
        across = log(x / self.left) / log(self.right / self.left)
        up = log(y / self.low) / log(self.high / self.low)
        return _LEFT + across * (_RIGHT - _LEFT), _BOTTOM - up * (_BOTTOM - _TOP)


def _above(roofed: list[tuple[float, float]], low: float) -> list[tuple[float, float]]:
    """Return the roof from where it leaves the frame."""
    (x, y), *rest = roofed
    return [(x, y) if y >= low else (x * low / y, low), *rest]


def _axes(sheet: Sheet, frame: _Frame) -> None:
    for tick in log_ticks(frame.left, frame.right, 6):
        x, _ = frame.spot(tick, frame.low)
        sheet.line([(x, _TOP), (x, _BOTTOM + 3)])
        sheet.text(x, _BOTTOM + 14, _said(tick), size=9, anchor="middle")
    for tick in log_ticks(frame.low, frame.high):
        _, y = frame.spot(frame.left, tick)
        sheet.line([(_LEFT - 3, y), (_RIGHT, y)])
        sheet.text(_LEFT - 6, y + 3, _said(tick), size=9, anchor="end")
    sheet.text((_LEFT + _RIGHT) / 2, _BOTTOM + 29, "FLOPs per byte", size=9.5, anchor="middle")
    sheet.text(9, (_TOP + _BOTTOM) / 2, "FLOP/s of one wafer", size=9.5, anchor="middle", upright=True)


def _said(tick: float) -> str:
    return show_count(tick) if tick >= 1 else f"{tick:g}"


def _name_points(sheet: Sheet, spots: Sequence[tuple[float, float, OpTime]], written: _Box) -> None:
    """Write names beside the longest ops, where they cover neither each other nor a point, nor what is *written*."""
    taken = [written, *((x - 4, y - 4, x + 4, y + 4) for x, y, _ in spots)]
    for x, y, op in sorted(spots, key=lambda spot: -spot[2].seconds)[:8]:
        wide = 4.9 * len(op.name)
        for left, bottom in ((x + 9, y + 4), (x - 9 - wide, y + 4), (x - wide / 2, y - 9), (x - wide / 2, y + 19)):
            box = (left, bottom - 9, left + wide, bottom)
            inside = box[0] >= _LEFT and box[2] <= _RIGHT and box[1] >= _TOP and box[3] <= _BOTTOM
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                sheet.text(left, bottom, op.name, colour=svg.INK, size=8.5)
                break


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
