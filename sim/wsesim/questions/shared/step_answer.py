"""The answer of one step: mapped, then added up or played, and where its time goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import fsum
from typing import Any

from wsesim.answer import Answer, Bound, DoesNotFit, Level, Outcome, Spent
from wsesim.graph import Graph
from wsesim.mapping import Program, Stage, StepRequest, at_placement, estimate_s, map_step
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.facts import deciding, machine_facts, model_facts, peak_text
from wsesim.questions.shared.job import job_table
from wsesim.questions.shared.step import BOUND, MFU, Step
from wsesim.system import Played, play
from wsesim.units import Dimension, show, show_count

PEAKS = {"fp16": ("fp16",), "mixed": ("fp16", "mixed"), "fp32": ("fp32",)}
"""Peaks a run of each precision could be measured against; the highest is taken."""
LEAVES_OUT = {
    "closed": ("Waiting: each stage takes the longest of its kernels and transfers; nothing fills, drains or queues.",),
    "system": (
        "Contention between colors, bank conflicts and stalls inside a core: kernels are closed forms.",
        "Uneven splits: a core holds width / columns features, although features are whole.",
        "Causal savings in attention: the full square of scores is computed.",
        "Masks of sparse weights that change, and zeros that fall unevenly over columns of cores.",
        "Which token goes to which expert: every expert has the room and time of the busiest, model.expert_imbalance.",
        "Power that depends on the clock or on what a core does: only whether the wafer computes counts.",
        "Defective cores, thermal throttling, and noise between systems.",
        "Compilation: it takes minutes to an hour, and follows from software that is not described.",
    ),
    "cores": (
        "What only a whole wafer shows: trials have few rows and columns, and kernels without a core program keep "
        "their closed form. The programs are ours, not a compiler's; measured steps have calibrated the system level.",
    ),
}


def solve_step(question: Question, step: Step, level: Level, say: Say) -> Outcome:
    """Answer what a step takes at the closed or the system level."""
    graph = step.graph()
    program = mapped(step, graph, say)
    if isinstance(program, DoesNotFit):
        return program
    if level == "closed":
        total_s, spent = closed_s(program), closed_spent(program)
        return _answer(question, step, graph, program, level=level, step_s=total_s, spent=spent)
    say(f"simulating {'a training' if step.trains else 'an evaluation'} step")
    return played_answer(question, step, graph, program, play(program))


def mapped(step: Step, graph: Graph, say: Say) -> Program | DoesNotFit:
    """Return how the graph of a step lies on the machine."""
    say("mapping the step")
    return map_step(step_request(step, graph))


def step_request(step: Step, graph: Graph) -> StepRequest:
    """Return what a step asks of the mapping."""
    return StepRequest(
        graph=graph, cluster=step.asked.hardware.cluster, software=step.software, sequences=step.sequences_per_system,
        length=step.length, precision=step.precision, micro_batch=step.micro_batch, recompute=step.recompute,
    )  # fmt: skip


def played_answer(question: Question, step: Step, graph: Graph, program: Program, played: Played) -> Answer:
    """Return the answer of the system level."""
    spent = spent_on(program, played)
    answer = _answer(question, step, graph, program, level="system", step_s=played.step_s, spent=spent)
    timeline = played.intervals if step.asked.resolved["outputs"]["timeline"] else ()
    return replace(answer, timeline=timeline, events=played.events)


def _answer(
    question: Question, step: Step, graph: Graph, program: Program, *, level: Level, step_s: float,
    spent: Mapping[str, float],
) -> Answer:  # fmt: skip
    cluster = program.cluster
    figures = _figures(step, program, step_s, spent)
    words = _headline(step, program, step_s, figures["power_w"])
    job, table = job_table(graph, cluster, step.software, trains=step.trains)
    figures |= job
    sentences = [f"MFU = {MFU.meaning}."]
    sentences += deciding(question, "step", lambda software: _again_s(step, graph, program, software), "training")
    return Answer(
        level=level, figures={spec.name: figures[spec.name] for spec in question.figures}, headline=words,
        spent=Spent(total_s=step_s, by_cause=spent, what="step"),
        bound=Bound(seconds=bound_s(program, step.precision), meaning=BOUND, gap=gap(program, spent, step.precision)),
        sentences=tuple(sentences),
        ops=tuple(kernel for stage in program.stages for kernel in stage.kernels), memory=program.memory,
        memory_limit_bytes=cluster.wafer.core.sram_bytes, tables=(table,), facts=_facts(step, graph, program),
        leaves_out=LEAVES_OUT[level],
    )  # fmt: skip


def _again_s(step: Step, graph: Graph, program: Program, software: Any) -> float:
    """Return the closed form of the step with other figures of the software, at the same placement."""
    request = replace(step_request(step, graph), software=software)
    return closed_s(at_placement(request, program.placement))


def _figures(step: Step, program: Program, step_s: float, spent: Mapping[str, float]) -> dict[str, Any]:
    wafer, systems = program.cluster.wafer, program.cluster.systems
    busy = fsum(program.causes.values()) / step_s
    power_w = systems * (wafer.idle_power_w + wafer.active_power_w * min(1.0, busy))
    peak = systems * wafer.peak_flops(_peak_precision(step, program))
    return {
        "step_s": step_s, "step_cycles": round(step_s * wafer.core.clock_hz), "tokens_per_s": step.tokens / step_s,
        "samples_per_s": step.sequences / step_s, "mfu": program.model_flops / (step_s * peak),
        "flops_per_step": program.model_flops, "bound_s": bound_s(program, step.precision),
        "energy_per_token_j": power_w * step_s / step.tokens, "power_w": power_w,
        "micro_batch": program.placement.micro_batch, "passes": program.placement.passes,
        "recompute": program.placement.recompute,
        "budget_s": step.token_budget / step.tokens * step_s,
        "flops_to_budget": program.model_flops * step.token_budget / step.tokens,
    }  # fmt: skip


def _peak_precision(step: Step, program: Program) -> str:
    return max(PEAKS[step.precision], key=program.cluster.wafer.peak_flops)


def _headline(step: Step, program: Program, step_s: float, power_w: float) -> dict[str, str]:
    wafer, systems, precision = program.cluster.wafer, program.cluster.systems, _peak_precision(step, program)
    clock = f"{wafer.core.clock_hz / 1e9:g} GHz"
    words = {
        "step_s": f"{round(step_s * wafer.core.clock_hz):,} cycles at {clock}",
        "tokens_per_s": f"{'trained' if step.trains else 'computed'}, all systems together",
        "samples_per_s": f"sequences of {step.length:,} tokens",
        "mfu": f"of {peak_text(systems * wafer.peak_flops(precision), precision, systems)}",
    }
    if step.trains:
        words["budget_s"] = f"for {show_count(step.token_budget)} tokens, steps back to back, nothing between"
    return words | {"energy_per_token_j": f"at {show(power_w, Dimension.WATTS)}, all wafers, mean over the step"}


def _facts(step: Step, graph: Graph, program: Program) -> dict[str, Mapping[str, object]]:
    place, cluster = program.placement, program.cluster
    return {
        "model": model_facts(step.asked.shape, graph),
        "machine": machine_facts(cluster, step.precision),
        "batch": {"sequences": step.sequences, "length": step.length, "per_system": step.sequences_per_system},
        "placement": {
            "passes": place.passes, "micro_batch": place.micro_batch, "columns": place.columns, "rows": place.rows,
            "tokens_per_core": place.tokens_per_core, "features_per_core": place.features_per_core,
            "recompute": place.recompute,
        },
    }  # fmt: skip


def closed_s(program: Program) -> float:
    """Return the seconds of a step by formula."""
    return estimate_s(program) + program.software.step_s


def closed_spent(program: Program) -> dict[str, float]:
    """Return the same by cause: what kernels take, and what transfers take longer than they."""
    found = dict(program.causes)
    rate, passes = program.stream_bytes_per_s, program.placement.passes
    for stage in program.stages:
        for cause, moved in (("weights", stage.weight_bytes), ("gradients", stage.gradient_bytes)):
            others = stage.compute_s if cause == "weights" else max(stage.compute_s, stage.weight_bytes / rate)
            found[cause] = found.get(cause, 0.0) + passes * stage.repeat * max(0.0, moved / rate - others)
    found["step"] = found.get("step", 0.0) + program.software.step_s
    return {cause: seconds for cause, seconds in found.items() if seconds > 0}


def spent_on(program: Program, played: Played) -> dict[str, float]:
    """Return one wafer's step by cause: its work from the closed forms, its waiting from the played step."""
    waiting = {
        cause: seconds for (track, cause), seconds in played.seconds.items() if track == "wafer" and cause != "compute"
    }
    return {cause: seconds for cause, seconds in (dict(program.causes) | waiting).items() if seconds > 0}


def bound_s(program: Program, precision: str) -> float:
    """Return the bound of the step."""
    return fsum(_stage_bound_s(program, stage, precision)[0] for stage in program.stages)


def _stage_bound_s(program: Program, stage: Stage, precision: str) -> tuple[float, float]:
    """Return (bound, arithmetic) of a stage over the step: the longer of injection and arithmetic, and the latter."""
    wafer, calls = program.cluster.wafer, stage.repeat * program.placement.passes
    injection = max(stage.weight_bytes, stage.gradient_bytes) / wafer.io_bytes_per_s
    flops = fsum(kernel.flops / kernel.calls for kernel in stage.kernels if kernel.phase == stage.phase)
    arithmetic = flops / wafer.peak_flops(precision)
    return calls * max(injection, arithmetic), calls * arithmetic


def gap(program: Program, spent: Mapping[str, float], precision: str) -> dict[str, float]:
    """Return the seconds between bound and step by cause.

    What the bound allows is taken from `fmac`, and where injection sets the bound from `injection` and `weights`; if
    more was hidden behind arithmetic than the bound, which looks at one block at a time, can know, the rest stands as
    `overlap`, below 0.
    """
    bounds = [_stage_bound_s(program, stage, precision) for stage in program.stages]
    found = dict(spent)
    found["fmac"] = found.get("fmac", 0.0) - fsum(arithmetic for _, arithmetic in bounds)
    transfers = fsum(bound - arithmetic for bound, arithmetic in bounds)
    for cause in ("injection", "weights"):
        hidden = min(transfers, found.get(cause, 0.0))
        found[cause] = found.get(cause, 0.0) - hidden
        transfers -= hidden
    found["overlap"] = -transfers
    return {cause: seconds for cause, seconds in found.items() if seconds}
