"""Requests and services with ops that ran on simulated cores: what they say of each goes into the times of a phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum

from wsesim.answer import DoesNotFit, Outcome, Reason, Table
from wsesim.mapping.resident import PhaseTime, ResidentPlan
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.request import Request
from wsesim.questions.shared.request_answer import answer_of, figures_of
from wsesim.questions.shared.request_times import RequestTimes, plan_of, time_request
from wsesim.questions.shared.step_cores import KERNEL_COLUMNS, KERNEL_TITLE, kernel_row
from wsesim.system import GrowingTime, ServiceTimes
from wsesim.trials import ResidentTile, Tried, compile_engine, first_that_runs, parts_of, resident_trials

PRODUCTS = "products and their sums: what a turn of the loop and a stop on the way take, by the cores"
WIDE = "norms, softmax, activations: 32-bit vectors, scalar exponentials; formulas have 16-bit vectors, or scalar loops"
ATTENTION = "attention of a token, in one program with sums in 32 bits"
CAUSES = {"gemv": PRODUCTS, "mesh-gemm": PRODUCTS, "attention-decode": ATTENTION}
"""Why a core program says something else than the formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseOnCores:
    """What the cores said of reading or writing."""

    factor: float = 1.0
    """Of the time of the phase, the mean over its ops."""
    rows: tuple[tuple[object, ...], ...] = ()
    """Of the table of kernels; shares are those of the phase."""
    added: Mapping[str, float]
    """By cause the share of the phase's time that it adds."""
    events: int = 0

    def of(self, phase: PhaseTime) -> PhaseTime:
        """Return *phase* as the cores have it."""
        factor = self.factor
        return replace(
            phase, cycles=factor * phase.cycles, seconds=factor * phase.seconds,
            interval_cycles=factor * phase.interval_cycles, work=phase.work_slowed(factor),
            parts={cause: factor * cycles for cause, cycles in phase.parts.items()},
            stage_cycles=tuple(factor * cycles for cycles in phase.stage_cycles),
        )  # fmt: skip

    def reasons(self, figure: str, seconds: float | None) -> tuple[Reason, ...]:
        """Return why a figure of *seconds* at the system level becomes longer."""
        return tuple(
            Reason(figure=figure, cause=cause, seconds=share * seconds)
            for cause, share in self.added.items()
            if seconds
        )


UNTRIED = PhaseOnCores(added={})


def solve_on_cores(question: Question, request: Request, say: Say) -> Outcome:
    """Answer what a request takes with the times of its ops by the cores."""
    plan = plan_of(request, say)
    if isinstance(plan, DoesNotFit):
        return plan
    times = time_request(request, plan)
    base = figures_of(request, plan, times)
    compile_engine(plan.request.cluster.wafer)
    read = _read(plan, request.prompt, request.reused, say) if request.reads else UNTRIED
    wrote = _wrote(plan, request.middle, plan.share(request.batch), say) if request.writes else UNTRIED
    slower = _slower(times, read, wrote)
    answer = answer_of(question, request, plan, slower, "cores")
    reasons = (
        *read.reasons("ttft_s", base["ttft_s"]), *wrote.reasons("tpot_s", base["tpot_s"]),
    )  # fmt: skip
    return replace(
        answer, tables=(*answer.tables, _table(read, wrote)), reasons=reasons, events=read.events + wrote.events
    )  # fmt: skip


def slower_on_cores(
    prompt: int, output: int, plan: ResidentPlan, times: ServiceTimes, say: Say
) -> tuple[ServiceTimes, Table, str]:
    """Return what a server can do with the times of ops by the cores, for requests of mean lengths; and a note."""
    compile_engine(plan.request.cluster.wafer)
    read = _read(plan, prompt, 0, say)
    wrote = _wrote(plan, prompt + output // 2, 1, say)
    latency, interval = (
        GrowingTime(line.base_s * wrote.factor, line.per_position_s * wrote.factor)
        for line in (times.latency, times.interval)
    )
    whole, entering = (tuple(seconds * read.factor for seconds in each) for each in (times.prefill_s, times.entering_s))
    note = f"By the cores a prompt takes {read.factor:.2f} times as long, a token {wrote.factor:.2f} times."
    slower = replace(times, prefill_s=whole, entering_s=entering, latency=latency, interval=interval)
    return slower, _table(read, wrote), note


def _slower(times: RequestTimes, read: PhaseOnCores, wrote: PhaseOnCores) -> RequestTimes:
    return replace(
        times, prefill=read.of(times.prefill) if times.prefill else None, decode_s=wrote.factor * times.decode_s,
        decode_parts={cause: wrote.factor * seconds for cause, seconds in times.decode_parts.items()},
        token=wrote.of(times.token) if times.token else None,
    )  # fmt: skip


def _read(plan: ResidentPlan, prompt: int, reused: int, say: Say) -> PhaseOnCores:
    phase = plan.prefill(prompt, reused=reused)
    return _tried(plan, phase, ResidentTile.of_prompt(plan, prompt), "prompt", say)


def _wrote(plan: ResidentPlan, position: int, batch: int, say: Say) -> PhaseOnCores:
    position = min(position, plan.request.positions)
    phase = plan.decode(position, batch=batch)
    return _tried(plan, phase, ResidentTile.of_token(plan, position, batch), "token", say)


def _tried(plan: ResidentPlan, phase: PhaseTime, tile: ResidentTile, what: str, say: Say) -> PhaseOnCores:
    """Run the ops of a phase on cores, each on what a core of the placement holds."""
    ops = parts_of(tile, phase.ops)
    total = fsum(cycles for _, cycles in ops.values())
    rows, events, factor, added = list[tuple[object, ...]](), 0, 0.0, dict[str, float]()
    for number, (name, (names, cycles)) in enumerate(ops.items(), start=1):
        say(f"{what}: {name} ({number} of {len(ops)})")
        tried, share = first_that_runs(resident_trials(tile, name), plan.request.wafer), cycles / total
        rows.append(kernel_row(f"{what}: {', '.join(names)}", share, tried))
        if not isinstance(tried, Tried):
            factor += share
            continue
        factor, events = factor + share * tried.ratio, events + tried.events
        cause = CAUSES.get(tried.trial.program, WIDE)
        added[cause] = added.get(cause, 0.0) + share * (tried.ratio - 1)
    ordered = tuple(sorted(rows, key=lambda row: -float(row[1])))  # type: ignore[arg-type]  # a share
    return PhaseOnCores(factor=factor, rows=ordered, added=added, events=events)


def _table(read: PhaseOnCores, wrote: PhaseOnCores) -> Table:
    return Table(name="kernels", title=KERNEL_TITLE, columns=KERNEL_COLUMNS, rows=(*read.rows, *wrote.rows))
