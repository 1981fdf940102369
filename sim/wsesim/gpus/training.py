"""Time of a training step on GPUs: the slowest stage's micro-batches, the bubble, what traffic is not hidden, power.

micro-batch of a stage = layers x (forward + backward + again) + head + exposed tensor, context, expert traffic
step = m x slowest stage + (p - 1) / v x mean stage + weights and gradients + optimizer, at the clock power leaves
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, log, sqrt

from wsesim.gpus.kernels import Kernels, Load
from wsesim.gpus.layers import LayerCost, Shapes
from wsesim.gpus.layout import NOW, GpuProgram, Parallel
from wsesim.gpus.load import Fleet
from wsesim.gpus.power import board_w, clock_share
from wsesim.gpus.room import USABLE, Room
from wsesim.gpus.specs import BITS
from wsesim.gpus.traffic import Group, Traffic
from wsesim.model import ModelSpec

OPTIMIZER_BYTES = 30
"""Read and written of a weight by a fused Adam: gradient, copy and two moments in 32 bits, weight in 16. Counted."""
CLEARED_BYTES = 6
"""Of a weight as gradients are cleared and copied in each step. Counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTask:
    """A training step to be estimated."""

    model: ModelSpec
    sequences: int
    length: int
    program: GpuProgram = NOW
    trains_weights: bool = True
    """False where only adapters of low rank learn."""
    learns: bool = True
    """False of a pass forward alone."""

    @property
    def tokens(self) -> int:
        """Tokens of the step."""
        return self.sequences * self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEstimate:
    """What a step takes."""

    step_s: float
    by_cause: Mapping[str, float]
    """Seconds; they sum to the step."""
    layout: Parallel
    again: float
    """Share of layers that the backward pass computes again."""
    held_bytes: float
    """Of the fullest GPU."""
    fits: bool
    clock_share: float
    board_w: float
    """Mean power of a board."""

    @property
    def limit(self) -> str:
        """The cause that takes most."""
        return max(self.by_cause, key=lambda cause: self.by_cause[cause])


@dataclass(frozen=True, slots=True)
class GpuStep:
    """A step in a layout, term by term."""

    task: StepTask
    fleet: Fleet
    layout: Parallel

    @property
    def kernels(self) -> Kernels:
        """Of the GPU."""
        return Kernels(self.fleet.gpu)

    @property
    def traffic(self) -> Traffic:
        """Among the GPUs."""
        return Traffic(self.fleet.gpu)

    @property
    def micro_batches(self) -> int:
        """Of a step, on each pipeline."""
        return max(1, ceil(self.task.sequences / (self.layout.data * self.layout.micro_batch)))

    @property
    def room(self) -> Room:
        """What GPUs hold."""
        task = self.task
        learns = task.trains_weights and task.learns
        return Room(task.model, self.layout, task.program, learns, BITS[self.fleet.precision])

    def group(self, size: int, stride: int) -> Group:
        """Return a group of GPUs *stride* apart."""
        return Group.of(size, stride, self.fleet.gpu.chip.link_domain)

    @property
    def experts(self) -> Group:
        """GPUs among which experts are divided: those of a tensor-parallel group too, where experts are whole."""
        return self.group(self.layout.expert, Shapes(self.task.model, self.layout).ffn_parts)

    def tokens(self) -> float:
        """Return tokens of a micro-batch on one GPU."""
        return self.layout.micro_batch * self.task.length / self.layout.context

    def layer_traffic(self, attention_s: float) -> dict[str, float]:
        """Return exposed seconds of a layer's traffic in one direction, by cause."""
        model, layout = self.task.model, self.layout
        activations = self.tokens() * model.width * 2
        sums = 1 if model.experts and Shapes(model, layout).ffn_parts == 1 else 2
        tensor_s = sums * self.traffic.reduce_s(self.group(layout.tensor, 1), activations)
        keys = layout.micro_batch * self.task.length * 4 * model.kv_heads * model.head_width / layout.tensor
        ring_s = self.traffic.gather_s(self.group(layout.context, layout.tensor), keys)
        context_s = self._exposed(ring_s, attention_s)
        sent, copies = activations * Shapes(model, layout).norm_share(), model.experts_per_token
        expert_s = 2 * self.traffic.exchange_s(self.experts, sent, copies) if model.experts else 0.0
        return {"tensor-parallel traffic": tensor_s, "context-parallel traffic": context_s, "expert traffic": expert_s}

    def _exposed(self, traffic_s: float, beside_s: float) -> float:
        """Return what *traffic_s* adds to *beside_s* of computation that it may run beside."""
        if not self.task.program.overlaps:
            return traffic_s
        return max(0.0, traffic_s - beside_s) + self.fleet.gpu.practice.interference * min(traffic_s, beside_s)

    def pipeline_traffic_s(self) -> float:
        """Return exposed seconds of messages between stages, of a micro-batch there and back."""
        layout = self.layout
        if layout.pipeline == 1:
            return 0.0
        size = self.tokens() * self.task.model.width * 2 / layout.tensor
        stride = layout.tensor * layout.context * layout.data
        each = self.traffic.send_s(size, stride=stride)
        times = (2 if self.task.learns else 1) * layout.interleave
        return times * each * (self.fleet.gpu.practice.interference if self.task.program.overlaps else 1.0)

    def shared_traffic_s(self, forward_s: float, backward_s: float) -> float:
        """Return exposed seconds, of a step, of gathering weights and reducing gradients among data-parallel GPUs."""
        whole_s, out_s = self._gathered_s(2), self._gathered_s(self.task.program.gradient_bytes)
        learns = self.task.learns and self.task.trains_weights
        out_s = out_s if learns else 0.0
        if self.layout.sharding == "all":
            back_s = self._exposed(whole_s + out_s, backward_s) if self.task.learns else 0.0
            return self.micro_batches * (self._exposed(whole_s, forward_s) + back_s)
        return self._exposed(whole_s, forward_s) + self._exposed(out_s, backward_s) if learns else 0.0

    def _gathered_s(self, value_bytes: float) -> float:
        """Return the seconds in which all weights, of so many bytes each, pass between the GPUs that share them."""
        experts = Shapes(self.task.model, self.layout).ffn_parts * self.layout.expert
        strides = (self.layout.tensor, experts)
        return sum(
            self.traffic.gather_s(self.group(sharers, stride), value_bytes * weights)
            for (weights, sharers), stride in zip(self.room.weights, strides, strict=True)
            if weights
        )

    def optimizer(self) -> Load:
        """Return what an update reads and writes on one GPU."""
        if not (self.task.trains_weights and self.task.learns):
            return Load()
        size = 0.0
        for weights, sharers in self.room.weights:
            kept = weights / (sharers if self.layout.sharding != "none" else 1)
            size += OPTIMIZER_BYTES * kept + CLEARED_BYTES * (kept if self.layout.sharding == "all" else weights)
        return Load(elementwise_s=self.kernels.stream_s(size), memory_bytes=size)


def estimate_step(task: StepTask, fleet: Fleet, layout: Parallel) -> StepEstimate:
    """Return what a step takes in a layout, whose `recompute` is the least that is done."""
    step, bits = GpuStep(task, fleet, layout), BITS[fleet.precision]
    limit_bytes = USABLE * fleet.gpu.chip.memory_bytes
    again = step.room.share_again(task.length, step.micro_batches, limit_bytes)
    fits = again is not None
    share = 1.0 if layout.recompute == "all" or again is None else again
    cost = LayerCost(Shapes(task.model, layout), step.kernels, task.program, bits, task.trains_weights)
    sequences, length = layout.micro_batch, task.length
    forward = cost.forward(sequences, length)
    there, head = step.layer_traffic(forward.attention_s), cost.head(step.tokens(), back=task.learns)
    if not task.learns:
        return _assembled(step, forward, Load(), there, head, share=0.0, fits=fits)
    backward = cost.backward(sequences, length)
    if share < 1 and layout.recompute == "attention":
        backward.add(cost.attention(sequences, length, back=False), 1 - share)
    backward.add(forward, share)
    back = step.layer_traffic(backward.attention_s)
    exposed = {cause: (1 + share) * seconds + back[cause] for cause, seconds in there.items()}
    return _assembled(step, forward, backward, exposed, head, share=share, fits=fits)


def _assembled(
    step: GpuStep, forward: Load, backward: Load, exposed: dict[str, float], head: Load, *, share: float, fits: bool
) -> StepEstimate:  # fmt: skip
    layout, model, m = step.layout, step.task.model, step.micro_batches
    layers, stages = step.room.stage_layers, layout.pipeline
    both = Load().add(forward).add(backward)
    outside_s = sum(exposed.values())
    layer_s = both.seconds + outside_s
    even = model.layers % stages == 0
    heads = 1.0 if even else max(0.0, 1 - layer_s / head.seconds) if head.seconds else 0.0
    stage = Load().add(both, layers).add(head, heads)
    sent_s = step.pipeline_traffic_s()
    slowest_s = stage.seconds + layers * outside_s + sent_s
    mean_s = model.layers / stages * layer_s + head.seconds / stages + sent_s
    bubble_s = (stages - 1) / layout.interleave * mean_s
    forward_s = layers * forward.seconds
    shared_s = step.shared_traffic_s(forward_s, layers * backward.seconds)
    update = step.optimizer()
    work = Load().add(stage, m).add(update)
    quiet_s = m * (layers * outside_s + sent_s) + bubble_s + shared_s
    clock = clock_share(step.fleet.gpu, work, quiet_s)
    stretched_s = work.core_s * (1 / clock - 1) * (1 + bubble_s / (m * slowest_s))
    by_cause = {
        "matrix products": m * stage.products_s, "attention": m * stage.attention_s,
        "passes through memory": m * stage.elementwise_s, "launches": m * stage.launch_s,
        **{cause: m * layers * seconds for cause, seconds in exposed.items()},
        "pipeline traffic": m * sent_s, "pipeline bubble": bubble_s, "weights and gradients": shared_s,
        "optimizer": update.seconds, "power limit": stretched_s,
    }  # fmt: skip
    return _estimate(step, by_cause, work, clock, share=share, fits=fits)


def _estimate(
    step: GpuStep, by_cause: dict[str, float], work: Load, clock: float, *, share: float, fits: bool
) -> StepEstimate:  # fmt: skip
    all_s = sum(by_cause.values())
    count = step.fleet.count
    by_cause["slowest of all GPUs"] = all_s * step.fleet.gpu.practice.scatter * sqrt(2 * log(count))
    step_s = sum(by_cause.values())
    layout = replace(step.layout, recompute="all") if share == 1 else step.layout
    return StepEstimate(
        step_s=step_s, by_cause=by_cause, layout=layout, again=share, fits=fits, clock_share=clock,
        held_bytes=step.room.step_bytes(step.task.length, step.micro_batches, share),
        board_w=board_w(step.fleet.gpu, work, step_s, clock),
    )  # fmt: skip
