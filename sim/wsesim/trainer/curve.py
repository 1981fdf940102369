"""The loss over the steps as a drawing: what is learned from as a line, what is held out as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.answers import svg
from wsesim.trainer.progress import Evaluation, Learned, Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 760.0, 300.0
_LEFT, _RIGHT, _BOTTOM, _TOP = 50.0, 110.0, 44.0, 14.0
_MOST_POINTS = 400
"""Points of the line; of more steps, as many means."""


def curve_svg(progress: Progress) -> str:
    """Return the curve, in bits a byte of a text, else in nats a token, as an `<svg>` element."""
    with svg.drawing(_WIDTH, _HEIGHT) as figure:
        plot = (_WIDTH - _LEFT - _RIGHT) / _WIDTH, (_HEIGHT - _BOTTOM - _TOP) / _HEIGHT
        axes = figure.add_axes((_LEFT / _WIDTH, _BOTTOM / _HEIGHT, *plot))
        steps, line = _means(progress)
        axes.plot(steps, line, color=svg.SOFT, linewidth=1.2, zorder=2)
        for one in progress.evaluations:
            svg.dot(axes, one.step, _height(one), 36, svg.INK)
        _name(axes, progress, line)
        axes.set(xlim=(0, max(1, progress.step)), ylim=(0, None))
        axes.set_xlabel("step", color=svg.SOFT, fontsize=9.5)
        axes.tick_params(colors=svg.SOFT, labelsize=9.5, length=0)
        axes.grid(axis="y", color=svg.LINE, linewidth=0.6, zorder=0)
        axes.spines[:].set_visible(False)
        axes.spines["bottom"].set(visible=True, color=svg.LINE, linewidth=0.9)
        return svg.inline(figure, "curve", "loss over the steps, learned from and held out")


def _height(one: Learned | Evaluation) -> float:
    return one.nats if one.bits_a_byte is None else one.bits_a_byte


def _name(axes: Axes, progress: Progress, line: list[float]) -> None:
    """Write at the right end what is what, the higher one above the other where they are near."""
    ends = [
        ("held out", _height(progress.evaluations[-1]), svg.INK),
        ("learned from", (line or [0.0])[-1], svg.SOFT),
    ]
    for (words, height, colour), side in zip(sorted(ends, key=lambda end: -end[1]), ("bottom", "top"), strict=True):
        axes.annotate(words, (progress.step, height), (9, 0), textcoords="offset points", color=colour, fontsize=10.5,
                      va=side)  # fmt: skip


def _means(progress: Progress) -> tuple[list[int], list[float]]:
    size = -(-progress.step // _MOST_POINTS) or 1
    groups = [progress.learned[at : at + size] for at in range(0, progress.step, size)]
    steps = [group[-1].step for group in groups]
    return steps, [sum(map(_height, group)) / len(group) for group in groups]
