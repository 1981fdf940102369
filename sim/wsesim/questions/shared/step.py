"""One step with weights that stream, of training or of evaluation: its keys, its figures, and how it is solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from wsesim.answer import Answer, Bound, DoesNotFit, FigureSpec, Level, Outcome, Spent
from wsesim.graph import Graph, with_training
from wsesim.mapping import Program, Stage, StepRequest, at_placement, estimate_s, map_step
from wsesim.model import build_graph
from wsesim.questions.base import Asked, Draft, Question, Reads, Say
from wsesim.questions.shared.facts import deciding, machine_facts, model_facts, peak_text
from wsesim.questions.shared.job import job_table
from wsesim.software import Training as TrainingSoftware
from wsesim.system import Played, play
from wsesim.units import show_count
from wsesim.workload import Default, Derived, ModelFile, Section, check_length
from wsesim.workload.fields import AutoOrSize, Size

PEAKS = {"fp16": ("fp16",), "mixed": ("fp16", "mixed"), "fp32": ("fp32",)}
"""Peaks a run of each precision could be measured against; the highest is taken."""
VERIFIED_LENGTH = 64
"""Tokens of a verified sequence. Assumed: enough for attention to matter, few enough to take seconds."""
BOUND = "each layer takes the longer of injecting its weights and its multiply-accumulates at peak, summed"
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
FIGURES = (
    FigureSpec(name="step_s", label="one step", meaning="from the first weight to the last update", better="less"),
    FigureSpec(name="tokens_per_s", label="tokens per second", meaning="tokens of a step over its time, all systems "
               "together", better="more"),
    FigureSpec(name="samples_per_s", label="samples per second", meaning="sequences of a step over its time",
               better="more"),
    FigureSpec(name="mfu", label="MFU", meaning="matrix FLOPs of the model (forward, in training × 3; full attention, "
               "nothing recomputed, no weights that are zero) / (step time × peak of all wafers)", better="more"),
    FigureSpec(name="energy_per_token_j", label="energy per token", meaning="power of all wafers over the step, over "
               "its tokens", better="less"),
    FigureSpec(name="power_w", label="power", meaning="of all wafers, mean over the step", better="less"),
    FigureSpec(name="step_cycles", label="cycles of a step", meaning="the step at the cores' clock", better="less"),
    FigureSpec(name="bound_s", label="bound", meaning=BOUND, better="less"),
    FigureSpec(name="flops_per_step", label="FLOPs of a step", meaning="matrix FLOPs of the model, all systems"),
    FigureSpec(name="micro_batch", label="micro-batch", meaning="sequences of one pass on one system"),
    FigureSpec(name="passes", label="passes", meaning="micro-batches of a step and system"),
    FigureSpec(name="recompute", label="recompute", meaning="whether the backward pass computes layers again"),
    FigureSpec(name="programming_s", label="device programming", meaning="once, before the first step"),
    FigureSpec(name="weight_upload_s", label="weight upload", meaning="once, before the first step"),
)  # fmt: skip
USUAL = ("step_s", "tokens_per_s", "mfu", "bound_s", "micro_batch", "passes")
SUPPORTED = (
    "Measured steps support the system level (`wsesim validate`); cores run our own programs, no compiler's; closed "
    "forms leave out what waits for what."
)
MODEL_READS = frozenset({
    "layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab", "max_length", "activation", "norm",
    "position", "block", "norm_order", "bias", "attention_bias", "tied", "token_types", "task", "classes", "masked",
    "sentence_head", "sparsity", "experts", "experts_per_token", "expert_imbalance", "head_norm",
})  # fmt: skip
HARDWARE_READS = frozenset({
    "core.clock", "core.sram", "core.reserved", "core.fmac_fp16_per_cycle", "core.fmac_mixed_per_cycle",
    "core.fmac_fp32_per_cycle", "core.simd_fp32_per_cycle", "core.sram_read_bytes_per_cycle",
    "core.sram_write_bytes_per_cycle", "core.vector_launch_cycles", "code.exp_cycles", "code.divide_cycles",
    "fabric.wavelet", "fabric.link_wavelets_per_cycle", "fabric.hop_cycles", "fabric.ramp_cycles",
    "silicon.link_slowdown", "wafer.columns", "wafer.rows", "wafer.io", "wafer.io_channels", "wafer.idle_power",
    "wafer.active_power", "memoryx.capacity", "memoryx.stream", "memoryx.update", "memoryx.latency", "memoryx.load",
    "memoryx.save", "memoryx.shard", "swarmx.fan_in", "swarmx.link", "swarmx.hop", "host.input", "host.latency",
    "host.programming", "cluster.max_systems",
})  # fmt: skip


class BatchSection(Section):
    """What one step sees."""

    sequences: Size
    """Sequences of one step, over all systems (the global batch)."""
    length: Annotated[Size | None, Default("the model's max_length")] = None
    """Tokens of a sequence. Default: the model's max_length."""
    micro_batch: Annotated[AutoOrSize, Default("as many as fit the memory of a wafer")] = "auto"
    """Sequences per system and pass; auto: as many as fit the wafer's memory."""


class StepFile(ModelFile):
    """A file that asks for one step."""

    batch: BatchSection
    """What the step sees."""
    precision: Annotated[
        Literal["mixed", "fp16", "fp32"], Default("as in the vendor's stock training configurations")
    ] = "mixed"
    """Number formats: mixed multiplies fp16 and accumulates fp32."""


def check_step(draft: Draft) -> Derived:
    """Check a batch against systems and model; return defaults that follow."""
    batch = draft.values.get("batch")
    if batch is None:
        return {}
    if draft.hardware:
        _check_shares(batch, draft.hardware.cluster.systems, draft)
    if draft.model is None:
        return {}
    if batch.length:
        check_length(batch.length, draft.model, ("batch", "length"), draft.problems)
    length = batch.length or draft.model.max_length
    return {
        "batch.length": (length, "the model's max_length"),
        "verification.length": (min(VERIFIED_LENGTH, length), "assumed: enough to compare, in seconds"),
    }


def _check_shares(batch: BatchSection, systems: int, draft: Draft) -> None:
    """Check that systems and passes share the sequences evenly."""
    if batch.sequences % systems:
        below = batch.sequences // systems * systems
        near = f"{below} or {below + systems}" if below else f"{systems}"
        message = f"= {batch.sequences} cannot be shared evenly by {systems} systems; the nearest that can: {near}"
        draft.problems.add_field(("batch", "sequences"), message)
        return
    share = batch.sequences // systems
    if isinstance(batch.micro_batch, int) and share % batch.micro_batch:
        divisors = [size for size in range(1, share + 1) if share % size == 0] if share < 10**6 else [1, share]
        below = max(size for size in divisors if size < batch.micro_batch)
        above = min((size for size in divisors if size > batch.micro_batch), default=below)
        near = f"{below}" if above == below else f"{below} or {above}"
        message = f"does not divide the {share} sequences of a system; the nearest that do: {near}"
        draft.problems.add_field(("batch", "micro_batch"), f"= {batch.micro_batch} {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, of training or forward only."""

    asked: Asked
    trains: bool
    sequences: int
    """Of one step, all systems together."""
    length: int
    micro_batch: int | None
    """Sequences per system and pass; None: as many as fit."""
    precision: str
    recompute: str
    """auto | never | always."""
    token_budget: int
    """Tokens to train on; 0 where nothing is trained."""

    @classmethod
    def of(cls, asked: Asked, *, trains: bool) -> Step:
        """Return the step that a checked file asks for."""
        resolved, batch = asked.resolved, asked.resolved["batch"]
        micro_batch = batch["micro_batch"]
        return cls(
            asked=asked, trains=trains, sequences=batch["sequences"], length=batch["length"],
            micro_batch=micro_batch if isinstance(micro_batch, int) else None, precision=resolved["precision"],
            recompute=resolved.get("recompute", "never"), token_budget=resolved.get("token_budget", 0),
        )  # fmt: skip

    @property
    def sequences_per_system(self) -> int:
        """Sequences of one step on one system."""
        return self.sequences // self.asked.hardware.cluster.systems

    @property
    def tokens(self) -> int:
        """Tokens of one step."""
        return self.sequences * self.length

    @property
    def software(self) -> TrainingSoftware:
        """What the release costs."""
        assert self.asked.software is not None, "a step runs a stack"
        return self.asked.software.for_training()

    def graph(self) -> Graph:
        """Return the graph of the batch of one system."""
        forward = build_graph(
            self.asked.shape, sequences=self.sequences_per_system, length=self.length, precision=self.precision
        )
        return with_training(forward) if self.trains else forward

    def request(self, graph: Graph) -> StepRequest:
        """Return what is asked of the mapping."""
        return StepRequest(
            graph=graph, cluster=self.asked.hardware.cluster, software=self.software,
            sequences=self.sequences_per_system, length=self.length, precision=self.precision,
            micro_batch=self.micro_batch, recompute=self.recompute,
        )  # fmt: skip


def solve_step(question: Question, step: Step, level: Level, say: Say) -> Outcome:
    """Answer what a step takes at a level."""
    say("mapping the step")
    graph = step.graph()
    program = map_step(step.request(graph))
    if isinstance(program, DoesNotFit):
        return program
    if level == "closed":
        total_s, spent = closed_s(program), closed_spent(program)
        return _answer(question, step, graph, program, level=level, step_s=total_s, spent=spent)
    say(f"simulating {'a training' if step.trains else 'an evaluation'} step")
    played = play(program)
    if level == "system":
        return played_answer(question, step, graph, program, played)
    from wsesim.questions.shared.step_cores import solve_on_cores

    return solve_on_cores(question, step, graph, program, played, say)


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
    figures, words = _figures(step, program, step_s, spent), _headline(step, program, step_s)
    job, table = job_table(graph, cluster, step.software, trains=step.trains)
    figures |= job
    sentences = [f"MFU = {FIGURES[3].meaning}."]
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
    request = replace(step.request(graph), software=software)
    return closed_s(at_placement(request, program.placement))


def _figures(step: Step, program: Program, step_s: float, spent: Mapping[str, float]) -> dict[str, Any]:
    wafer, systems = program.cluster.wafer, program.cluster.systems
    busy = sum(program.causes.values()) / step_s
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


def _headline(step: Step, program: Program, step_s: float) -> dict[str, str]:
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
    return words | {"energy_per_token_j": "all wafers, mean over the step"}


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
    return sum(_stage_bound_s(program, stage, precision)[0] for stage in program.stages)


def _stage_bound_s(program: Program, stage: Stage, precision: str) -> tuple[float, float]:
    """Return (bound, arithmetic) of a stage over the step: the longer of injection and arithmetic, and the latter."""
    wafer, calls = program.cluster.wafer, stage.repeat * program.placement.passes
    injection = max(stage.weight_bytes, stage.gradient_bytes) / wafer.io_bytes_per_s
    flops = sum(kernel.flops / kernel.calls for kernel in stage.kernels if kernel.phase == stage.phase)
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
    found["fmac"] = found.get("fmac", 0.0) - sum(arithmetic for _, arithmetic in bounds)
    transfers = sum(bound - arithmetic for bound, arithmetic in bounds)
    for cause in ("injection", "weights"):
        hidden = min(transfers, found.get(cause, 0.0))
        found[cause] = found.get(cause, 0.0) - hidden
        transfers -= hidden
    found["overlap"] = -transfers
    return {cause: seconds for cause, seconds in found.items() if seconds}


def title_of(step: Step, what: str) -> str:
    """Return the question in one sentence."""
    each = f"{step.sequences:,} sequences of {step.length:,} tokens"
    return f"One {what} of {named(step.asked)}: {each}, {step.precision} precision."


def named(asked: Asked) -> str:
    """Name model and machine."""
    from wsesim.model import parameters

    cluster = asked.hardware.cluster
    machine = cluster.name if cluster.systems == 1 else f"{cluster.name}, {cluster.systems} systems"
    return f"{asked.shape.name} ({show_count(parameters(asked.shape))} parameters) on {machine}"


def software_reads(names: Iterable[str]) -> frozenset[str]:
    """Return names of figures of training."""
    return frozenset(f"training.{name}" for name in names)


READS = Reads(
    model=MODEL_READS,
    hardware=HARDWARE_READS,
    software=software_reads(()),
)
