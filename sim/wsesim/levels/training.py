"""A step with streamed weights at all levels: by formula, played, and played with kernels that ran on cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from wsesim import pipeline
from wsesim.graph import Graph
from wsesim.kernels import Region
from wsesim.levels import causes
from wsesim.levels.comparison import Answer, Comparison, Difference, KernelRow
from wsesim.levels.streamed import Streamed, streamed
from wsesim.levels.trial import NO_PROGRAM, Tried, compile_engine, first_that_runs
from wsesim.mapping import DoesNotFit, Program, estimate_s
from wsesim.result import OpTime
from wsesim.system import Played, play
from wsesim.workload import Workload

Tell = Callable[[int, int, str], None]
LEAVES_OUT = {
    "closed": "Waiting: each stage takes the longest of its kernels and transfers; nothing fills, drains or queues.",
    "system": "The inside of a core: kernels are closed forms in which all that a core does at once costs only its "
    "longest, and features divide evenly.",
    "cores": "What only a whole wafer shows: trials have few rows and columns, and kernels without a core program keep "
    "their closed form. The programs are ours, not a compiler's; measured steps have calibrated the system level.",
}
WAITS = {"weights": "waits for weights", "gradients": "waits until gradients have left", "input": "waits for tokens",
         "update": "waits for the last weights' update"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mapped:
    """A step on its wafers."""

    workload: Workload
    graph: Graph
    """With the dims of one micro-batch."""
    program: Program
    cpu_s: float
    """To map it."""

    @property
    def region(self) -> Region:
        """The wafer with its micro-batch."""
        return Region(
            cluster=self.program.cluster, software=self.program.software,
            sequences=self.program.placement.micro_batch, length=self.workload.length,
            precision=self.workload.precision,
        )  # fmt: skip

    def figures(self, step_s: float) -> dict[str, float | None]:
        """Return what people ask for."""
        return {"step_s": step_s, "tokens_per_s": self.workload.sequences * self.workload.length / step_s}


@dataclass(slots=True)
class _OnCores:
    """What the cores said of the kernels."""

    tried: dict[tuple[object, ...], Tried | str] = field(default_factory=dict)
    kernels: dict[tuple[str, str], tuple[Streamed, Tried | str]] = field(default_factory=dict)
    """By (block, op); those without a core program are not there."""

    def factor(self, kernel: OpTime) -> float:
        """Return what the kernel's time is multiplied by, but for what the wafer's edge holds it up."""
        case, tried = self.kernels.get((kernel.block, kernel.name), (None, NO_PROGRAM))
        return case.whole * tried.ratio if case is not None and isinstance(tried, Tried) else 1.0

    def cycles(self, kernel: OpTime) -> float:
        """Return the cycles of one call; the edge feeds a kernel no faster than before."""
        held = kernel.parts.get("injection", 0.0) if kernel.bound == "injection" else 0.0
        found = self.factor(kernel) * (kernel.cycles - held)
        return max(found, kernel.cycles) if held else found


def compare_step(workload: Workload, levels: Iterable[str], tell: Tell) -> Comparison:
    """Answer a training or evaluation step at *levels*."""
    started, wanted = time.process_time(), tuple(levels)
    tell(0, 0, "mapping the step")
    graph = pipeline.build(workload)
    program = pipeline.place(workload, graph)
    if isinstance(program, DoesNotFit):
        answers = tuple(Answer(level=level, why_not=program.why, leaves_out=LEAVES_OUT[level]) for level in wanted)
        return Comparison(name=workload.name, title=workload.title, kind="step", answers=answers)
    mapped = _Mapped(
        workload=workload, graph=graph.with_dims(batch=program.placement.micro_batch), program=program,
        cpu_s=time.process_time() - started,
    )  # fmt: skip
    answers, kernels, differences = _answered(mapped, wanted, tell)
    return Comparison(
        name=workload.name, title=workload.title, kind="step", answers=answers, kernels=kernels,
        differences=differences,
    )  # fmt: skip


def _answered(
    mapped: _Mapped, wanted: tuple[str, ...], tell: Tell
) -> tuple[tuple[Answer, ...], tuple[KernelRow, ...], tuple[Difference, ...]]:
    program = mapped.program
    closed_s = estimate_s(program) + program.software.step_s
    by_formula = _answer(mapped, "closed", closed_s, 0.0, 0)
    if wanted == ("closed",):
        return (by_formula,), (), ()
    started = time.process_time()
    played = play(program)
    as_played = _answer(mapped, "system", played.step_s, time.process_time() - started, played.events)
    answers, kernels = {"closed": by_formula, "system": as_played}, tuple[KernelRow, ...]()
    differences = [_waiting(program, played, closed_s)]
    if "cores" in wanted:
        found, answers["cores"], difference = _on_cores(mapped, played, tell)
        kernels = _rows(program, found)
        differences.append(difference)
    shown = tuple(difference for difference in differences if set(difference.levels) <= set(wanted))
    return tuple(answers[level] for level in wanted), kernels, shown


def _answer(mapped: _Mapped, level: str, step_s: float, cpu_s: float, events: int) -> Answer:
    return Answer(
        level=level, figures=mapped.figures(step_s), leaves_out=LEAVES_OUT[level], cpu_s=mapped.cpu_s + cpu_s,
        events=events,
    )  # fmt: skip


def _waiting(program: Program, played: Played, closed_s: float) -> Difference:
    """Say what the wafer waits for, less the transfers that the formula already has as the longest of a stage."""
    waits = [(title, played.seconds.get(("wafer", cause), 0.0)) for cause, title in WAITS.items()]
    rest = played.step_s - closed_s - sum(seconds for _, seconds in waits)
    return Difference(
        levels=("closed", "system"),
        figure="step_s",
        causes=_shown([*waits, ("transfers that the formula has as well", rest)]),
    )


def _on_cores(mapped: _Mapped, played: Played, tell: Tell) -> tuple[_OnCores, Answer, Difference]:
    program, wafer = mapped.program, mapped.program.cluster.wafer
    tell(0, 0, "compiling the simulator of cores")
    compile_engine(wafer)
    started, found = time.process_time(), _OnCores()
    blocks = {block.name: block for block in mapped.graph.blocks}
    ops = dict.fromkeys((kernel.block, kernel.name) for stage in program.stages for kernel in stage.kernels)
    for number, (block, name) in enumerate(ops):
        tell(number, len(ops), name)
        op = next(op for op in blocks[block].ops if op.name == name)
        case = streamed(mapped.graph, blocks[block], op, mapped.region)
        if case is None:
            continue
        if case.key not in found.tried:
            found.tried[case.key] = first_that_runs(case.trials(), wafer)
        found.kernels[block, name] = (case, found.tried[case.key])
    tell(len(ops), len(ops), "the step with these kernels")
    again = play(_with(program, found))
    events = again.events + sum(tried.events for tried in found.tried.values() if isinstance(tried, Tried))
    answer = _answer(mapped, "cores", again.step_s, time.process_time() - started, events)
    return found, answer, _why(program, found, again.step_s - played.step_s)


def _with(program: Program, found: _OnCores) -> Program:
    """Return the step with the kernels' times by the cores."""
    clock_hz = program.cluster.wafer.core.clock_hz
    stages = tuple(
        replace(
            stage,
            compute_s=stage.compute_s
            + sum(found.cycles(kernel) - kernel.cycles for kernel in stage.kernels) / clock_hz,
        )
        for stage in program.stages
    )
    return replace(program, stages=stages)


def _why(program: Program, found: _OnCores, total_s: float) -> Difference:
    """Split the difference of the step by cause."""
    wafer, seconds = program.cluster.wafer, dict[str, float]()
    for kernel in (kernel for stage in program.stages for kernel in stage.kernels):
        case, tried = found.kernels.get((kernel.block, kernel.name), (None, NO_PROGRAM))
        if case is None or not isinstance(tried, Tried):
            continue
        added_s = (found.cycles(kernel) / kernel.cycles - 1) * kernel.seconds
        shares = _shares(case, tried, causes.extra_cycles(tried, wafer))
        for cause, share in shares.items():
            seconds[cause] = seconds.get(cause, 0.0) + added_s * share
    rest = total_s - sum(seconds.values())
    return Difference(
        levels=("system", "cores"),
        figure="step_s",
        causes=_shown([*seconds.items(), ("transfers and updates, then hidden", rest)]),
    )


def _shares(case: Streamed, tried: Tried, extra: Mapping[str, float]) -> dict[str, float]:
    """Return which share of what a kernel takes longer has which cause: first features are whole, then the rest."""
    longer = case.whole * tried.ratio - 1
    if abs(longer) < 1e-9:
        return {}
    scale = case.whole / tried.trial.closed_cycles / longer
    return {causes.WHOLE: (case.whole - 1) / longer, **{cause: cycles * scale for cause, cycles in extra.items()}}


def _shown(found: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(((cause, seconds) for cause, seconds in found if abs(seconds) > 1e-9), key=lambda one: -one[1]))


def _rows(program: Program, found: _OnCores) -> tuple[KernelRow, ...]:
    """Return one row for each trial, with the ops it stands for, and one for each kind of op without; longest first."""
    total_s = sum(kernel.seconds for stage in program.stages for kernel in stage.kernels)
    groups: dict[tuple[object, ...], list[OpTime]] = {}
    for kernel in (kernel for stage in program.stages for kernel in stage.kernels):
        case, _ = found.kernels.get((kernel.block, kernel.name), (None, ""))
        groups.setdefault((kernel.kind,) if case is None else (*case.key, round(case.whole, 6)), []).append(kernel)
    rows = [_row(ops, found, sum(op.seconds for op in ops) / total_s) for ops in groups.values()]
    return tuple(sorted(rows, key=lambda row: -row.share))


def _row(ops: list[OpTime], found: _OnCores, share: float) -> KernelRow:
    names = ", ".join(dict.fromkeys(op.name for op in ops))
    case, tried = found.kernels.get((ops[0].block, ops[0].name), (None, NO_PROGRAM))
    if case is None or not isinstance(tried, Tried):
        return KernelRow(name=names, share=share, note=str(tried))
    trial = tried.trial
    return KernelRow(
        name=names, share=share, program=trial.program, grid=trial.grid, shape=trial.shape, cycles=tried.cycles,
        closed_cycles=trial.closed_cycles, whole=case.whole, factor=found.factor(ops[0]), note=trial.note,
    )  # fmt: skip
