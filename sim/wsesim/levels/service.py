"""A service at all levels: a full pipeline by formula, requests that queue, and the same with ops that ran on cores."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from wsesim.levels import inference
from wsesim.levels.comparison import Answer, Comparison, KernelRow
from wsesim.levels.inference import PhaseOnCores, Tell, no_answer, on_cores
from wsesim.mapping.resident import DoesNotFit, ResidentPlan
from wsesim.pipeline.resident import placed
from wsesim.pipeline.service import find_rate, service_times
from wsesim.system.objective import percentiles
from wsesim.system.requests import Requests, requests_of
from wsesim.system.serving import Line, ServiceTimes, serve
from wsesim.workload import Inference, Serving, Workload

LEAVES_OUT = {
    **inference.LEAVES_OUT,
    "closed": "Queues: prompts and tokens of the mean length follow each other without a gap, and one request alone "
    "stands for all when it comes to the objective.",
    "system": "The inside of a core: ops are closed forms. Requests queue, are read in chunks and write side by side.",
}
Figures = dict[str, float | None]


def compare_service(workload: Workload, levels: Iterable[str], tell: Tell) -> Comparison:
    """Answer a stream of requests at *levels*.

    Raises:
        InputError: a trace of requests that cannot be read.
    """
    started, wanted = time.process_time(), tuple(levels)
    tell(0, 0, "placing the model")
    plan = placed(workload)
    if isinstance(plan, DoesNotFit):
        return no_answer(workload, "serving", plan.why, wanted)
    asked, serving = workload.asked, workload.serving
    assert serving is not None, "a service has the section"
    requests, times = requests_of(serving), service_times(plan, asked, serving)
    placing_s = time.process_time() - started
    answers, rows, notes = [], tuple[KernelRow, ...](), tuple[str, ...]()
    for level in wanted:
        started, events = time.process_time(), 0
        if level == "closed":
            figures = _by_formula(plan, requests, times, serving)
        elif level == "system":
            figures, events = _served(requests, times, serving, tell)
        else:
            read, wrote = on_cores(plan, _usual(asked, requests), workload, tell)
            figures, events = _served(requests, _slower(times, read, wrote), serving, tell)
            rows, events = read.rows + wrote.rows, events + read.events + wrote.events
            notes = (f"By the cores a prompt takes {read.factor:.2f} times as long, a token {wrote.factor:.2f} times.",)
        cpu_s = placing_s + time.process_time() - started
        answers.append(
            Answer(level=level, figures=figures, leaves_out=LEAVES_OUT[level], cpu_s=cpu_s, events=events)
        )  # fmt: skip
    return Comparison(
        name=workload.name, title=workload.title, kind="serving", answers=tuple(answers), kernels=rows, notes=notes
    )  # fmt: skip


def _usual(asked: Inference, requests: Requests) -> Inference:
    """Return a request of mean lengths."""
    prompt, output = (max(1, round(float(lengths.mean()))) for lengths in (requests.prompt, requests.output))
    return replace(asked, prompt=prompt, generate=output, reused=0, batch=1)


def _by_formula(plan: ResidentPlan, requests: Requests, times: ServiceTimes, serving: Serving) -> Figures:
    """Return the rate at which the pipeline is full, if one request alone holds the objective."""
    prompt, output = round(float(requests.prompt.mean())), float(requests.output.mean())
    position = prompt + output / 2
    read = plan.prefill(max(1, prompt))
    token_s = times.latency.base_s + times.latency.per_position_s * position
    chunks = -(-prompt // plan.chunk) if plan.together is None else prompt / plan.chunk
    entering_s = chunks * read.interval_cycles / plan.clock_hz
    entering_s += output * (times.interval.base_s + times.interval.per_position_s * position)
    held = read.seconds <= serving.slo_ttft_s and token_s <= serving.slo_tpot_s
    full = 1 / entering_s
    rates: Figures = {"largest_rate_per_s": full if held else 0.0} if serving.search else {}
    offered = requests.rate_per_s if len(requests) > 1 else 0.0
    return {**rates, "tokens_per_s": output * min(offered, full), "ttft_p50_s": read.seconds, "tpot_p50_s": token_s}


def _served(requests: Requests, times: ServiceTimes, serving: Serving, tell: Tell) -> tuple[Figures, int]:
    tell(0, 0, f"serving {len(requests):,} requests")
    served, figures = serve(requests, times), Figures()
    rate, _ = find_rate(requests, times, serving, lambda words: tell(0, 0, words))
    if rate is not None:
        figures["largest_rate_per_s"] = rate
    written = float(np.sum(requests.output[served.held]))
    figures["tokens_per_s"] = written / max(served.duration_s, 1e-12)
    found = percentiles(served)
    for name in ("ttft", "tpot"):
        figures[f"{name}_p50_s"] = found.get(f"{name}_s", {}).get("p50")
    return figures, served.rounds


def _slower(times: ServiceTimes, read: PhaseOnCores, wrote: PhaseOnCores) -> ServiceTimes:
    latency, interval = (
        Line(line.base_s * wrote.factor, line.per_position_s * wrote.factor) for line in (times.latency, times.interval)
    )
    prompts = tuple(seconds * read.factor for seconds in times.prefill_s)
    return replace(times, prefill_s=prompts, latency=latency, interval=interval)
