"""What a report says of resident weights: one request, or many served over time."""

from __future__ import annotations

from collections.abc import Iterator

from wsesim.report import text
from wsesim.result import RequestMetrics, ResidentPlacement, Result, ServingMetrics

Line = tuple[str, str, str]
"""Label, value, detail."""

KINDS = {"whole": "one square a wafer", "blocks": "squares", "rectangles": "rectangles"}
PERCENTILE_NAMES = {"ttft_s": "time to first token", "tpot_s": "time per output token", "latency_s": "whole answer"}


def request_lines(result: Result, metrics: RequestMetrics) -> Iterator[Line]:
    """Yield the answers for a request, the most asked for first."""
    clock = text.field("clock_hz", result.machine["clock_hz"])
    asked = result.batch
    if metrics.ttft_s is not None:
        new = asked["prompt"] - asked.get("reused", 0)
        yield "time to first token", text.seconds(metrics.ttft_s), f"{text.plural(new, 'token')} of the prompt computed"
    if metrics.prompt_tokens_per_s is not None:
        yield "prompt tokens per second", text.rate(metrics.prompt_tokens_per_s), "computed, over the time to read them"
    if metrics.tpot_s is not None and metrics.tokens_per_s_user is not None:
        written = text.plural(asked["generate"] - (metrics.ttft_s is not None), "token")
        yield "time per output token", text.seconds(metrics.tpot_s), f"mean over {written}"
        yield "tokens per second", text.rate(metrics.tokens_per_s_user), "written for each user"
    if metrics.tokens_per_s is not None:
        users = text.plural(asked["sequences"], "sequence")
        yield "tokens per second, all", text.rate(metrics.tokens_per_s), f"{users} held at once"
        if metrics.users_to_fill is not None and metrics.users_to_fill > 1.5:
            yield "users to fill the pipeline", f"{metrics.users_to_fill:.3g}", "beyond them, each waits for the others"
    yield "whole request", text.seconds(metrics.total_s), f"{metrics.total_cycles:,} cycles at {clock}"
    yield "MFU", text.percent(metrics.mfu), f"of {metrics.mfu_peak}"
    power = text.field("power_w", metrics.power_w)
    yield "energy per token", text.joules(metrics.energy_per_token_j), f"at {power}, {_wafers(metrics.wafers)}"


def serving_lines(metrics: ServingMetrics) -> Iterator[Line]:
    """Yield the answers for many requests, the most asked for first."""
    limits = f"first token in {text.seconds(metrics.slo_ttft_s)}, then {text.seconds(metrics.slo_tpot_s)} each"
    share = text.percent(metrics.slo_share)
    if metrics.largest_rate_per_s is not None:
        value = text.rate(metrics.largest_rate_per_s) if metrics.largest_rate_per_s else "none"
        yield "largest rate per second", value, f"at which {share} of requests have their {limits}"
    arrived = f"of {text.rate(metrics.rate_per_s)} that arrive a second"
    yield "good answers per second", text.rate(metrics.goodput_per_s), arrived
    yield "good answers", text.percent(metrics.met_share), limits
    yield "tokens per second", text.rate(metrics.tokens_per_s), "written, all users"
    filled = f"of the time tokens enter the pipeline of {_wafers(metrics.wafers)}"
    yield "utilization", text.percent(metrics.utilization), filled
    room = f"room for {text.plural(metrics.slots, 'sequence')}, {metrics.capacity_tokens:,} positions"
    kept = f"of {metrics.requests:,}; {room}"
    yield "requests served", f"{metrics.served:,}", kept
    power = text.field("power_w", metrics.power_w)
    yield "energy per token", text.joules(metrics.energy_per_token_j), f"read or written, at {power}"


def percentile_rows(metrics: ServingMetrics) -> list[tuple[str, ...]]:
    """Return the table of percentiles, its head first."""
    if not metrics.percentiles:
        return []
    columns = tuple(next(iter(metrics.percentiles.values())))
    head = ("", *(column if column == "mean" else column.upper() for column in columns))
    rows = [
        (PERCENTILE_NAMES.get(name, name), *(text.seconds(values[column]) for column in columns))
        for name, values in metrics.percentiles.items()
    ]
    return [head, *rows]


def placed(place: ResidentPlacement) -> str:
    """Say how the weights lie."""
    how = f"{text.plural(place.stages, 'stage')} in {KINDS.get(place.kind, place.kind)}"
    grids = {(place.prefill_columns, place.prefill_rows), (place.decode_columns, place.decode_rows)}
    cores = " and ".join(f"{columns:,} × {rows:,}" for columns, rows in sorted(grids, reverse=True))
    return (
        f"{how} on {_wafers(place.wafers)} · {text.plural(place.layers_per_stage, 'layer')} at most in a stage · "
        f"{cores} cores each · {text.plural(place.slots, 'sequence')} of full length at once, "
        f"{place.capacity_tokens:,} positions"
    )


def _wafers(count: int) -> str:
    return text.plural(count, "wafer")
