"""Many requests on resident weights: the placement as a server, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from wsesim.mapping.resident import PlanGoal, ResidentPlan
from wsesim.pipeline.facts import Progress
from wsesim.pipeline.request import guess_cycles, tokens_per_pass
from wsesim.result import ServingMetrics
from wsesim.system.objective import Objective, largest_rate, percentiles
from wsesim.system.requests import Requests, requests_of
from wsesim.system.serving import Line, Served, ServiceTimes, serve
from wsesim.workload import Inference, Serving, Workload

READ_POINTS = 24
"""Lengths of prompts at which reading is timed, evenly spaced; more below the first, each twice as long as the last."""
MOST_SEARCHED = 10_000
"""Requests that the largest rate is looked for with."""
BINS = 60
"""Stretches of time that utilization is shown for."""


def service_goal(workload: Workload) -> PlanGoal:
    """Return what the placement of a service is chosen for: requests of the mean length, always more of them."""
    asked, serving = workload.asked, workload.serving
    assert serving is not None, "a service has the section"
    prompt = max(1, min(serving.prompt, workload.length - 1))
    written = max(1, min(serving.output, workload.length - prompt))
    position = min(workload.length, prompt + written // 2)
    return PlanGoal(prompt=prompt, position=position, passes=written / tokens_per_pass(asked), streams=True)


def service_times(plan: ResidentPlan, asked: Inference, serving: Serving) -> ServiceTimes:
    """Return what *plan* can do, as a server sees it."""
    longest, batch = plan.request.positions, plan.request.batch
    host, goal = plan.request.cluster.host, PlanGoal(prompt=serving.prompt, passes=serving.output)
    together = max(1, batch // len(plan.stages))
    step = max(1, longest // READ_POINTS)
    lengths = sorted({2**power for power in range(step.bit_length())} | {*range(step, longest, step), longest})
    each = (1 + asked.draft_tokens) / tokens_per_pass(asked)

    def latency_s(position: int) -> float:
        token = plan.decode(position)
        return (token.seconds + guess_cycles(token, asked) / plan.clock_hz) / tokens_per_pass(asked)

    def interval_s(position: int) -> float:
        return each * plan.decode(position, batch=together, group=together).interval_cycles / together / plan.clock_hz

    return ServiceTimes(
        prefill_tokens=(0, *lengths), prefill_s=(0.0, *(plan.prefill(length).seconds for length in lengths)),
        latency=_line(latency_s, longest), interval=_line(interval_s, longest), chunk=plan.chunk,
        slots=goal.slots(plan), capacity_tokens=batch * longest, input_latency_s=host.latency_s,
        input_token_s=plan.request.software.token_bytes / host.input_bytes_per_s,
    )  # fmt: skip


def _line(seconds: Callable[[int], float], longest: int) -> Line:
    """Return a line through the time at the first and at the last position."""
    first, last = seconds(1), seconds(longest)
    slope = (last - first) / (longest - 1) if longest > 1 else 0.0
    return Line(first - slope, slope)


def objective_of(serving: Serving) -> Objective:
    """Return what is good enough for the requests of *serving*."""
    return Objective(ttft_s=serving.slo_ttft_s, tpot_s=serving.slo_tpot_s, share=serving.slo_share)


def find_rate(
    requests: Requests, times: ServiceTimes, serving: Serving, say: Progress
) -> tuple[float | None, tuple[tuple[float, float], ...]]:
    """Return the largest rate that holds the objective, and the rates tried with the share that was good enough.

    None and nothing where it is not asked for, or all requests arrive together and so have no rate.
    """
    if not (serving.search and isfinite(requests.rate_per_s)):
        return None, ()
    rate, tried = largest_rate(requests.first(MOST_SEARCHED), times, objective_of(serving), say=say)
    return rate, tuple(sorted(tried.items()))


def serve_requests(
    workload: Workload, plan: ResidentPlan, say: Progress
) -> tuple[ServingMetrics, int, tuple[str, ...]]:
    """Return the figures of a service, the rounds it took to simulate, and notes.

    Raises:
        InputError: a trace that cannot be read.
    """
    asked, serving = workload.asked, workload.serving
    assert serving is not None, "a service has the section"
    requests, times = requests_of(serving), service_times(plan, asked, serving)
    say(f"serving {len(requests):,} requests")
    served = serve(requests, times)
    objective = objective_of(serving)
    rate, tried = find_rate(requests, times, serving, say)
    metrics = _metrics(workload, plan, requests, times, served, objective, rate, tried)
    return metrics, served.rounds, _notes(rate, tried, objective, requests, times)


def _metrics(
    workload: Workload, plan: ResidentPlan, requests: Requests, times: ServiceTimes, served: Served,
    objective: Objective, rate: float | None, tried: tuple[tuple[float, float], ...],
) -> ServingMetrics:  # fmt: skip
    wafer, duration_s = workload.hardware.cluster.wafer, max(served.duration_s, 1e-12)
    entered_s = sum(taken for _, _, taken in served.busy)
    utilization = min(1.0, entered_s / duration_s)
    share = objective.met_share(served)
    start = float(requests.arrival_s[0])
    moments, shares = served.utilization(BINS)
    power_w = plan.wafers * (wafer.idle_power_w + wafer.active_power_w * utilization)
    written = int(requests.output[served.held].sum())
    tokens = written + int(requests.prompt[served.held].sum())
    return ServingMetrics(
        requests=len(requests), served=int(served.held.sum()), duration_s=duration_s,
        rate_per_s=len(requests) / duration_s, percentiles=percentiles(served),
        tokens_per_s=written / duration_s, met_share=share, goodput_per_s=share * len(requests) / duration_s,
        slo_ttft_s=objective.ttft_s, slo_tpot_s=objective.tpot_s, slo_share=objective.share, largest_rate_per_s=rate,
        tried=tried, utilization=utilization,
        utilization_over_time=tuple(zip((moments - start).tolist(), shares.tolist(), strict=True)),
        wafers=plan.wafers, slots=times.slots, capacity_tokens=times.capacity_tokens, power_w=power_w,
        energy_per_token_j=power_w * duration_s / max(tokens, 1),
    )  # fmt: skip


def _notes(
    rate: float | None, tried: tuple[tuple[float, float], ...], objective: Objective, requests: Requests,
    times: ServiceTimes,
) -> tuple[str, ...]:  # fmt: skip
    found = []
    if rate == 0:
        found.append(
            "No rate holds the objective: even one request at a time, too few have their first token in "
            f"{objective.ttft_s:g} s and the others in {objective.tpot_s:g} s each."
        )
    if tried and max(tried)[1] >= objective.share and rate:
        found.append(
            "All requests together hold the objective, so the largest rate is at least this; more serving.requests "
            "would find it."
        )
    over = int((requests.prompt + requests.output > times.capacity_tokens).sum())
    if over:
        found.append(f"{over:,} requests are longer than the {times.capacity_tokens:,} positions the wafers hold.")
    return tuple(found)
