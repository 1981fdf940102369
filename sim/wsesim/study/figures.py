"""The figures a study can keep of a point: numbers of `Metrics` and of `Placement`, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from types import MappingProxyType

from wsesim.report import text
from wsesim.result import Metrics, Placement, RequestMetrics, ResidentPlacement, Result, ServingMetrics
from wsesim.units import Dimension, show, show_count

Number = int | float | bool

CAUSES = (
    "fmac", "elementwise", "reduction", "broadcast", "arrival", "injection", "fill", "launch", "recompute", "input",
    "weights", "gradients", "update", "step", "overlap", "compute", "softmax", "shift", "handover", "token turn",
    "pipeline", "move", "guesses", "idle", "exchange",
)  # fmt: skip
"""Causes of time, as keys of `Metrics.wafer_s` and `Metrics.gap`; one that a point lacks took no time there."""
EFFICIENCY = "scaling_efficiency"
"""Speed of a system over that at fewest systems: known of all points together, see `wsesim.study.scaling`."""
_HOLDERS = MappingProxyType(
    {"metrics": (Metrics, RequestMetrics, ServingMetrics), "placement": (Placement, ResidentPlacement)}
)
_LABELS = {
    "step_s": "step time", "tokens_per_s": "tokens per second", "samples_per_s": "samples per second", "mfu": "MFU",
    "bound_s": "bound", "energy_per_token_j": "energy per token", "power_w": "power",
    "micro_batch": "micro-batch", "days_to_budget": "days for the token budget", "step_cycles": "cycles of a step",
    "flops_per_step": "FLOPs of a step", "ttft_s": "time to first token", "tpot_s": "time per output token",
    "tokens_per_s_user": "tokens per second and user", "goodput_per_s": "good answers per second",
    "largest_rate_per_s": "largest rate per second", "total_s": "whole request",
}  # fmt: skip


@cache
def figure_names() -> dict[str, tuple[str, ...]]:
    """Return every name that can be kept, with the way to it: `mfu` and `metrics.mfu` are one."""
    found: dict[str, tuple[str, ...]] = {EFFICIENCY: ("metrics", EFFICIENCY)}
    for holder, kinds in _HOLDERS.items():
        for field in (field for kind in kinds for field in fields(kind)):
            for way in _ways(holder, field.name, str(field.type)):
                found[".".join(way[1:])] = way
                found[".".join(way)] = way
    return found


def _ways(holder: str, field: str, kind: str) -> Iterator[tuple[str, ...]]:
    if kind.removesuffix(" | None") in ("int", "float", "bool"):
        yield holder, field
    elif kind == "Mapping[str, float]":
        yield from ((holder, field, cause) for cause in CAUSES)


def figure_of(result: Result, name: str) -> Number | None:
    """Return the figure *name* of *result*, or None if the point does not fit, or its phase has no such figure.

    Of the scaling efficiency, what one point knows of it: tokens per second and system.
    """
    if name == EFFICIENCY:
        return _speed_of_a_system(result)
    holder, field, *key = figure_names()[name]
    held = getattr(result, holder)
    if held is None or result.metrics is None:
        return None
    value = getattr(held, field, None)
    found: Number | None = value.get(key[0], 0.0) if key and value is not None else value
    return found


def _speed_of_a_system(result: Result) -> float | None:
    tokens_per_s, systems = getattr(result.metrics, "tokens_per_s", None), result.machine["systems"]
    return None if tokens_per_s is None or not isinstance(systems, int) else tokens_per_s / systems


def label(name: str) -> str:
    """Return the figure's name in words."""
    _, field, *key = figure_names()[name]
    if key:
        return f"{key[0]} in the {'step' if field == 'wafer_s' else 'gap'}"
    return _LABELS.get(field) or text.label(field)


def shown(name: str, value: Number | None) -> str:
    """Print the figure *name* with its unit, as the report of a run does."""
    if value is None:
        return "–"
    field = figure_names()[name][1]
    if isinstance(value, bool):
        return text.field(field, value)
    if field.endswith("_per_s"):
        return text.rate(value)
    if field in ("mfu", EFFICIENCY):
        return text.percent(value)
    if field.endswith("_j"):
        return text.joules(value)
    if field.endswith("_w"):
        return show(value, Dimension.WATTS)
    if field.endswith("_s") or field in ("gap", "wafer_s"):
        return f"−{text.seconds(-value)}" if value < 0 else text.seconds(value)
    if field.endswith("flops_per_step"):
        return show_count(value)
    return text.field(field, value)


def short(name: str, value: Number) -> str:
    """Print the figure in few signs, for a cell of a drawing or a tick of an axis."""
    field = figure_names()[name][1]
    if field in ("mfu", EFFICIENCY):
        return f"{100 * value:.3g}%"
    if field.endswith("_per_s") or abs(value) >= 10_000:
        return show_count(value)
    return shown(name, value)
