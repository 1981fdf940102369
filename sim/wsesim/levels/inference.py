"""Resident weights at all levels: the plan's formulas, a request played, and both with ops that ran on cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wsesim.levels.comparison import Answer, Comparison, Difference, KernelRow
from wsesim.mapping.resident import DoesNotFit, PhaseTime, ResidentPlan
from wsesim.pipeline.request import request_metrics, time_request, tokens_per_pass
from wsesim.pipeline.resident import placed
from wsesim.trials.resident import ResidentTile, parts_of, resident_trials
from wsesim.trials.trial import Tried, compile_engine, first_that_runs
from wsesim.workload import Inference, Workload

Tell = Callable[[int, int, str], None]
LEAVES_OUT = {
    "closed": "Growth and sequence: one token halfway, one prompt; no host, no move of weights, no guesses to check.",
    "system": "The inside of a core: ops are closed forms, one after the other.",
    "cores": "What only a whole placement shows: tiles of attention and of prompts run on smaller squares, and ops "
    "without a core program keep their closed form. What silicon adds against heat stays as in the formulas.",
}
PRODUCTS = "products and their sums: what a turn of the loop and a stop on the way take, by the cores"
WIDE = "norms, softmax, activations: 32-bit vectors, scalar exponentials; formulas have 16-bit vectors, or scalar loops"
ATTENTION = "attention of a token, in one program with sums in 32 bits"
_CAUSES = {"gemv": PRODUCTS, "mesh-gemm": PRODUCTS, "attention-decode": ATTENTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseOnCores:
    """What the cores said of reading or writing."""

    factor: float
    """Of the time of the phase, the mean over its ops."""
    rows: tuple[KernelRow, ...]
    """Shares are those of the phase."""
    events: int

    def difference(self, figure: str, seconds: float | None) -> Difference:
        """Return what the phase, of *seconds* at the system level, takes longer by cause."""
        found: dict[str, float] = {}
        for row in self.rows:
            if row.program and seconds:
                cause = _CAUSES.get(row.program, WIDE)
                found[cause] = found.get(cause, 0.0) + seconds * row.share * (row.factor - 1)
        causes = tuple(sorted(found.items(), key=lambda one: -one[1]))
        return Difference(levels=("system", "cores"), figure=figure, causes=causes)


def compare_request(workload: Workload, levels: Iterable[str], tell: Tell) -> Comparison:
    """Answer a prompt, tokens or both at *levels*."""
    started, wanted = time.process_time(), tuple(levels)
    tell(0, 0, "placing the model")
    plan = placed(workload)
    if isinstance(plan, DoesNotFit):
        return no_answer(workload, "request", plan.why, wanted)
    placing_s, asked = time.process_time() - started, workload.asked
    started = time.process_time()
    times = time_request(workload, plan)
    metrics = request_metrics(workload, plan, times)
    playing_s, base = time.process_time() - started, {"ttft_s": metrics.ttft_s, "tpot_s": metrics.tpot_s}
    answers, rows, differences = [], tuple[KernelRow, ...](), list[Difference]()
    for level in wanted:
        started = time.process_time()
        figures, events = base, len(times.ops)
        if level == "closed":
            figures, events = _by_formula(workload, plan), 0
        elif level == "cores":
            read, wrote = on_cores(plan, asked, workload, tell)
            figures, events = _scaled(base, read, wrote), read.events + wrote.events
            rows = read.rows + wrote.rows
            differences = [read.difference("ttft_s", metrics.ttft_s), wrote.difference("tpot_s", metrics.tpot_s)]
        cpu_s = placing_s + (playing_s if level != "closed" else 0.0) + time.process_time() - started
        answers.append(_answer(level, figures, cpu_s, events))
    return Comparison(
        name=workload.name, title=workload.title, kind="request", answers=tuple(answers), kernels=rows,
        differences=tuple(found for found in differences if found.causes and "system" in wanted),
    )  # fmt: skip


def no_answer(workload: Workload, kind: str, why: str, levels: Iterable[str]) -> Comparison:
    """Return the same reason at all levels."""
    answers = tuple(Answer(level=level, why_not=why, leaves_out=LEAVES_OUT[level]) for level in levels)
    return Comparison(name=workload.name, title=workload.title, kind=kind, answers=answers)


def _answer(level: str, figures: dict[str, float | None], cpu_s: float, events: int) -> Answer:
    shown = {name: value for name, value in figures.items() if value is not None}
    return Answer(level=level, figures=shown, leaves_out=LEAVES_OUT[level], cpu_s=cpu_s, events=events)


def _by_formula(workload: Workload, plan: ResidentPlan) -> dict[str, float | None]:
    asked = workload.asked
    batch = asked.batch or 1
    reads, writes = workload.phase != "decode", workload.phase != "prefill"
    read_s = batch * plan.prefill(asked.prompt, reused=asked.reused).seconds if reads else None
    token_s = plan.decode(_halfway(asked), batch=batch).seconds / tokens_per_pass(asked) if writes else None
    return {"ttft_s": read_s, "tpot_s": token_s}


def _halfway(asked: Inference) -> int:
    return asked.prompt + asked.generate // 2


def _scaled(base: dict[str, float | None], read: PhaseOnCores, wrote: PhaseOnCores) -> dict[str, float | None]:
    factors = {"ttft_s": read.factor, "tpot_s": wrote.factor}
    return {name: None if value is None else factors[name] * value for name, value in base.items()}


def on_cores(plan: ResidentPlan, asked: Inference, workload: Workload, tell: Tell) -> tuple[PhaseOnCores, PhaseOnCores]:
    """Run the ops of a prompt and of a token halfway on cores, those the phase has."""
    tell(0, 0, "compiling the simulator of cores")
    compile_engine(plan.request.cluster.wafer)
    read = wrote = PhaseOnCores(factor=1.0, rows=(), events=0)
    if workload.phase != "decode":
        tile = ResidentTile.of_prompt(plan, asked.prompt)
        read = _phase(plan, plan.prefill(asked.prompt, reused=asked.reused), tile, tell, reads=True)
    if workload.phase != "prefill":
        batch = asked.batch or 1
        tile = ResidentTile.of_token(plan, _halfway(asked), batch)
        wrote = _phase(plan, plan.decode(_halfway(asked), batch=batch), tile, tell, reads=False)
    return read, wrote


def _phase(plan: ResidentPlan, phase: PhaseTime, tile: ResidentTile, tell: Tell, *, reads: bool) -> PhaseOnCores:
    ops = parts_of(tile, phase.ops)
    total = sum(cycles for _, cycles in ops.values())
    rows, events = [], 0
    for number, (name, (names, cycles)) in enumerate(ops.items()):
        tell(number, len(ops), f"{'prompt' if reads else 'token'}: {name}")
        tried = first_that_runs(resident_trials(tile, name), plan.request.cluster.wafer)
        title = f"{'prompt' if reads else 'token'}: {', '.join(names)}"
        rows.append(_row(title, cycles / total, tried))
        events += tried.events if isinstance(tried, Tried) else 0
    ordered = tuple(sorted(rows, key=lambda row: -row.share))
    return PhaseOnCores(factor=sum(row.share * row.factor for row in rows), rows=ordered, events=events)


def _row(name: str, share: float, tried: Tried | str) -> KernelRow:
    if not isinstance(tried, Tried):
        return KernelRow(name=name, share=share, note=tried)
    trial = tried.trial
    return KernelRow(
        name=name, share=share, program=trial.program, grid=trial.grid, shape=trial.shape, cycles=tried.cycles,
        closed_cycles=trial.closed_cycles, factor=tried.ratio, note=trial.note,
    )  # fmt: skip
