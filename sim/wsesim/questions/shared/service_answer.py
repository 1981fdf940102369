"""The answer of a service: figures, words and facts from how its requests were served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from wsesim.answer import Answer, DoesNotFit, Level, Outcome, Spent
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.facts import deciding
from wsesim.questions.shared.request_answer import LEAVES_OUT, facts_of, placement_words, with_software
from wsesim.questions.shared.service import Service, placed_service, service_of, service_times
from wsesim.questions.shared.service_details import drawings, percentile_table
from wsesim.system import (
    PERCENTILES,
    Requests,
    Served,
    ServiceTimes,
    largest_rate,
    percentiles,
    requests_of,
    serve,
)
from wsesim.units import Dimension, show, show_seconds

MOST_SEARCHED = 10_000
"""Requests that the largest rate is looked for with."""
SERVICE_LEAVES_OUT: Mapping[Level, tuple[str, ...]] = {
    **LEAVES_OUT,
    "closed": (
        "Queues: prompts and tokens of the mean length follow each other without a gap, and one request alone stands "
        "for all when it comes to the objective.",
    ),
}


def solve_service(question: Question, level: Level, say: Say) -> Outcome:
    """Answer what a service can do at a level."""
    service = service_of(question.asked)
    say("placing the model")
    plan = placed_service(service)
    if isinstance(plan, DoesNotFit):
        return plan
    requests, times = requests_of(service.arrivals), service_times(service, plan)
    if level == "closed":
        return _by_formula(question, service, plan, requests, times)
    if level == "cores":
        from wsesim.questions.shared.request_cores import slower_on_cores

        prompt, output = (max(1, round(float(each.mean()))) for each in (requests.prompt, requests.output))
        times, table, note = slower_on_cores(prompt, output, plan, times, say)
        answer = _served(question, service, plan, requests, times, say, level)
        return replace(answer, tables=(*answer.tables, table), notes=(*answer.notes, note))
    return _served(question, service, plan, requests, times, say, level)


def _find_rate(
    service: Service, requests: Requests, times: ServiceTimes, say: Say
) -> tuple[float | None, tuple[tuple[float, float], ...]]:
    """Return the largest rate that holds the objective, and the rates tried with the share that was good enough.

    None and nothing where it is not asked for, or all requests arrive together and so have no rate.
    """
    if not (service.search and isfinite(requests.rate_per_s)):
        return None, ()
    rate, tried = largest_rate(requests.first(MOST_SEARCHED), times, service.objective, say=say)
    return rate, tuple(sorted(tried.items()))


def _by_formula(
    question: Question, service: Service, plan: ResidentPlan, requests: Requests, times: ServiceTimes
) -> Answer:
    """Return the rate at which the pipeline is full, if one request alone holds the objective."""
    prompt, output = round(float(requests.prompt.mean())), float(requests.output.mean())
    position = prompt + output / 2
    read = plan.prefill(max(1, prompt))
    token_s = times.latency.base_s + times.latency.per_position_s * position
    chunks = -(-prompt // plan.chunk) if plan.together is None else prompt / plan.chunk
    entering_s = chunks * read.interval_cycles / plan.clock_hz
    entering_s += output * (times.interval.base_s + times.interval.per_position_s * position)
    held = read.seconds <= service.objective.ttft_s and token_s <= service.objective.tpot_s
    full = 1 / entering_s
    offered = requests.rate_per_s if len(requests) > 1 else 0.0
    found = {
        "largest_rate_per_s": (full if held else 0.0) if service.search else None,
        "tokens_per_s": output * min(offered, full), "ttft_p50_s": read.seconds, "tpot_p50_s": token_s,
    }  # fmt: skip
    total_s = read.seconds + (output - 1) * token_s
    return Answer(
        level="closed", figures={spec.name: found.get(spec.name) for spec in question.figures},
        headline={name: "" for name, value in found.items() if value is not None},
        spent=Spent(total_s=total_s, by_cause={"compute": total_s}, what="request"), memory=plan.memory,
        memory_limit_bytes=plan.request.cluster.wafer.core.sram_bytes, facts=_facts(question, service, plan),
        leaves_out=SERVICE_LEAVES_OUT["closed"],
    )  # fmt: skip


def _served(
    question: Question, service: Service, plan: ResidentPlan, requests: Requests, times: ServiceTimes, say: Say,
    level: Level,
) -> Answer:  # fmt: skip
    say(f"serving {len(requests):,} requests")
    served = serve(requests, times)
    rate, tried = _find_rate(service, requests, times, say)
    figures = _figures(service, plan, requests, times, served, rate)
    busy_s = float(figures["utilization"]) * float(figures["duration_s"])
    spent = {"compute": busy_s, "idle": float(figures["duration_s"]) - busy_s}
    return Answer(
        level=level,
        figures={spec.name: figures[spec.name] for spec in question.figures},
        headline=_headline(service, figures),
        spent=Spent(
            total_s=busy_s + spent["idle"],
            what="service",
            by_cause={name: each for name, each in spent.items() if each > 0},
        ),
        sentences=(placement_words(plan), *deciding(question, *_decided(service, plan), "inference")),
        memory=plan.memory,
        memory_limit_bytes=plan.request.cluster.wafer.core.sram_bytes,
        tables=(percentile_table(percentiles(served)),),
        drawings=drawings(service, served, requests, tried),
        facts=_facts(question, service, plan),
        leaves_out=SERVICE_LEAVES_OUT[level],
        notes=_notes(service, requests, times, rate, tried),
        events=served.rounds,
    )


def _decided(service: Service, plan: ResidentPlan) -> tuple[str, Any]:
    position = min(service.longest, service.arrivals.prompt + service.arrivals.output // 2)
    return "time per output token", lambda software: with_software(plan, software).decode(max(1, position)).seconds


def _facts(question: Question, service: Service, plan: ResidentPlan) -> dict[str, Mapping[str, object]]:
    return facts_of(question, plan, {"requests": service.arrivals.requests, "longest": service.longest})


def _figures(
    service: Service, plan: ResidentPlan, requests: Requests, times: ServiceTimes, served: Served, rate: float | None
) -> dict[str, Any]:
    wafer, duration_s = plan.request.cluster.wafer, max(served.duration_s, 1e-12)
    utilization = min(1.0, served.entered_s / duration_s)
    share = service.objective.met_share(served)
    power_w = plan.wafers * (wafer.idle_power_w + wafer.active_power_w * utilization)
    written = int(requests.output[served.held].sum())
    tokens = written + int(requests.prompt[served.held].sum())
    found = percentiles(served)
    waits = {
        f"{name}_{point}_s": found.get(f"{name}_s", {}).get(point)
        for name in ("ttft", "tpot", "latency")
        for point in ("mean", *(f"p{point}" for point in PERCENTILES))
    }
    return waits | {
        "requests": len(requests), "served": int(served.held.sum()), "duration_s": duration_s,
        "rate_per_s": len(requests) / duration_s, "tokens_per_s": written / duration_s, "met_share": share,
        "goodput_per_s": share * len(requests) / duration_s, "largest_rate_per_s": rate, "utilization": utilization,
        "power_w": power_w, "energy_per_token_j": power_w * duration_s / max(tokens, 1), "wafers": plan.wafers,
        "slots": times.slots, "capacity_tokens": times.capacity_tokens, "stages": len(plan.stages), "chunk": plan.chunk,
    }  # fmt: skip


def _headline(service: Service, figures: Mapping[str, Any]) -> dict[str, str]:
    goal = service.objective
    limits = f"first token in {show_seconds(goal.ttft_s)}, then {show_seconds(goal.tpot_s)} each"
    room = f"room for {figures['slots']:,} sequences, {figures['capacity_tokens']:,} positions"
    words = {
        "goodput_per_s": f"of {figures['rate_per_s']:.4g} that arrive a second", "met_share": limits,
        "tokens_per_s": "written, all users",
        "utilization": f"of the time tokens enter the pipeline, {figures['wafers']} wafer"
        f"{'' if figures['wafers'] == 1 else 's'}",
        "served": f"of {figures['requests']:,}; {room}",
        "energy_per_token_j": f"read or written, at {show(figures['power_w'], Dimension.WATTS)}",
    }  # fmt: skip
    if figures["largest_rate_per_s"] is None:
        return words
    return {"largest_rate_per_s": f"at which {goal.share:.1%} of requests have their {limits}", **words}


def _notes(
    service: Service, requests: Requests, times: ServiceTimes, rate: float | None,
    tried: tuple[tuple[float, float], ...],
) -> tuple[str, ...]:  # fmt: skip
    found, goal = [], service.objective
    if rate == 0:
        found.append(
            "No rate holds the objective: even one request at a time, too few have their first token in "
            f"{goal.ttft_s:g} s and the others in {goal.tpot_s:g} s each."
        )
    if tried and max(tried)[1] >= goal.share and rate:
        found.append(
            "All requests at once hold the objective, so these are too few to find the largest rate: it is that of "
            "their burst. More serving.requests would find it."
        )
    over = int((requests.prompt + requests.output > times.capacity_tokens).sum())
    if over:
        found.append(f"{over:,} requests are longer than the {times.capacity_tokens:,} positions the wafers hold.")
    return tuple(found)
