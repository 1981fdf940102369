"""A step with kernels that ran on simulated cores: what they say of each goes back into the played step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import fsum

from wsesim.answer import DoesNotFit, OpTime, Outcome, Reason, Table
from wsesim.graph import Graph
from wsesim.kernels import Region
from wsesim.mapping import PassGroup, Program, cycles_by_cause, region_of
from wsesim.questions.base import Question, Say
from wsesim.questions.shared.step import Step
from wsesim.questions.shared.step_answer import LEAVES_OUT, saying, timed_answer
from wsesim.system import Way, fastest
from wsesim.trials import NO_PROGRAM, WHOLE, Streamed, Tried, compile_engine, extra_cycles, first_that_runs, streamed

KERNEL_COLUMNS = ("ops", "share", "ratio", "whole", "program", "columns", "rows", "shape", "cycles", "closed_cycles",
                  "factor", "note")  # fmt: skip
"""Of the table of kernels that ran on cores, beside the closed form of the system level for the same work."""
KERNEL_TITLE = "Kernels: cycles of the cores over those of the closed form, same cores, same work"


@dataclass(slots=True)
class OnCores:
    """What the cores said of the kernels."""

    tried: dict[tuple[object, ...], Tried | str] = field(default_factory=dict)
    kernels: dict[tuple[int, str, str], tuple[Streamed, Tried | str]] = field(default_factory=dict)
    """By (sequences of a pass, block, op); those without a core program are not there."""

    def trial(self, sequences: int, kernel: OpTime) -> tuple[Streamed | None, Tried | str]:
        """Return the kernel of a pass of so many *sequences* as a trial, and what the cores said of it."""
        return self.kernels.get((sequences, kernel.block, kernel.name), (None, NO_PROGRAM))

    def factor(self, sequences: int, kernel: OpTime) -> float:
        """Return what the kernel's time is multiplied by, but for what the wafer's edge holds it up."""
        case, tried = self.trial(sequences, kernel)
        return case.whole * tried.ratio if case is not None and isinstance(tried, Tried) else 1.0

    def cycles(self, sequences: int, kernel: OpTime) -> float:
        """Return the cycles of one call; the edge feeds a kernel no faster than before."""
        held = kernel.parts.get("injection", 0.0) if kernel.bound == "injection" else 0.0
        found = self.factor(sequences, kernel) * (kernel.cycles - held)
        return max(found, kernel.cycles) if held else found


def solve_on_cores(question: Question, step: Step, say: Say) -> Outcome:
    """Answer what the step takes with the kernels' times by the cores."""
    say("mapping the step")
    graph = step.graph()
    request = step.request(graph)
    ways = fastest(request)
    if isinstance(ways, DoesNotFit):
        return ways
    program = ways[0].program
    say("compiling the simulator of cores")
    compile_engine(program.cluster.wafer)
    found = OnCores()
    for group in program.groups:
        part = region_of(ways[0].request, group.sequences)
        _try_kernels(found, graph.with_dims(batch=group.sequences), group, part, say)
    say("the step with these kernels")
    changed = _with(program, found)
    way = Way(request=ways[0].request, program=changed)
    answer = saying(timed_answer(question, step, way), request, ways)
    events = way.timed.pieces + sum(tried.events for tried in found.tried.values() if isinstance(tried, Tried))
    return replace(
        answer, level="cores", events=events, tables=(*answer.tables, _table(program, found)),
        leaves_out=LEAVES_OUT["cores"], reasons=tuple(_reasons(program, found)),
    )  # fmt: skip


def _try_kernels(found: OnCores, graph: Graph, group: PassGroup, region: Region, say: Say) -> None:
    blocks = {block.name: block for block in graph.blocks}
    ops = dict.fromkeys((kernel.block, kernel.name) for stage in group.stages for kernel in stage.kernels)
    for number, (block, name) in enumerate(ops, start=1):
        say(f"{name} ({number} of {len(ops)})")
        op = next(op for op in blocks[block].ops if op.name == name)
        case = streamed(graph, blocks[block], op, region)
        if case is None:
            continue
        if case.key not in found.tried:
            found.tried[case.key] = first_that_runs(case.trials(), region.cluster.wafer)
        found.kernels[group.sequences, block, name] = (case, found.tried[case.key])


def _with(program: Program, found: OnCores) -> Program:
    """Return the step with the kernels' times by the cores, each cause of a kernel longer by the same factor."""
    clock_hz, causes, groups = program.cluster.wafer.core.clock_hz, dict(program.causes), []
    for group in program.groups:
        stages = []
        for stage in group.stages:
            calls, added = stage.repeat * group.count, 0.0
            for kernel in stage.kernels:
                longer = found.cycles(group.sequences, kernel) / kernel.cycles - 1 if kernel.cycles else 0.0
                added += longer * kernel.cycles
                for cause, cycles in cycles_by_cause(kernel):
                    causes[cause] = causes.get(cause, 0.0) + calls * longer * cycles / clock_hz
            stages.append(replace(stage, compute_s=stage.compute_s + added / clock_hz))
        groups.append(replace(group, stages=tuple(stages)))
    return replace(program, groups=tuple(groups), causes=causes)


def _reasons(program: Program, found: OnCores) -> Iterable[Reason]:
    """Yield why the step takes longer, by cause; what the step then hides is not among them."""
    wafer, seconds = program.cluster.wafer, dict[str, float]()
    for group, kernel in _kernels(program):
        case, tried = found.trial(group.sequences, kernel)
        if case is None or not isinstance(tried, Tried):
            continue
        added_s = (found.cycles(group.sequences, kernel) / kernel.cycles - 1) * group.count * kernel.seconds
        for cause, share in _shares(case, tried, extra_cycles(tried, wafer)).items():
            seconds[cause] = seconds.get(cause, 0.0) + added_s * share
    return (Reason(figure="step_s", cause=cause, seconds=added_s) for cause, added_s in seconds.items())


def _kernels(program: Program) -> list[tuple[PassGroup, OpTime]]:
    """Return the kernels of every size of pass, each with the passes."""
    return [
        (group, kernel) for group in program.groups for stage in group.stages for kernel in stage.kernels
    ]  # fmt: skip


def _shares(case: Streamed, tried: Tried, extra: Mapping[str, float]) -> dict[str, float]:
    """Return which share of what a kernel takes longer has which cause: first features are whole, then the rest."""
    longer = case.whole * tried.ratio - 1
    if abs(longer) < 1e-9:
        return {}
    scale = case.whole / tried.trial.closed_cycles / longer
    return {WHOLE: (case.whole - 1) / longer, **{cause: cycles * scale for cause, cycles in extra.items()}}


def _table(program: Program, found: OnCores) -> Table:
    """Return one row for each trial, with the ops it stands for, and one for each kind of op without; longest first."""
    kernels = _kernels(program)
    total_s = fsum(group.count * kernel.seconds for group, kernel in kernels)
    alike: dict[tuple[object, ...], list[tuple[PassGroup, OpTime]]] = {}
    for group, kernel in kernels:
        case, _ = found.trial(group.sequences, kernel)
        key = (kernel.kind,) if case is None else (*case.key, round(case.whole, 6))
        alike.setdefault(key, []).append((group, kernel))
    rows = [_row(ops, found, fsum(group.count * op.seconds for group, op in ops) / total_s) for ops in alike.values()]
    ordered = tuple(sorted(rows, key=lambda row: -float(row[1])))  # type: ignore[arg-type]  # a share
    return Table(name="kernels", title=KERNEL_TITLE, columns=KERNEL_COLUMNS, rows=ordered)


def _row(ops: list[tuple[PassGroup, OpTime]], found: OnCores, share: float) -> tuple[object, ...]:
    names = ", ".join(dict.fromkeys(op.name for _, op in ops))
    group, first = ops[0]
    case, tried = found.trial(group.sequences, first)
    if case is None:
        return kernel_row(names, share, tried)
    return kernel_row(names, share, tried, whole=case.whole)


def kernel_row(names: str, share: float, tried: Tried | str, *, whole: float = 1.0) -> tuple[object, ...]:
    """Return a row of the table of kernels; without a trial its note says why."""
    if not isinstance(tried, Tried):
        return (names, share, None, None, "", None, None, "", None, None, 1.0, tried)
    trial = tried.trial
    return (
        names, share, tried.ratio, whole, trial.program, *trial.grid, "x".join(map(str, trial.shape)), tried.cycles,
        trial.closed_cycles, whole * tried.ratio, trial.note,
    )  # fmt: skip
