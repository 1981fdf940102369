"""What a service shows beside its figures: percentiles, use over time, ops, and its requests one by one.

arrival ──input──► ready ──queue──► begun ──prefill──► first token ──decode──► end        a lane a request
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wsesim.answer import Curve, Interval, OpTime, Table
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.shared.request_times import ops_of
from wsesim.questions.shared.service import Service
from wsesim.system import PERCENTILES, Objective, Requests, Served, ServiceTimes, percentiles

BINS = 60
"""Stretches of time that utilization is shown for."""
SHOWN_REQUESTS = 250
"""Requests that the timeline shows, four slices each: a viewer gets slow with more lanes."""
COLUMNS = ("request", "arrival_s", "prompt", "output", "ready_s", "begun_s", "first_s", "end_s", "waited_s", "ttft_s",
           "tpot_s", "latency_s", "met", "why", "reused")  # fmt: skip
"""Of `requests.csv`. The first of them are those of a trace, so that it can be served again."""


def percentile_table(found: Mapping[str, Mapping[str, float]]) -> Table:
    """Return mean and percentiles of what requests take, by what they are of."""
    names = {"ttft_s": "time to first token", "tpot_s": "time per output token", "itl_s": "time between tokens",
             "latency_s": "whole answer", "waited_s": "wait in the queue"}  # fmt: skip
    points = ("mean", *(f"p{point}" for point in PERCENTILES))
    rows = tuple((words, *(found[name][point] for point in points)) for name, words in names.items() if found.get(name))
    columns = ("what", *(f"{point}_s" for point in points))
    return Table(name="percentiles", title="How long requests take", columns=columns, rows=rows)


def priority_table(requests: Requests, counted: Served) -> tuple[Table, ...]:
    """Return how long requests of each priority take; nothing where all are alike."""
    if requests.priority is None:
        return ()
    own = requests.priority[-len(counted.end_s) :]
    rows = [
        (f"priority {priority}, {row[0]}", *row[1:])
        for priority in np.unique(own).tolist()
        for row in percentile_table(percentiles(counted.chosen(own == priority))).rows
    ]
    columns = percentile_table({}).columns
    return (
        Table(name="priorities", title="How long requests of each priority take", columns=columns, rows=tuple(rows)),
    )


def utilization_curve(served: Served) -> Curve:
    """Return the share of each stretch of time in which tokens entered the pipeline."""
    moments, shares = served.utilization(BINS)
    return Curve(
        name="utilization", title="Utilization", x_label="seconds since the first request", y_label="",
        points=tuple(zip((moments - served.arrival_s[0]).tolist(), shares.tolist(), strict=True)), steps=True,
        share=True,
    )  # fmt: skip


def reading_s(requests: Requests, served: Served, times: ServiceTimes) -> float:
    """Return the seconds in which prompts entered, all together."""
    return math.fsum((times.readers or times).enter_s(requests.prompt[served.held]))


def service_ops(
    service: Service,
    plan: ResidentPlan,
    requests: Requests,
    served: Served,
    spent: Mapping[str, float],
    readers: ResidentPlan | None = None,
) -> tuple[OpTime, ...]:
    """Return the ops of a request of mean length, called for all; together they take the seconds *spent* by phase."""
    held, guesses = served.held, service.guesses
    if not held.any():
        return ()
    prompt, output = (float(each[held].mean()) for each in (requests.prompt, requests.output))
    position = min(service.longest, max(1, round(prompt + output / 2)))
    tokens = int((requests.output[held] - 1).sum())
    passes = tokens / guesses.tokens_per_pass * (1 + guesses.tokens)
    found = _taking(ops_of((readers or plan).prefill(max(1, round(prompt))), "prefill", int(held.sum()), plan), spent)
    return found + (_taking(ops_of(plan.decode(position), "decode", passes, plan), spent) if tokens else ())


def _taking(ops: tuple[OpTime, ...], spent: Mapping[str, float]) -> tuple[OpTime, ...]:
    """Return *ops* of a phase, their seconds in the same proportions but adding up to what was *spent* on it."""
    scale = spent.get(ops[0].phase, 0.0) / math.fsum(op.seconds for op in ops)
    return tuple(replace(op, seconds=op.seconds * scale) for op in ops)


def ops_words(requests: Requests, served: Served) -> str:
    """Say what the ops stand for."""
    prompt, output = (each[served.held].mean() for each in (requests.prompt, requests.output))
    return (
        f"Ops are those of a request of mean length, {prompt:,.0f} tokens read and {output:,.0f} written; their "
        "seconds are the time that tokens of all requests take to enter the pipeline."
    )


def service_timeline(requests: Requests, served: Served) -> tuple[Interval, ...]:
    """Return what the first requests go through, from the arrival of the first."""
    moments = np.stack([served.arrival_s, served.ready_s, served.begun_s, served.first_s, served.end_s], axis=1)
    moments = moments[:SHOWN_REQUESTS] - served.arrival_s[0]
    found = []
    for number, times in enumerate(moments.tolist()):
        names = {
            "input": "input", "queue": "queue", "prefill": f"prefill of {requests.prompt[number]:,}",
            "decode": f"decode of {requests.output[number]:,}",
        }  # fmt: skip
        for (cause, name), start, end in zip(names.items(), times, times[1:], strict=False):
            if end > start:
                track = f"request {number + 1}"
                found.append(Interval(track=track, name=name, start_s=start, end_s=end, cause=cause))
    return tuple(found)


def timeline_words(requests: Requests) -> tuple[str, ...]:
    """Say what the timeline leaves out."""
    if len(requests) <= SHOWN_REQUESTS:
        return ()
    return (f"The timeline shows the first {SHOWN_REQUESTS} of {len(requests):,} requests; requests.csv has all.",)


def requests_csv(requests: Requests, served: Served, objective: Objective) -> bytes:
    """Return one line a request: its lengths, moments and waits to the nanosecond, whether it was good enough, and why.

    Moments and waits of a request that can never be held are empty. `reused` tokens of its prompt were in the cache.
    """
    waits = [
        served.begun_s - served.ready_s, served.first_s - served.arrival_s,
        (served.end_s - served.first_s) / np.maximum(1, requests.output - 1), served.end_s - served.arrival_s,
    ]  # fmt: skip
    moments = [served.ready_s, served.begun_s, served.first_s, served.end_s]
    times = [np.round(each, 9).astype(object) for each in (*moments, *waits)]
    for each in times:
        each[~served.held] = None
    met = objective.met(served)
    why = np.where(waits[1] > objective.ttft_s, "first token late", "").astype(object)
    why[waits[2] > objective.tpot_s] += np.where(why[waits[2] > objective.tpot_s] == "", "tokens slow", ", tokens slow")
    why[~served.held] = "refused: longer than the wafers hold"
    why[requests.refused] = "refused: longer than serving.longest"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    arrival = np.round(requests.arrival_s, 9)
    lengths = requests.prompt.tolist(), requests.output.tolist()
    good = np.where(met, "true", "false").tolist()
    numbers = range(1, len(requests) + 1)
    told = good, why.tolist(), served.reused.tolist()
    writer.writerows(zip(numbers, arrival.tolist(), *lengths, *times, *told, strict=True))
    return text.getvalue().encode()
