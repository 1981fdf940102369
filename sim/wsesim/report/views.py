"""What the page shows, worked out: the template only places it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsesim.report import resident, text
from wsesim.report.causes import Cause, known
from wsesim.report.plain import answers
from wsesim.result import Answers, Metrics, OpTime, RequestMetrics, ResidentPlacement, Result, ServingMetrics
from wsesim.units import show_count

_SHOWN_OPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a bar; offsets and widths are percentages of the bar's full length."""

    label: str
    style: str
    """CSS class that carries the colour."""
    width: str
    value: str
    share: str = ""
    meaning: str = ""
    offset: str = "0%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the big numbers."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    """One op of the step with its bar."""

    name: str
    place: str
    value: str
    share: str
    calls: str
    bound: str
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Where a core's memory goes."""

    bar: tuple[Segment, ...]
    used: str
    share: str
    limit: str
    verdict: str
    limit_at: str
    """Where the limit stands on the bar."""
    over: bool


def styles(result: Result) -> dict[str, str]:
    """Return the CSS name (`c0`, `c1` ...) of every cause in *result*, the same in all its figures."""
    return {name: f"c{index}" for index, name in enumerate(causes(result))}


def causes(result: Result) -> dict[str, Cause]:
    """Return every cause in *result*, in the order a reader meets them."""
    metrics = answers(result)
    names = list(metrics.wafer_s) if metrics else []
    names += list(metrics.gap) if isinstance(metrics, Metrics) else []
    names += [cause for op in result.ops for cause in (*op.parts, op.bound)]
    return known([*names, *(interval.cause for interval in result.timeline)])


def headline(result: Result, metrics: Answers) -> tuple[Answer, ...]:
    """Return the answers, the most asked for first."""
    match metrics:
        case RequestMetrics():
            found = tuple(resident.request_lines(result, metrics))
        case ServingMetrics():
            found = tuple(resident.serving_lines(metrics))
        case Metrics():
            found = _step_lines(result, metrics)
    return tuple(Answer(label=label, value=value, detail=detail) for label, value, detail in found)


def _step_lines(result: Result, metrics: Metrics) -> tuple[resident.Line, ...]:
    clock = result.machine.get("clock_hz")
    at = f" at {text.field('clock_hz', clock)}" if clock else ""
    done = "trained" if metrics.trains else "computed"
    budget = (
        f"for {show_count(metrics.token_budget)} tokens", text.seconds(metrics.days_to_budget * 86400),
        "steps back to back, nothing between",
    )  # fmt: skip
    return (
        ("one step", text.seconds(metrics.step_s), f"{metrics.step_cycles:,} cycles{at}"),
        ("tokens per second", text.rate(metrics.tokens_per_s), f"{done}, all systems together"),
        ("samples per second", text.rate(metrics.samples_per_s), f"sequences of {result.batch['length']:,} tokens"),
        ("MFU", text.percent(metrics.mfu), f"of {metrics.mfu_peak}"),
        *((budget,) if metrics.trains else ()),
        ("energy per token", text.joules(metrics.energy_per_token_j),
         f"at {text.field('power_w', metrics.power_w)}, all wafers, mean over the step"),
    )  # fmt: skip


def spent(result: Result, metrics: Answers) -> tuple[Segment, ...]:
    """Return the wafers' time by cause, longest first."""
    described, named = causes(result), styles(result)
    return tuple(
        Segment(label=described[cause].label, style=named[cause], width=_width(time_s, metrics.total_s),
                value=text.seconds(time_s), share=text.percent(time_s / metrics.total_s),
                meaning=described[cause].meaning)
        for cause, time_s in text.ranked(metrics.wafer_s)
    )  # fmt: skip


def gap(result: Result, metrics: Metrics) -> tuple[Segment, ...]:
    """Return the steps of a staircase from the bound to the simulated step."""
    described, named = causes(result), styles(result)
    reached = metrics.bound_s
    found = []
    for cause, time_s in text.ranked(metrics.gap):
        start, reached = reached, reached + time_s
        found.append(
            Segment(label=described[cause].label, style=named[cause], width=_width(abs(time_s), metrics.step_s),
                    offset=_width(min(start, reached), metrics.step_s), value=text.seconds(time_s),
                    share=text.percent(time_s / metrics.step_s))
        )  # fmt: skip
    return tuple(found)


def bound_width(metrics: Metrics) -> str:
    """Return how long the bound is beside the step."""
    return _width(metrics.bound_s, metrics.step_s)


def ops(result: Result, metrics: Answers) -> tuple[OpRow, ...]:
    """Return the longest ops, longest first, and all others as one last row."""
    ordered = sorted(result.ops, key=lambda op: -op.seconds)
    cut = _SHOWN_OPS if len(ordered) > _SHOWN_OPS + 1 else len(ordered)
    shown, rest = ordered[:cut], ordered[cut:]
    longest = max((op.seconds for op in ordered), default=1.0)
    rows = [_op_row(op, causes(result), styles(result), longest, metrics.total_s) for op in shown]
    if rest:
        total = sum(op.seconds for op in rest)
        rows.append(
            OpRow(name=f"{text.plural(len(rest), 'shorter op')} together", place="", value=text.seconds(total),
                  share=text.percent(total / metrics.total_s), calls="", bound="", bar=())
        )  # fmt: skip
    return tuple(rows)


def _op_row(
    op: OpTime, described: Mapping[str, Cause], named: Mapping[str, str], longest: float, total_s: float
) -> OpRow:
    scale = op.seconds / op.cycles if op.cycles else 0.0
    bar = tuple(
        Segment(label=described[cause].label, style=named[cause], width=_width(cycles * scale, longest),
                value=text.seconds(cycles * scale))
        for cause, cycles in text.ranked(op.parts)
    )  # fmt: skip
    return OpRow(
        name=op.name, place=f"{op.block}, {op.phase}", value=text.seconds(op.seconds), calls=f"{op.calls:,}",
        share=text.percent(op.seconds / total_s), bound=described[op.bound].label, bar=bar,
    )  # fmt: skip


def memory(result: Result) -> Memory | None:
    """Return the memory of a core, or None where nothing is known of it."""
    if not result.memory:
        return None
    used = sum(use.bytes_per_core for use in result.memory)
    limit = result.core_sram_bytes or used
    full = max(used, limit)
    bar = tuple(
        Segment(label=use.what, style=f"m{min(index, 7)}", width=_width(use.bytes_per_core, full),
                value=text.kib(use.bytes_per_core), share=text.percent(use.bytes_per_core / limit), meaning=use.note)
        for index, use in enumerate(result.memory)
    )  # fmt: skip
    return Memory(
        bar=bar, used=text.kib(used), share=text.percent(used / limit), limit=text.kib(limit),
        verdict=text.bytes_over(used, limit), limit_at=_width(limit, full), over=used > limit,
    )  # fmt: skip


def facts(result: Result) -> tuple[tuple[str, str], ...]:
    """Return model, machine, batch and placement, a line each."""
    found = []
    for title, mapping in (("model", result.model), ("machine", result.machine), ("batch", result.batch)):
        rest = [f"{text.label(key)} {text.field(key, value)}" for key, value in mapping.items() if key != "name"]
        rest = [fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in rest]
        found.append((title, " · ".join([str(mapping["name"]), *rest] if "name" in mapping else rest)))
    place = result.placement
    if isinstance(place, ResidentPlacement):
        found.append(("placement", resident.placed(place)))
    elif place:
        recompute = "layers computed again in the backward pass" if place.recompute else "nothing recomputed"
        found.append((
            "placement",
            f"{text.plural(place.passes, 'pass')} of {text.plural(place.micro_batch, 'sequence')} on "
            f"{place.columns:,} × {place.rows:,} cores · a core holds {text.plural(place.tokens_per_core, 'token')} × "
            f"{place.features_per_core:.4g} features · {recompute}",
        ))  # fmt: skip
    return tuple(found)


def _width(part: float, whole: float) -> str:
    return f"{max(100 * part / whole, 0):.3f}%" if whole > 0 else "0%"
