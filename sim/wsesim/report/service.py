"""The two drawings of a service: how full the pipeline was over time, and how many answers were good at each rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wsesim.report import svg, text
from wsesim.result import ServingMetrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 352.0, 224.0
_PLACE = (0.14, 0.2, 0.82, 0.66)


def drawings(metrics: ServingMetrics) -> Iterator[str]:
    """Yield the drawings there is something to see in."""
    if metrics.utilization_over_time:
        yield utilization_svg(metrics)
    if metrics.tried:
        yield rates_svg(metrics)


def utilization_svg(metrics: ServingMetrics) -> str:
    """Draw the share of time that tokens entered the pipeline, over the time since the first arrival."""
    with svg.drawing(_WIDTH, _HEIGHT) as figure:
        axes = figure.add_axes(_PLACE)
        times, shares = zip(*metrics.utilization_over_time, strict=True)
        axes.step(times, shares, where="mid", color=svg.SOFT, linewidth=1.2)
        axes.set(xlim=(0, metrics.duration_s), ylim=(0, 1.05))
        axes.set_xlabel("seconds since the first request", color=svg.SOFT, fontsize=9.5)
        _finish(axes, "Utilization")
        return svg.inline(figure, "utilization", "Utilization over time")


def rates_svg(metrics: ServingMetrics) -> str:
    """Draw the share of good answers over the rates that were tried, and the objective."""
    tried = sorted(metrics.tried)
    with svg.drawing(_WIDTH, _HEIGHT) as figure:
        axes = figure.add_axes(_PLACE)
        axes.plot([rate for rate, _ in tried], [share for _, share in tried], color=svg.SOFT, linewidth=1.2)
        for rate, share in tried:
            svg.dot(axes, rate, share, 30, "c0")
        axes.axhline(metrics.slo_share, color=svg.LINE, linewidth=1.2, linestyle="--", zorder=0)
        axes.set(xscale="log", ylim=(0, 1.05))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel(f"requests a second; dashed: {text.percent(metrics.slo_share)}", color=svg.SOFT, fontsize=9.5)
        _finish(axes, "Good answers")
        return svg.inline(figure, "rates", "Share of good answers at each rate")


def _finish(axes: Axes, title: str) -> None:
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.tick_params(axis="both", which="both", colors=svg.SOFT, labelsize=9.5, length=0)
    axes.grid(axis="y", color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=svg.LINE, linewidth=0.9)
    axes.set_title(title, color=svg.INK, fontsize=11, loc="left")
