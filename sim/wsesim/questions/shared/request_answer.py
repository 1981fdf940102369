"""The answer of one request: figures, words and facts from its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import fsum
from typing import Any

from wsesim.answer import Answer, DoesNotFit, Level, Limit, Outcome, Spent
from wsesim.hardware import Cluster
from wsesim.mapping.resident import PhaseTime, ResidentPlan
from wsesim.questions.base import Question, Say, silent
from wsesim.questions.shared.choosing import (
    KINDS,
    by_hand_words,
    placement_choice,
    reading_words,
    spare_copies_words,
    unused_words,
    wafers_words,
)
from wsesim.questions.shared.facts import deciding, machine_facts, model_facts, peak_text
from wsesim.questions.shared.kept import kept_words
from wsesim.questions.shared.limits import limits_of
from wsesim.questions.shared.power import Power, power_tables, resident_counts
from wsesim.questions.shared.request import Request, forward_graph, software_of_request
from wsesim.questions.shared.request_times import (
    RequestTimes,
    open_plan,
    ops_of,
    plan_of,
    time_by_formula,
    time_request,
    timeline_of,
)
from wsesim.units import plural

LEAVES_OUT: Mapping[Level, tuple[str, ...]] = {
    "closed": ("Growth: all tokens as one halfway; no host, no move of weights.",),
    "system": (
        "Contention between colors, and stalls inside a core: kernels are closed forms.",
        "How fast a prompt is read in small groups while weights stay is assumed: no such program is published.",
        "Noise between systems, and ways around defects: those take columns, and no hop more.",
        "Choosing tokens by sampling, tokenizing, and the network between users and the machine.",
        "Power from second to second: it is the mean over the request.",
    ),
    "cores": (
        "What only a whole placement shows: tiles of attention and of prompts run on smaller squares, and ops without "
        "a core program keep their closed form. What silicon adds against heat stays as in the formulas.",
    ),
}


def solve_request(question: Question, request: Request, level: Level, say: Say) -> Outcome:
    """Answer what a request takes at the closed or the system level."""
    plan = plan_of(request, say)
    if isinstance(plan, DoesNotFit):
        return plan
    return answer_of(question, request, plan, _times(request, plan, level), level)


def sketch_request(question: Question, request: Request, level: Level) -> Outcome:
    """Answer what a request takes at the closed or the system level, in figures alone."""
    plan = plan_of(request, silent)
    if isinstance(plan, DoesNotFit):
        return plan
    times = _times(request, plan, level)
    return _in_figures(question, plan, times, level, _figures(request, plan, times, power_of(request, plan, times)))


def outline_request(question: Question, request: Request, level: Level) -> Outcome:
    """Answer what a request takes at the closed or the system level, in figures, facts and ops."""
    plan = plan_of(request, silent)
    if isinstance(plan, DoesNotFit):
        return plan
    times = _times(request, plan, level)
    return _outline(
        question, request, plan, times, level, _figures(request, plan, times, power_of(request, plan, times))
    )


def _times(request: Request, plan: ResidentPlan, level: Level) -> RequestTimes:
    return time_by_formula(request, plan) if level == "closed" else time_request(request, plan)


def _figures(request: Request, plan: ResidentPlan, times: RequestTimes, power: Power) -> dict[str, Any]:
    return {**figures_of(request, plan, times), **power.figures(_tokens(request, times))}


def _in_figures(
    question: Question, plan: ResidentPlan, times: RequestTimes, level: Level, figures: Mapping[str, Any]
) -> Answer:  # fmt: skip
    return Answer(
        level=level, figures={spec.name: figures[spec.name] for spec in question.figures},
        spent=Spent(total_s=times.total_s, by_cause=times.spent(plan.clock_hz), what="request"),
    )  # fmt: skip


def _outline(
    question: Question, request: Request, plan: ResidentPlan, times: RequestTimes, level: Level,
    figures: Mapping[str, Any],
) -> Answer:  # fmt: skip
    ops = ops_of(times.prefill, "prefill", 1, plan) if times.prefill else ()
    if times.token is not None:
        ops += ops_of(times.token, "decode", times.passes * (1 + request.guesses.tokens), plan)
    found = _in_figures(question, plan, times, level, figures)
    return replace(found, ops=ops, facts=facts_of(question, plan, _batch(request)))


def answer_of(question: Question, request: Request, plan: ResidentPlan, times: RequestTimes, level: Level) -> Answer:
    """Return the answer that *times* of a request come to."""
    shown = level == "system" and request.asked.resolved["outputs"]["timeline"]
    power = power_of(request, plan, times)
    figures = _figures(request, plan, times, power)
    found = _outline(question, request, plan, times, level, figures)
    words, chosen_by = _headline(request, plan, figures, power), _chosen_by(request)

    def seconds(other: ResidentPlan) -> float:
        return float(figures_of(request, other, _times(request, other, level))[chosen_by])

    return replace(
        found, headline={name: text for name, text in words.items() if figures.get(name) is not None},
        sentences=(placement_words(plan), *deciding(question, *_decided(request, plan), "inference")),
        timeline=timeline_of(times) if shown else (), memory=plan.memory,
        memory_limit_bytes=request.asked.hardware.cluster.wafer.core.sram_bytes,
        choices=(placement_choice(chosen_by, plan, seconds),), leaves_out=LEAVES_OUT[level],
        tables=power_tables(power, _tokens(request, times)),
        notes=(
            *kept_words(plan), *power.notes(request.asked.hardware),
            *spare_copies_words(plan), *unused_words(plan),
            *by_hand_words(_label(question, chosen_by), plan, open_plan(request), seconds),
        ),
        events=len(found.ops) if level == "system" else 0,
    )  # fmt: skip


def request_limits(question: Question, request: Request, level: Level) -> tuple[Limit, ...]:
    """Return what holds a request at the closed or the system level, placed as it is; nothing if it does not fit."""
    plan = plan_of(request, silent)
    if isinstance(plan, DoesNotFit):
        return ()

    def placed(cluster: Cluster, software: Any) -> tuple[Request, ResidentPlan]:
        hardware = replace(request.asked.hardware, cluster=cluster)
        asked = replace(request, asked=replace(request.asked, hardware=hardware))
        return asked, replace(plan, request=replace(plan.request, cluster=cluster, software=software))

    def again(cluster: Cluster, software: Any) -> Mapping[str, float]:
        asked, other = placed(cluster, software)
        return _times(asked, other, level).spent(other.clock_hz)

    def power(cluster: Cluster, software: Any) -> Power:
        asked, other = placed(cluster, software)
        return power_of(asked, other, _times(asked, other, level))

    return limits_of(question, plan.request.cluster, plan.request.software, again, power)


def _chosen_by(request: Request) -> str:
    """Return the figure that a placement is chosen by."""
    return ("total_s" if request.writes else "ttft_s") if request.reads else "tpot_s"


def _label(question: Question, figure: str) -> str:
    return next(spec.label for spec in question.figures if spec.name == figure)


def _decided(request: Request, plan: ResidentPlan) -> tuple[str, Any]:
    """Return what is asked for most, and its seconds for other figures of the software at the same placement."""

    def token_s(software: Any) -> float:
        return with_software(plan, software).decode(request.middle, batch=plan.share(request.batch)).seconds

    def prompt_s(software: Any) -> float:
        return with_software(plan, software).prefill(request.prompt, reused=request.reused).seconds

    return ("time per output token", token_s) if request.writes else ("time to read the prompt", prompt_s)


def with_software(plan: ResidentPlan, software: Any) -> ResidentPlan:
    """Return the same placement with other figures of the software."""
    return replace(plan, request=replace(plan.request, software=software))


def figures_of(request: Request, plan: ResidentPlan, times: RequestTimes) -> dict[str, Any]:
    """Return every figure of a request but those of power; None of what is not done."""
    wafer, batch = request.asked.hardware.cluster.wafer, request.batch
    read = request.prompt - request.reused if times.prefill else 0
    reading_s = times.prefill.seconds if times.prefill else 0.0
    tpot_s = times.decode_s / request.written if request.written > 0 else None
    interval_s = _interval_s(request, plan, times)
    flops = fsum(count * phase.flops for phase, count in _phases(request, plan, times) if phase)
    cache_bytes = plan.cache_bytes(request.positions, batch=plan.share(batch))
    return {
        "ttft_s": times.input_s + reading_s if times.prefill else None, "prompt_read_s": reading_s or None,
        "prompt_tokens_per_s": batch * read / reading_s if reading_s else None, "chunk": plan.chunk,
        "tpot_s": tpot_s, "tokens_per_s_user": 1 / tpot_s if tpot_s else None,
        "tokens_per_s": batch / tpot_s if tpot_s else None, "interval_s": interval_s,
        "users_to_fill": tpot_s / interval_s if batch == 1 and tpot_s and interval_s else None,
        "total_s": times.total_s, "total_cycles": round(times.total_s * plan.clock_hz), "flops": round(flops),
        "mfu": flops / (times.total_s * plan.all_wafers * wafer.peak_flops(plan.request.precision)),
        "wafers": plan.all_wafers, "replicas": plan.replicas,
        "stages": len(plan.stages), "cache_in_s": plan.host_in(cache_bytes), "cache_out_s": plan.host_out(cache_bytes),
    }  # fmt: skip


def _phases(request: Request, plan: ResidentPlan, times: RequestTimes) -> tuple[tuple[PhaseTime | None, float], ...]:
    """Return what is read and written, with how often all copies do it: each is as busy as the busiest."""
    copies = request.batch / plan.share(request.batch)
    return (times.prefill, copies), (times.token, copies * times.passes * (1 + request.guesses.tokens))


def power_of(request: Request, plan: ResidentPlan, times: RequestTimes) -> Power:
    """Return what the wafers draw over the request."""
    counts = resident_counts(plan, _phases(request, plan, times))
    sent = request.batch * request.prompt * software_of_request(request.asked).token_bytes if times.prefill else 0
    return Power(
        cluster=request.asked.hardware.cluster, wafers=plan.all_wafers, seconds=times.total_s,
        counts={**counts, "io_bit": 8.0 * sent},
    )  # fmt: skip


def _tokens(request: Request, times: RequestTimes) -> int:
    """Return the tokens read and written."""
    read = request.prompt - request.reused if times.prefill else 0
    return request.batch * (read + max(request.written, 1))


def _interval_s(request: Request, plan: ResidentPlan, times: RequestTimes) -> float | None:
    if times.token is None:
        return None
    guesses = request.guesses
    return (1 + guesses.tokens) * times.token.interval_cycles / plan.clock_hz / guesses.tokens_per_pass


def _headline(request: Request, plan: ResidentPlan, figures: Mapping[str, Any], power: Power) -> dict[str, str]:
    wafers = wafers_words(plan)
    peak = plan.all_wafers * request.asked.hardware.cluster.wafer.peak_flops(plan.request.precision)
    words = {
        "ttft_s": f"{plural(request.prompt - request.reused, 'token')} of the prompt computed",
        "prompt_tokens_per_s": "computed, over the time to read them",
        "tpot_s": f"mean over {plural(request.written, 'token')}",
        "tokens_per_s_user": "written for each user",
        "tokens_per_s": f"{plural(request.batch, 'sequence')} held at once",
    }
    if (figures["users_to_fill"] or 0) > 1.5:
        words["users_to_fill"] = "beyond them, each waits for the others"
    return words | {
        "total_s": f"{figures['total_cycles']:,} cycles at {plan.clock_hz / 1e9:g} GHz",
        "mfu": f"of {peak_text(peak, plan.request.precision, plan.all_wafers)}",
        **({} if power.unsourced else {"energy_per_token_j": power.words(wafers)}),
    }  # fmt: skip


def _batch(request: Request) -> dict[str, object]:
    found: dict[str, object] = {"sequences": request.batch, "prompt": request.prompt}
    found |= {"reused": request.reused} if request.reused else {}
    return found | ({"generate": request.generate} if request.writes else {})


def facts_of(question: Question, plan: ResidentPlan, batch: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """Return what the answer is about."""
    asked, prompt, token = question.asked, plan.prefill_stages[0], plan.stages[0]
    graph = forward_graph(asked, sequences=1, length=1)
    return {
        "model": model_facts(asked.merged, graph),
        "machine": machine_facts(asked.hardware.cluster, asked.resolved["precision"]),
        "batch": batch,
        "placement": {
            "kind": plan.placement, "replicas": plan.replicas, "wafers": plan.wafers, "stages": len(plan.stages),
            "layers_per_stage": max(stage.layers for stage in plan.stages), "prefill_columns": prompt.columns,
            "prefill_rows": prompt.rows, "decode_columns": token.columns, "decode_rows": token.rows,
            "chunk": plan.chunk, "slots": plan.replicas * plan.request.batch,
            "capacity_tokens": plan.replicas * plan.request.batch * plan.request.positions,
        },
    }  # fmt: skip


def placement_words(plan: ResidentPlan) -> str:
    """Say how the weights lie."""
    how = f"{plural(len(plan.stages), 'stage')} in {KINDS.get(plan.placement, plan.placement)}"
    grids = {(stage.columns, stage.rows) for stage in (plan.prefill_stages[0], plan.stages[0])}
    cores = " and ".join(f"{columns:,} × {rows:,}" for columns, rows in sorted(grids, reverse=True))
    most = max(stage.layers for stage in plan.stages)
    return (
        f"Weights lie as {how} on {wafers_words(plan)}, {plural(most, 'layer')} at most in a stage, "
        f"{cores} cores each; a prompt passes {reading_words(plan)}."
    )
