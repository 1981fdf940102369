"""Many requests on resident weights: the placement as a server, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from wsesim.answer import Answer, Curve, DoesNotFit, Level, Outcome, Spent, Table
from wsesim.mapping.resident import PlanGoal, ResidentPlan, plan_service
from wsesim.questions.base import Asked, Question, Say
from wsesim.questions.shared.facts import deciding
from wsesim.questions.shared.placing import placed, placing_of, unused
from wsesim.questions.shared.request import Guesses, software_of_request
from wsesim.questions.shared.request_answer import LEAVES_OUT, facts_of, placement_words, with_software
from wsesim.system import (
    PERCENTILES,
    Arrivals,
    GrowingTime,
    Objective,
    Requests,
    Served,
    ServiceTimes,
    largest_rate,
    percentiles,
    requests_of,
    serve,
)
from wsesim.units import Dimension, parse, show, show_seconds

READ_POINTS = 24
"""Lengths of prompts at which reading is timed, evenly spaced; more below the first, each twice as long as the last."""
MOST_SEARCHED = 10_000
"""Requests that the largest rate is looked for with."""
BINS = 60
"""Stretches of time that utilization is shown for."""
SERVICE_LEAVES_OUT: Mapping[Level, tuple[str, ...]] = {
    **LEAVES_OUT,
    "closed": (
        "Queues: prompts and tokens of the mean length follow each other without a gap, and one request alone stands "
        "for all when it comes to the objective.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is asked of a service."""

    asked: Asked
    arrivals: Arrivals
    objective: Objective
    search: bool
    batch: int | None
    """Sequences of full length held at once; None: as many as fit."""
    guesses: Guesses

    @property
    def goal(self) -> PlanGoal:
        """What the placement is chosen for: requests of the mean length, always more of them."""
        prompt = max(1, min(self.arrivals.prompt, self.longest - 1))
        written = max(1, min(self.arrivals.output, self.longest - prompt))
        position = min(self.longest, prompt + written // 2)
        return PlanGoal(prompt=prompt, position=position, passes=written / self.guesses.tokens_per_pass, streams=True)

    @property
    def longest(self) -> int:
        """Tokens of the longest request, prompt and answer together."""
        return self.arrivals.longest


def service_of(asked: Asked) -> Service:
    """Return the service that a checked file asks for."""
    section, held = dict(asked.resolved["serving"]), asked.resolved["inference"]
    ttft_s, tpot_s = (float(parse(section.pop(key), Dimension.SECONDS)) for key in ("slo_ttft", "slo_tpot"))
    objective = Objective(ttft_s=ttft_s, tpot_s=tpot_s, share=section.pop("slo_share"))
    trace, rate, search = section.pop("trace"), section.pop("rate"), section.pop("search")
    arrivals = Arrivals(
        **section, rate_per_s=None if trace else rate, trace=None if trace is None else asked.folder / trace
    )
    batch = held["batch"] if isinstance(held["batch"], int) else None
    return Service(
        asked=asked, arrivals=arrivals, objective=objective, search=search, batch=batch, guesses=Guesses.of(held)
    )  # fmt: skip


def solve_service(question: Question, level: Level, say: Say) -> Outcome:
    """Answer what a service can do at a level."""
    service = service_of(question.asked)
    say("placing the model")
    plan = _placed(service)
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


def _placed(service: Service) -> ResidentPlan | DoesNotFit:
    """Return where the model lies; with as many sequences as fit, unless the file says how many."""
    asked = service.asked
    placing = placing_of(
        asked.resolved["inference"], asked.shape, asked.hardware.cluster, software_of_request(asked),
        positions=service.longest, batch=service.batch or 1,
    )  # fmt: skip
    if service.batch is not None:
        return placed(placing, service.goal)
    return plan_service(placing, service.goal)


def service_times(service: Service, plan: ResidentPlan) -> ServiceTimes:
    """Return what *plan* can do, as a server sees it."""
    longest, batch, guesses = plan.request.positions, plan.request.batch, service.guesses
    host, goal = plan.request.cluster.host, PlanGoal(prompt=service.arrivals.prompt, passes=service.arrivals.output)
    step = max(1, longest // READ_POINTS)
    lengths = sorted({2**power for power in range(step.bit_length())} | {*range(step, longest, step), longest})
    each = (1 + guesses.tokens) / guesses.tokens_per_pass

    def latency_s(position: int) -> float:
        token = plan.decode(position)
        return (token.seconds + guesses.cycles(token) / plan.clock_hz) / guesses.tokens_per_pass

    def interval_s(position: int) -> float:
        return each * plan.interval_s(position)

    return ServiceTimes(
        prefill_tokens=(0, *lengths), prefill_s=(0.0, *(plan.prefill(length).seconds for length in lengths)),
        latency=_growing(latency_s, longest), interval=_growing(interval_s, longest), chunk=plan.chunk,
        slots=goal.slots(plan), capacity_tokens=batch * longest, input_latency_s=host.latency_s,
        input_token_s=plan.request.software.token_bytes / host.input_bytes_per_s,
    )  # fmt: skip


def _growing(seconds: Callable[[int], float], longest: int) -> GrowingTime:
    """Return a line through the time at the first and at the last position."""
    first, last = seconds(1), seconds(longest)
    slope = (last - first) / (longest - 1) if longest > 1 else 0.0
    return GrowingTime(first - slope, slope)


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
        leaves_out=SERVICE_LEAVES_OUT["closed"], notes=(*unused(plan), *_cut(service, requests)),
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
        tables=(_percentile_table(percentiles(served)),),
        drawings=_drawings(service, served, requests, tried),
        facts=_facts(question, service, plan),
        leaves_out=SERVICE_LEAVES_OUT[level],
        notes=(*unused(plan), *_cut(service, requests), *_notes(service, requests, times, rate, tried)),
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


def _percentile_table(found: Mapping[str, Mapping[str, float]]) -> Table:
    names = {"ttft_s": "time to first token", "tpot_s": "time per output token", "latency_s": "whole answer"}
    points = ("mean", *(f"p{point}" for point in PERCENTILES))
    rows = tuple((names[name], *(values[point] for point in points)) for name, values in found.items())
    columns = ("what", *(f"{point}_s" for point in points))
    return Table(name="percentiles", title="How long requests take", columns=columns, rows=rows)


def _drawings(
    service: Service, served: Served, requests: Requests, tried: tuple[tuple[float, float], ...]
) -> tuple[Curve, ...]:
    moments, shares = served.utilization(BINS)
    start = float(requests.arrival_s[0])
    found = [
        Curve(
            name="utilization", title="Utilization", x_label="seconds since the first request", y_label="",
            points=tuple(zip((moments - start).tolist(), shares.tolist(), strict=True)), steps=True, share=True,
        )
    ]  # fmt: skip
    if tried:
        goal = service.objective.share
        found.append(
            Curve(
                name="rates", title="Good answers", x_label=f"requests a second; dashed: {goal:.1%}", y_label="",
                points=tried, log_x=True, share=True, limit=goal,
            )
        )  # fmt: skip
    return tuple(found)


def _cut(service: Service, requests: Requests) -> Iterator[str]:
    """Say how many lengths that were drawn were cut."""
    if requests.cut:
        yield (
            f"{requests.cut:,} of {len(requests):,} requests were drawn longer than serving.longest = "
            f"{service.longest:,} tokens and cut to it."
        )


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
