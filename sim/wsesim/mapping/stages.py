"""The stages of a pass: every op of every block as a kernel with its time, its weights and its gradients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum
from typing import NamedTuple

from wsesim.answer import OpTime
from wsesim.graph import Block, Graph, Op, macs
from wsesim.kernels import WHOLE, Form, Parts, Region, kernel_form
from wsesim.mapping.memory import has_backward, kept_inputs, layers_of
from wsesim.mapping.program import PassGroup, Stage
from wsesim.mapping.recompute import from_its_input, from_its_inside
from wsesim.mapping.runs import Sight, runs_of, sight_of
from wsesim.ops import recipe_of
from wsesim.slotted import like
from wsesim.software import Training

AGAIN = ("recompute", "strips")
"""Phases of forward kernels that run in the backward pass, which are causes of their own: what was not kept though it
could be, and what passes in strips, which nothing keeps."""


KernelKey = tuple[str, str, str, int, int, int, Sight]
"""Block, phase, op, copies of the block that it runs for, sequences of a pass, parts in which it runs, what it sees."""
CostKey = tuple[str, str, int, int, Sight]
"""Block, op, sequences of a pass, parts in which it runs, what it sees."""


class OpForm(NamedTuple):
    """What the graph says of one call of an op, on whatever machine."""

    cost: Form
    flops: int
    weight_bytes: int
    gradient_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What turns ops into times."""

    graph: Graph
    """With the dims of one pass."""
    region: Region
    recompute: float
    """Of one in how many layers the input is kept; 0 where the inside of all is."""
    parts: Parts = WHOLE
    """In which layers are worked through."""
    kernels: dict[KernelKey, OpTime] = field(default_factory=dict)
    """Those already timed."""
    costs: dict[CostKey, tuple[float, OpTime]] = field(default_factory=dict)
    """One call of each, with its cycles before they are rounded: the same however often and whenever it runs."""
    forms: dict[CostKey, OpForm] = field(default_factory=dict)
    """The same on whatever machine."""


def build_stages(timing: Timing) -> tuple[Stage, ...]:
    """Return the stages of one pass: blocks forward, then in training the same blocks backward in reverse order.

    Where the input of a layer is not kept, it is computed again from the last one that was: the layers between run
    forward once more. Each does so just before the layers that need it; here they run in a row, all as the mean of
    layers with a window and without. All other layers run in their order.
    """
    blocks, layers = timing.graph.blocks, layers_of(timing.graph)
    runs = {block.name: runs_of(block) for block in blocks}
    stages = list[Stage]()
    for block in blocks:
        forward = [_stage(timing, run, "forward", run.phase("forward"), {}) for run in runs[block.name]]
        stages += _in_order(forward)
    for block in blocks[::-1] if has_backward(timing.graph) else ():
        again = timing.recompute if block in layers else 0
        if between := block.repeat - kept_inputs(block.repeat, again) if again else 0:
            stages.append(_stage(timing, block, "recompute", block.phase("forward"), {}, repeat=between))
        stages += _in_order([_backward(timing, run, again=bool(again)) for run in runs[block.name][::-1]])
    return tuple(stages)


def _in_order(stages: Sequence[Stage]) -> Iterator[Stage]:
    """Yield stages of one block, each with how many of its copies run before it, if there are several."""
    before = 0
    for stage in stages:
        yield replace(stage, before=before) if len(stages) > 1 else stage
        before += stage.repeat


def _backward(timing: Timing, block: Block, *, again: bool) -> Stage:
    strips = from_its_inside(block)
    ops = from_its_input(block) if again else strips
    phases = {op.name: "strips" if op in strips else "recompute" for op in ops}
    return _stage(timing, block, "backward", (*ops, *block.phase("backward")), phases)


def causes_of(groups: Iterable[PassGroup], region: Region) -> dict[str, float]:
    """Return one wafer's seconds by cause over the whole step, nothing waited for."""
    clock_hz, launch_s = region.cluster.wafer.core.clock_hz, region.software.kernel_launch_s
    seconds = {"launch": 0.0}
    for group in groups:
        for stage in group.stages:
            calls = stage.repeat * group.count
            seconds["launch"] += calls * launch_s * stage.launches
            for kernel in stage.kernels:
                for cause, cycles in cycles_by_cause(kernel):
                    seconds[cause] = seconds.get(cause, 0.0) + calls * cycles / clock_hz
    return seconds


def cycles_by_cause(kernel: OpTime) -> Iterator[tuple[str, float]]:
    """Yield the causes of a step with the cycles that one call of *kernel* spends on them."""
    for cause, cycles in kernel.parts.items():
        yield kernel.phase if kernel.phase in AGAIN else cause, cycles


def started(graph: Graph, software: Training, parts: Parts) -> float:
    """Return the kernels of a pass that are started, but for those of layers that are computed again."""
    return fsum(
        block.repeat * _launches(block, block.phase(phase), software, parts)
        for block in graph.blocks for phase in ("forward", "backward")
    )  # fmt: skip


def _launches(block: Block, ops: Iterable[Op], software: Training, parts: Parts) -> float:
    """Count the kernels that are started; each part of a layer after the first counts as `part_launches` of one."""
    return fsum(
        recipe_of(op.kind).launches * (1 + software.part_launches * (parts.of_op(block, op) - 1)) for op in ops
    )  # fmt: skip


def _stage(
    timing: Timing, block: Block, phase: str, ops: Sequence[Op], again: Mapping[str, str], repeat: int = 0
) -> Stage:  # fmt: skip
    repeat, software = repeat or block.repeat, timing.region.software
    kernels = tuple(_kernel(timing, block, op, again.get(op.name, phase), repeat) for op in ops)
    clock_hz = timing.region.cluster.wafer.core.clock_hz
    # what is computed again runs inside the backward kernels' programs
    own = (op for op, kernel in zip(ops, kernels, strict=True) if kernel.phase == phase)
    launches = _launches(block, own, software, timing.parts)
    cycles = fsum(kernel.cycles for kernel in kernels)
    gradients = sum(kernel.gradient_bytes for kernel in kernels) if phase == "backward" else 0
    return Stage(
        block=block.name,
        phase=phase,
        repeat=repeat,
        kernels=kernels,
        launches=launches,
        compute_s=cycles / clock_hz + launches * software.kernel_launch_s,
        weight_bytes=_streamed_bytes(timing.graph, block, ops),
        gradient_bytes=gradients,
    )


def _streamed_bytes(graph: Graph, block: Block, ops: Sequence[Op]) -> int:
    """Each weight the ops read comes in once, however many of them read it."""
    read = {name for op in ops for name in op.inputs if block.tensors[name].role == "weight"}
    return sum(graph.bytes(block.tensors[name]) for name in read)


def _kernel(timing: Timing, block: Block, op: Op, phase: str, calls: int) -> OpTime:
    sequences, parts, sight = timing.region.sequences, timing.parts.of_op(block, op), sight_of(op)
    key = (block.name, phase, op.name, calls, sequences, parts, sight)
    if key not in timing.kernels:
        once = (block.name, op.name, sequences, parts, sight)
        if once not in timing.costs:
            if once not in timing.forms:
                timing.forms[once] = _form_of(timing, block, op)
            timing.costs[once] = _once(timing.region, block, op, timing.forms[once])
        cycles, one = timing.costs[once]
        seconds = cycles * calls / timing.region.cluster.wafer.core.clock_hz
        timing.kernels[key] = like(one, phase=phase, calls=calls, flops=one.flops * calls, seconds=seconds)
    return timing.kernels[key]


def _form_of(timing: Timing, block: Block, op: Op) -> OpForm:
    graph, tensors = timing.graph, block.tensors
    return OpForm(
        cost=kernel_form(graph, block, op, timing.parts),
        flops=2 * macs(graph, block, op),
        weight_bytes=sum(graph.bytes(tensors[n]) for n in op.inputs if tensors[n].role == "weight"),
        gradient_bytes=sum(graph.bytes(tensors[n]) for n in op.outputs if _is_weight_gradient(block, n)),
    )


def _once(region: Region, block: Block, op: Op, form: OpForm) -> tuple[float, OpTime]:
    cost = form.cost(region)
    cycles = cost.cycles
    return cycles, OpTime(
        block=block.name,
        phase=op.phase,
        name=op.name,
        kind=op.kind,
        calls=1,
        flops=form.flops,
        cycles=round(cycles),
        seconds=cycles / region.cluster.wafer.core.clock_hz,
        bound=cost.bound,
        parts=cost.parts(),
        weight_bytes=form.weight_bytes,
        gradient_bytes=form.gradient_bytes,
        fabric_bytes=round(cost.fabric_bytes),
        sram_bytes=round(cost.sram_bytes),
        events={**cost.events, "hop": cost.fabric_bytes / region.wavelet_bytes},
    )


def _is_weight_gradient(block: Block, name: str) -> bool:
    tensor = block.tensors[name]
    of = block.tensors[tensor.of] if tensor.role == "gradient" and tensor.of is not None else None
    return of is not None and of.role == "weight" and not of.frozen
