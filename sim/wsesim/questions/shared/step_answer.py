"""The answer of one step: mapped, then added up or played, and where its time goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from wsesim.answer import Answer, DoesNotFit, Level, Limit, Outcome, Spent, Table
from wsesim.graph import Graph
from wsesim.hardware import Cluster
from wsesim.mapping import Program, StepRequest, lay
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.facts import deciding, machine_facts, model_facts, peak_text
from wsesim.questions.shared.failures import failures_of
from wsesim.questions.shared.job import job_figures, job_table
from wsesim.questions.shared.limits import limits_of
from wsesim.questions.shared.power import Power, power_tables, step_counts
from wsesim.questions.shared.step import AT_BEST, MFU, Step
from wsesim.questions.shared.step_bound import bound_of, closed_spent
from wsesim.questions.shared.step_notes import choices, notes, words
from wsesim.system import Clock, Timed, Way, by_formula, fastest, least_of_all, play, time_step
from wsesim.units import show_count

PEAKS = {
    "fp16": ("fp16",), "fp32": ("fp32",), **dict.fromkeys(("mixed", "bf16", "cb16"), ("fp16", "mixed")),
}  # fmt: skip
"""Peaks a run of each precision could be measured against; the highest is taken."""
CLOCKS: Mapping[Level, Clock] = {"closed": by_formula, "system": time_step}
"""What says when a step ends, and so which way to lay it is the fastest."""
LEAVES_OUT = {
    "closed": (
        "Waiting: kernels, transfers, input and updates never wait for each other; the longest of them counts.",
    ),
    "system": (
        "Contention between colors, bank conflicts and stalls inside a core: kernels are closed forms.",
        "Uneven splits: a core holds width / columns features, although features are whole.",
        "Causal savings in attention, unless training.masked_skipped of the software is above 0.",
        "Masks of sparse weights that change.",
        "Which token goes to which expert: every expert has the room and time of the busiest, model.expert_imbalance.",
        "Power from second to second: it is the mean over the step. Ways around defects: those "
        "take columns, where spares do not take them in, and no hop more.",
        "Compilation: it takes minutes to an hour, and follows from software that is not described.",
    ),
    "cores": (
        "What only a whole wafer shows: trials have few rows and columns, and kernels without a core program keep "
        "their closed form. The programs are ours, not a compiler's; measured steps have calibrated the system level.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """A step among others like it, and what the first and the last of them take besides."""

    step_s: float
    first_s: float
    tail_s: float

    def of(self, steps: float) -> float:
        """Return what so many steps take back to back; of less than one its share of the first."""
        return self.first_s * min(1.0, steps) + max(0.0, steps - 1) * self.step_s + (self.tail_s if steps else 0.0)


def solve_step(question: Question, step: Step, level: Level, say: Say) -> Outcome:
    """Answer what a step takes at the closed or the system level."""
    graph = step.graph()
    say("mapping the step")
    request = step.request(graph)
    ways = fastest(request, clock=CLOCKS[level])
    if isinstance(ways, DoesNotFit):
        return ways
    way = ways[0]
    if level == "closed":
        return saying(_told(_in_figures(question, step, way, level), question, step, way), request, ways)
    answer = saying(timed_answer(question, step, way), request, ways)
    if not step.asked.resolved["outputs"]["timeline"]:
        return answer
    say(f"simulating {'a training' if step.trains else 'an evaluation'} step")
    played = play(way.program)
    return replace(answer, timeline=played.intervals, events=played.events)


def step_limits(question: Question, step: Step, level: Level) -> tuple[Limit, ...]:
    """Return what holds a step at the closed or the system level, laid as it is; nothing if it does not fit."""
    ways = fastest(step.request(step.graph()), clock=CLOCKS[level])
    if isinstance(ways, DoesNotFit):
        return ()
    way = ways[0]

    def again(cluster: Cluster, software: Any) -> Mapping[str, float]:
        program = _again(way, cluster=cluster, software=software)
        return closed_spent(program) if level == "closed" else spent_on(program, time_step(program))

    def power(cluster: Cluster, software: Any) -> Power:
        program = _again(way, cluster=cluster, software=software)
        return _power(program, CLOCKS[level](program).step_s)

    return limits_of(question, way.request.cluster, way.request.software, again, power)


def sketch_step(question: Question, step: Step, level: Level) -> Outcome:
    """Answer what a step takes at the closed or the system level, in figures alone."""
    ways = fastest(step.request(step.graph()), clock=CLOCKS[level], alone=True)
    return ways if isinstance(ways, DoesNotFit) else _in_figures(question, step, ways[0], level)


def step_at_best(step: Step) -> dict[str, Any]:
    """Return the figures that are at best what they are of a step that takes no more than the least of all ways.

    The first step waits for no update, and so may take less than the one that repeats: nothing is promised of it.
    """
    way = least_of_all(step.request(step.graph()))
    if way is None:
        return {}
    figures = _figures(step, way.program, Ends(step_s=way.promised_s, first_s=0.0, tail_s=0.0))
    return {name: figures[name] for name in AT_BEST}


def saying(answer: Answer, request: StepRequest, ways: tuple[Way, ...]) -> Answer:
    """Return *answer* with what was chosen for the user, and what there is to note."""
    return replace(answer, choices=choices(request, ways), notes=(*notes(request, ways[0]), *answer.notes))


def timed_answer(question: Question, step: Step, way: Way) -> Answer:
    """Return the answer of a step whose times are known."""
    found = _in_figures(question, step, way, "system")
    return replace(_told(found, question, step, way), events=way.timed.pieces)


def _in_figures(question: Question, step: Step, way: Way, level: Level) -> Answer:
    program, timed, step_s = way.program, way.timed, way.timed.step_s
    ends = Ends(step_s=step_s, first_s=timed.first_s, tail_s=timed.tail_s)
    spent = closed_spent(program) if level == "closed" else spent_on(program, way.timed)
    bound = bound_of(program, spent, step.precision)
    figures = _figures(step, program, ends) | {"bound_s": bound.seconds}
    figures |= _power(program, step_s).figures(step.tokens)
    figures |= job_figures(program.parameters, program.learned, program.cluster, step.software, trains=step.trains)
    if step.trains:
        figures |= _with_failures(step, program.wafers, figures)
        figures["job_s"] = step.between.job_s(figures, _evaluation_s(step, level) if step.between.evaluations else 0.0)
    return Answer(
        level=level, figures={spec.name: figures[spec.name] for spec in question.figures},
        spent=Spent(total_s=step_s, by_cause=spent, what="step"), bound=bound,
    )  # fmt: skip


def _evaluation_s(step: Step, level: Level) -> float:
    """Return the time of a forward step of the same batch."""
    forward = replace(step, trains=False, recompute="never")
    ways = fastest(forward.request(forward.graph()), clock=CLOCKS[level], alone=True)
    assert not isinstance(ways, DoesNotFit), "what trains has room to evaluate"
    return ways[0].timed.step_s


def _told(answer: Answer, question: Question, step: Step, way: Way) -> Answer:
    """Return *answer* with all that is said beside its figures."""
    program, graph = way.program, way.request.graph
    assert answer.spent is not None, "a step is spent on something"
    power = _power(program, answer.spent.total_s)
    sentences = [f"MFU = {MFU.meaning}."]
    sentences += deciding(question, "step", lambda software: _again(way, software=software).least_s, "training")
    return replace(
        answer, headline=_headline(step, program, answer.spent.total_s, power), sentences=tuple(sentences),
        ops=tuple(program.kernels()), memory=program.memory,
        memory_limit_bytes=program.cluster.wafer.core.sram_bytes,
        tables=(_job_table(answer, step), *power_tables(power, step.tokens)), facts=_facts(step, graph, program),
        leaves_out=LEAVES_OUT[answer.level], notes=tuple(power.notes(step.asked.hardware)),
    )  # fmt: skip


def _job_table(answer: Answer, step: Step) -> Table:
    between = step.between if step.asked.resolved.get("job") else None
    return job_table(answer.figures, step.software, trains=step.trains, between=between)


def _power(program: Program, step_s: float) -> Power:
    counts = step_counts(program)
    return Power(cluster=program.cluster, wafers=program.cluster.systems, seconds=step_s, counts=counts)


def _again(way: Way, **other: Any) -> Program:
    """Return the step of a machine or with software that is *other*, at the same placement."""
    place = way.program.placement
    return lay(replace(way.request, **other), passes=place.passes, recompute=place.recompute)


def _figures(step: Step, program: Program, ends: Ends) -> dict[str, Any]:
    wafer, systems, step_s = program.cluster.wafer, program.cluster.systems, ends.step_s
    peak = systems * wafer.peak_flops(_peak_precision(step, program))
    return {
        "step_s": step_s, "first_step_s": ends.first_s, "last_update_s": ends.tail_s,
        "step_cycles": round(step_s * wafer.core.clock_hz), "tokens_per_s": step.tokens / step_s,
        "samples_per_s": step.sequences / step_s, "mfu": program.model_flops / (step_s * peak),
        "flops_per_step": program.model_flops,
        "micro_batch": program.placement.micro_batch, "sub_batch": program.placement.sub_batch,
        "passes": program.placement.passes, "parts": program.placement.parts,
        "recompute": program.placement.recompute > 0, "checkpoint_layers": program.placement.recompute,
        "budget_s": ends.of(step.token_budget / step.tokens),
        "flops_to_budget": program.model_flops * step.token_budget / step.tokens,
    }  # fmt: skip


def _with_failures(step: Step, wafers: int, figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what failures leave of a training."""
    section, goodput = step.asked.resolved.get("failures"), 1.0
    if section:
        goodput = failures_of(
            section, systems=wafers, restart_s=figures["programming_s"] + figures["weight_upload_s"],
            checkpoint_s=figures["checkpoint_s"],
        ).goodput  # fmt: skip
    budget_s = figures["budget_s"] / goodput if goodput else inf
    return {"goodput": goodput, "budget_with_failures_s": budget_s}


def _peak_precision(step: Step, program: Program) -> str:
    return max(PEAKS[step.precision], key=program.cluster.wafer.peak_flops)


def _headline(step: Step, program: Program, step_s: float, power: Power) -> dict[str, str]:
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
    if power.unsourced:
        return words
    return words | {"energy_per_token_j": power.words("all systems, without servers")}


def _facts(step: Step, graph: Graph, program: Program) -> dict[str, Mapping[str, object]]:
    place, cluster = program.placement, program.cluster
    return {
        "model": model_facts(step.asked.shape, graph),
        "machine": machine_facts(cluster, step.precision),
        "batch": {"sequences": step.sequences, "length": step.length, "per_system": program.largest_share},
        "placement": {
            "passes": words(program), "micro_batch": place.micro_batch, "sub_batch": place.sub_batch,
            "columns": place.columns, "rows": place.rows,
            "tokens_per_core": place.tokens_per_core, "features_per_core": place.features_per_core,
            "parts": place.parts, "recompute": place.recompute > 0, "checkpoint_layers": place.recompute,
        },
    }  # fmt: skip


def spent_on(program: Program, timed: Timed) -> dict[str, float]:
    """Return the fullest wafer's step by cause: its work from the closed forms, its waiting from when things happen."""
    waiting = {
        cause: seconds for (track, cause), seconds in timed.seconds.items() if track == "wafer" and cause != "compute"
    }
    return {cause: seconds for cause, seconds in (dict(program.causes) | waiting).items() if seconds > 0}
