"""The answer of a service: figures, words and facts from how its requests were served."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from wsesim.answer import Answer, DoesNotFit, Level, Outcome, Spent
from wsesim.errors import InputError, NotModelled
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.choosing import placement_choice, unused_words
from wsesim.questions.shared.facts import deciding
from wsesim.questions.shared.kept import kept_words
from wsesim.questions.shared.power import power_of_ops, power_tables
from wsesim.questions.shared.request_answer import LEAVES_OUT, facts_of, with_software
from wsesim.questions.shared.request_figures import FULL_REQUEST
from wsesim.questions.shared.service import (
    Service,
    of_trace,
    placed_service,
    service_of,
    tokens_in,
)
from wsesim.questions.shared.service_choice import (
    Judged,
    choices_by_rate,
    judge,
    judge_placements,
    placement_by_rate,
    searched_of,
)
from wsesim.questions.shared.service_curves import occupancy_curves, wait_curves
from wsesim.questions.shared.service_details import (
    ops_words,
    percentile_table,
    priority_table,
    reading_s,
    requests_csv,
    service_ops,
    service_timeline,
    timeline_words,
    utilization_curve,
)
from wsesim.questions.shared.service_rate import rate_words, served_best
from wsesim.questions.shared.service_readers import all_wafers, apart_words, full_s, readers_of, times_of
from wsesim.questions.shared.service_sweep import rate_curves, rate_table, sweep_rates
from wsesim.questions.shared.service_words import closed_verdict, headline, notes, read_words, verdict
from wsesim.system import (
    PERCENTILES,
    LargestRate,
    Requests,
    Served,
    ServiceTimes,
    gap_percentiles,
    percentiles,
    requests_of,
)
from wsesim.units import ROUNDING

SERVICE_LEAVES_OUT: Mapping[Level, tuple[str, ...]] = {
    **LEAVES_OUT,
    "closed": (
        "Queues: prompts and tokens of the mean length follow each other without a gap, and one request alone stands "
        "for all when it comes to the objective.",
        "Placements that keep the limits where the one for a full pipeline does not.",
    ),
}


def solve_service(question: Question, level: Level, say: Say) -> Outcome:
    """Answer what a service can do at a level."""
    service = service_of(question.asked)
    requests = requests_of(service.arrivals, tokens=tokens_in, say=say)
    if service.warmup >= len(requests):
        message = f"serving.warmup = {service.warmup:,} leaves none of {len(requests):,} requests to count"
        raise InputError.at(message, file=question.asked.file)
    service = of_trace(service, requests)
    say("placing the model")
    plan = placed_service(service)
    if isinstance(plan, DoesNotFit):
        return plan
    if isinstance(readers := readers_of(service), DoesNotFit):
        return readers
    if level == "closed":
        return _by_formula(question, service, plan, requests)
    searched = searched_of(service, requests)
    judged = judge_placements(service, requests, searched, plan, say)
    if level == "cores":
        if service.readers:
            raise NotModelled("reading and writing on wafers of their own", "at level cores; ask at level system")
        from wsesim.questions.shared.request_cores import slower_on_cores

        prompt, output = (max(1, round(float(each.mean()))) for each in (requests.prompt, requests.output))
        own = times_of(service, judged.plan)
        times, table, note = slower_on_cores(prompt, output, judged.plan, own, say)
        slower = judge(service, requests, searched, judged.plan, times, say)
        answer = _served(question, service, requests, searched, slower, say, level)
        choices = (placement_by_rate(service, judged), *answer.choices[1:])
        return replace(answer, choices=choices, tables=(*answer.tables, table), notes=(*answer.notes, note))
    return _served(question, service, requests, searched, judged, say, level)


def _by_formula(question: Question, service: Service, plan: ResidentPlan, requests: Requests) -> Answer:
    """Return the rate at which the pipeline is full, if one request alone holds the objective."""
    times = times_of(service, plan)
    prompt, output = round(float(requests.prompt.mean())), float(requests.output.mean())
    position = prompt + output / 2
    readers = readers_of(service)
    read = (readers if isinstance(readers, ResidentPlan) else plan).prefill(max(1, prompt))
    token_s = times.latency.base_s + times.latency.per_position_s * position
    held = read.seconds <= service.objective.ttft_s and token_s <= service.objective.tpot_s
    longest_s = full_s(service, plan)
    offered = requests.rate_per_s if len(requests) > 1 else 0.0
    found = {
        "largest_rate_per_s": (1 / longest_s if held else 0.0) if service.search else None,
        FULL_REQUEST.name: longest_s,
        "tokens_per_s": output * min(offered, 1 / longest_s), "ttft_p50_s": read.seconds, "tpot_p50_s": token_s,
    }  # fmt: skip
    spent = {"prefill": read.seconds, "decode": (output - 1) * token_s}
    total_s = math.fsum(spent.values())
    return Answer(
        level="closed", figures={spec.name: found.get(spec.name) for spec in question.figures},
        headline={name: "" for name, value in found.items() if value is not None},
        spent=Spent(total_s=total_s, by_cause=spent, what="request"), memory=plan.memory,
        memory_limit_bytes=plan.request.cluster.wafer.core.sram_bytes, facts=_facts(question, service, plan),
        choices=(placement_choice(FULL_REQUEST.name, plan, partial(full_s, service)),),
        leaves_out=SERVICE_LEAVES_OUT["closed"],
        verdict=closed_verdict(service, found["largest_rate_per_s"], requests),
        notes=(*kept_words(plan), *unused_words(plan), *read_words(service, requests)),
    )  # fmt: skip


def _served(
    question: Question, service: Service, requests: Requests, searched: Requests | None, judged: Judged, say: Say,
    level: Level,
) -> Answer:  # fmt: skip
    say(f"serving {len(requests):,} requests")
    plan, rate = judged.plan, judged.rate
    slots = rate.slots if rate else judged.times.slots
    served, times, more_choices = served_best(requests, judged.times, slots, service.objective)
    counted, apart = served.chosen(slice(service.warmup, None)), readers_of(service)
    readers = apart if isinstance(apart, ResidentPlan) else None
    since_s = float(served.arrival_s[service.warmup])
    found = {**percentiles(counted), "itl_s": gap_percentiles(served, since_s)}
    figures = _figures(service, plan, requests, times, served, rate, found)
    spent = _spent(requests, served, times, figures)
    ops = service_ops(service, plan, requests, served, spent.by_cause, readers)
    power = power_of_ops(plan, all_wafers(service, plan), ops, float(figures["duration_s"]))
    sweep = sweep_rates(service, requests, searched, judged)
    tokens = _tokens(requests, served)
    figures |= power.figures(tokens)
    asked = service.asked.resolved["outputs"]["timeline"]
    return Answer(
        level=level, figures={spec.name: figures[spec.name] for spec in question.figures},
        headline=headline(service, plan, figures, power), spent=spent if served.held.any() else None,
        verdict=verdict(service, requests, figures),
        sentences=(*apart_words(service, plan),
                   *deciding(question, *_decided(service, plan), "inference"),
                   *rate_words(service, judged),
                   *(timeline_words(requests) if asked else ()),
                   *([ops_words(requests, served)] if served.held.any() else [])),
        ops=ops,
        timeline=service_timeline(requests, served) if asked else (), memory=plan.memory,
        memory_limit_bytes=plan.request.cluster.wafer.core.sram_bytes,
        tables=(percentile_table(found), *priority_table(requests, counted), *rate_table(sweep),
                *power_tables(power, tokens)),
        drawings=(
            *rate_curves(service, sweep),
            utilization_curve(served),
            *occupancy_curves(requests, served, plan.replicas * times.capacity_tokens),
            *wait_curves(counted, service.objective),
        ),
        facts=_facts(question, service, plan),
        choices=(placement_by_rate(service, judged), *choices_by_rate(judged), *more_choices),
        files={"requests.csv": partial(requests_csv, requests, served, service.objective)},
        leaves_out=SERVICE_LEAVES_OUT[level], events=served.rounds,
        notes=(*kept_words(judged.plan), *power.notes(service.asked.hardware),
               *notes(service, requests, searched, served, times, judged)),
    )  # fmt: skip


def _tokens(requests: Requests, served: Served) -> int:
    """Return the tokens read and written of requests that could be held."""
    return int(requests.prompt[served.held].sum()) + int(requests.output[served.held].sum())


def _spent(requests: Requests, served: Served, times: ServiceTimes, figures: Mapping[str, Any]) -> Spent:
    """Return the time in which tokens of prompts enter the pipeline, tokens that are written do, or none does."""
    duration_s = float(figures["duration_s"])
    busy_s = float(figures["utilization"]) * duration_s
    read_s = min(busy_s, reading_s(requests, served, times) / times.all_copies)
    read_s = busy_s if busy_s - read_s <= ROUNDING * busy_s else read_s  # no token follows a first one
    spent = {"prefill": read_s, "decode": busy_s - read_s, "idle": duration_s - busy_s}
    return Spent(total_s=duration_s, what="service", by_cause={name: each for name, each in spent.items() if each > 0})


def _decided(service: Service, plan: ResidentPlan) -> tuple[str, Any]:
    position = service.goal.position
    return "time per output token", lambda software: with_software(plan, software).decode(position).seconds


def _facts(question: Question, service: Service, plan: ResidentPlan) -> dict[str, Mapping[str, object]]:
    return facts_of(question, plan, {"requests": service.arrivals.requests, "longest": service.longest})


def _figures(
    service: Service, plan: ResidentPlan, requests: Requests, times: ServiceTimes, served: Served,
    rate: LargestRate | None, waits: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:  # fmt: skip
    duration_s = max(served.duration_s, 1e-12)
    offered = requests.rate_per_s if math.isfinite(requests.rate_per_s) else None
    window_s = max(duration_s, len(requests) / offered if offered else 0.0)  # as long as all their gaps, at least
    utilization = min(1.0, served.entered_s / duration_s)
    counted = served.chosen(slice(service.warmup, None))
    share = service.objective.met_share(counted)
    written = int(requests.output[served.held].sum())
    read = int(requests.prompt[served.held].sum())
    tokens = written + read
    points = {
        f"{name}_{point}_s": waits.get(f"{name}_s", {}).get(point)
        for name in ("ttft", "tpot", "itl", "latency", "waited")
        for point in ("mean", *(f"p{point}" for point in PERCENTILES))
    }
    return points | {
        "requests": len(requests), "served": int(served.held.sum()), "duration_s": duration_s,
        "offered_per_s": offered, "served_per_s": int(served.held.sum()) / window_s,
        "tokens_per_s": written / window_s, "all_tokens_per_s": tokens / window_s,
        "reused_share": int(served.reused.sum()) / max(read, 1),
        "met_share": share, "goodput_per_s": share * len(requests) / window_s,
        FULL_REQUEST.name: full_s(service, plan), "largest_rate_per_s": rate.per_s if rate else None,
        "utilization": utilization,
        "wafers": all_wafers(service, plan), "replicas": plan.replicas,
        "slots": plan.replicas * times.slots, "capacity_tokens": plan.replicas * times.capacity_tokens,
        "stages": len(plan.stages), "chunk": times.chunk,
    }  # fmt: skip
