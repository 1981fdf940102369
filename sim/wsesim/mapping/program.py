"""What the mapping hands to the system simulator: stages of one pass, and how often they occur."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import fsum, log, sqrt

from wsesim.answer import MemoryUse, OpTime
from wsesim.hardware import Cluster
from wsesim.software import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlacement:
    """How a step was laid on the machine."""

    micro_batch: int
    """Sequences of the fullest system that are held: whose layers' inputs or insides are kept for the backward pass."""
    sub_batch: int
    """Of them, sequences that pass a layer together: those of the largest pass."""
    passes: int
    """Sub-batches per step and system (gradient accumulation)."""
    columns: int
    rows: int
    tokens_per_core: int
    features_per_core: float
    recompute: float
    """0 where the inside of every layer is kept for the backward pass; else of one in how many layers the input is,
    from which the backward pass computes again what it reads."""
    parts: int = 1
    """In which each layer is worked through, groups of columns and of heads one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One sweep over one block: what the wafer does between two blocks, `repeat` times in a row."""

    block: str
    phase: str
    """forward | backward | recompute."""
    repeat: int
    kernels: tuple[OpTime, ...]
    """The kernels of one copy, in order; `calls`, `flops` and `seconds` are of all copies in one pass."""
    compute_s: float
    """Time of the wafer for one copy when nothing is waited for."""
    weight_bytes: int
    """Streamed in for one copy."""
    gradient_bytes: int
    """Streamed out by one copy."""
    launches: float = 0.0
    """Kernels that are started for one copy."""
    before: int | None = None
    """Copies of the block that run before it in this phase, where it has only some of them."""


@dataclass(frozen=True, kw_only=True)
class PassGroup:
    """Passes of one size, one after another; what follows from their stages is worked out once."""

    count: int
    sequences: int
    """Of one pass on one system."""
    token_bytes: int
    """Tokens and labels of one pass on one system."""
    stages: tuple[Stage, ...]
    """Of one pass, in the order they run; blocks and repeats are those of every other group. Layers of a block that are
    not alike are stages of their own."""

    @cached_property
    def compute_s(self) -> float:
        """Seconds of the wafer for one pass when nothing is waited for."""
        return fsum(stage.repeat * stage.compute_s for stage in self.stages)

    @cached_property
    def weight_bytes(self) -> int:
        """Streamed in for one pass."""
        return sum(stage.repeat * stage.weight_bytes for stage in self.stages)

    @cached_property
    def gradient_bytes(self) -> int:
        """Streamed out by one pass."""
        return sum(stage.repeat * stage.gradient_bytes for stage in self.stages)

    @cached_property
    def fill_cycles(self) -> float:
        """Cycles in which kernels of one pass fill columns and rows."""
        return fsum(stage.repeat * kernel.parts.get("fill", 0.0) for stage in self.stages for kernel in stage.kernels)

    @cached_property
    def calls(self) -> int:
        """Kernels of one pass, each as often as it runs."""
        return sum(stage.repeat * len(stage.kernels) for stage in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A step, mapped: every system plays the passes of the fullest one, which the others wait for."""

    cluster: Cluster
    software: Training
    placement: StepPlacement
    groups: tuple[PassGroup, ...]
    """At most two, the larger passes first: as even as their number lets them be."""
    memory: tuple[MemoryUse, ...]
    buffer_bytes: int
    """Room on the wafer for weights on their way in, and as much for gradients on their way out."""
    optimizer_bytes_per_weight_byte: float
    """Memory traffic of the optimizer in MemoryX per byte of streamed weight."""
    update_bytes: int
    """Memory traffic of the optimizer in MemoryX for all weights, a tied one counted once."""
    parameters: int
    learned: int
    """Parameters that training changes."""
    model_flops: int
    """Matrix FLOPs of one step over all systems: forward and backward, no recompute."""
    causes: Mapping[str, float]
    """Seconds of the fullest wafer's step by cause, from the closed forms; without waiting."""
    wafers: int
    """That have a sequence: the others take no part."""
    load: float = 1.0
    """What a wafer computes as a share of what the fullest does, mean over all systems."""
    compute_s: float = field(init=False, compare=False, repr=False)
    """Seconds in which the fullest wafer computes."""
    weight_bytes: int = field(init=False, compare=False, repr=False)
    """Streamed in for the whole step."""
    gradient_bytes: int = field(init=False, compare=False, repr=False)
    """Streamed out by it."""

    def __post_init__(self) -> None:
        """Add the passes up, once: they are asked for by each way to lay a step."""
        groups = self.groups
        object.__setattr__(self, "compute_s", fsum(group.count * group.compute_s for group in groups))
        object.__setattr__(self, "weight_bytes", sum(group.count * group.weight_bytes for group in groups))
        object.__setattr__(self, "gradient_bytes", sum(group.count * group.gradient_bytes for group in groups))

    @property
    def passes(self) -> int:
        """Of all sizes."""
        return sum(group.count for group in self.groups)

    @property
    def largest_share(self) -> int:
        """Sequences of the fullest system."""
        return sum(group.count * group.sequences for group in self.groups)

    @property
    def stream_bytes_per_s(self) -> float:
        """The slowest of store, tree and wafer edge: what weights come in at, and gradients go out at.

        A node of the tree copies to its children, and adds up what they send, as fast for each as they are few.
        """
        cluster, tree = self.cluster, self.cluster.swarmx
        node = tree.node_bytes_per_s / min(tree.fan_in, self.wafers)
        return min(cluster.memoryx.stream_bytes_per_s, tree.link_bytes_per_s, node, cluster.wafer.io_bytes_per_s)

    @property
    def input_room_bytes(self) -> int:
        """Room on the wafer for the tokens of two passes."""
        return 2 * max(group.token_bytes for group in self.groups)

    def kernels(self) -> Iterator[OpTime]:
        """Yield the kernels of the step, in order, each with all its calls, whatever the size of the pass and whichever
        layers of a block it is of."""
        found: dict[tuple[str, str, str, str], list[tuple[OpTime, int]]] = {}
        for group in self.groups:
            for stage in group.stages:
                for kernel in stage.kernels:
                    key = (stage.block, stage.phase, kernel.phase, kernel.name)
                    found.setdefault(key, []).append((kernel, group.count))
        return (_together(*zip(*each, strict=True)) for each in found.values())

    def input_s(self, group: PassGroup) -> float:
        """Return the seconds a host takes to send the tokens of one pass of *group*."""
        host = self.cluster.host
        return host.latency_s + group.token_bytes * min(host.feeds, self.wafers) / host.input_bytes_per_s

    def update_s(self, size: float, *, last: bool) -> float:
        """Return the seconds the store takes for *size* bytes of gradients.

        With the *last* it updates the weights, or takes their squares on the way where the update waits for the norm.
        """
        updates = last and not self.software.update_waits
        traffic = self.optimizer_bytes_per_weight_byte if updates else self.software.accumulate_traffic
        return size * traffic / self.cluster.memoryx.update_bytes_per_s

    @property
    def last_gradient_bytes(self) -> int:
        """Of the last pass, in which each gradient comes for the last time; 0 where nothing is trained."""
        return self.groups[-1].gradient_bytes

    @property
    def second_pass_s(self) -> float:
        """Seconds in which the store goes over all weights once the norm of the gradients is known; 0 if it need not.

        two passes    gradients arrive, are added and their squares summed | all weights are updated
        one pass      gradients arrive, and each last one updates its weight
        """
        if not self.last_gradient_bytes or not self.software.update_waits:
            return 0.0
        return self.update_bytes / self.cluster.memoryx.update_bytes_per_s

    @property
    def between_s(self) -> float:
        """Seconds from the end of a step's arithmetic to the next step's beginning, if nothing is waited for."""
        return fsum(self.between.values())

    @property
    def between(self) -> Mapping[str, float]:
        """The same by cause."""
        found = {"step": self.software.fixed_s}
        if late_s := self.straggle_s:
            found["stragglers"] = late_s
        return found

    @property
    def straggle_s(self) -> float:
        """Seconds by which the slowest of all wafers is later than one: each scatters, and all wait for each other."""
        deviation_s = self.software.step_jitter * self.compute_s
        return deviation_s * sqrt(2 * log(self.wafers))

    @property
    def least_s(self) -> float:
        """Seconds of a step by formula: the part of the machine that has most to do, never waiting.

        No step that is played is shorter.
        """
        busy = self.busy_s()
        return max(busy["compute"] + self.between_s, *busy.values())

    def busy_s(self) -> dict[str, float]:
        """Return the seconds each part of the machine is at work on the whole step, whatever it waits for.

        No step is shorter than the longest of them.
        """
        rate, last = self.stream_bytes_per_s, self.last_gradient_bytes
        return {
            "compute": self.compute_s,
            "weights": self.weight_bytes / rate,
            "gradients": self.gradient_bytes / rate,
            "input": fsum(group.count * self.input_s(group) for group in self.groups),
            "update": self.update_s(self.gradient_bytes - last, last=False) + self.update_s(last, last=True)
            + self.second_pass_s,
        }  # fmt: skip


def _together(kernels: Sequence[OpTime], counts: Sequence[int]) -> OpTime:
    """Return one kernel in so many passes of several sizes, or of several layers, as one: a call is the mean of all."""

    def total(of: Callable[[OpTime], float]) -> float:
        return fsum(count * of(kernel) for kernel, count in zip(kernels, counts, strict=True))

    def mean(of: Callable[[OpTime], float]) -> float:
        return fsum(weight * of(kernel) for kernel, weight in zip(kernels, weights, strict=True)) / sum(weights)

    alike = len({kernel.calls for kernel in kernels}) == 1
    weights = counts if alike else [kernel.calls * count for kernel, count in zip(kernels, counts, strict=True)]
    exact = mean(lambda kernel: kernel.cycles)
    scale = round(exact) / exact if exact else 1.0
    causes = dict.fromkeys(cause for kernel in kernels for cause in kernel.parts)
    return replace(
        kernels[0],
        calls=round(total(lambda kernel: kernel.calls)),
        flops=round(total(lambda kernel: kernel.flops)),
        cycles=round(exact),
        seconds=total(lambda kernel: kernel.seconds),
        parts={name: scale * mean(lambda kernel: kernel.parts.get(name, 0.0)) for name in causes},  # noqa: B023
        fabric_bytes=round(mean(lambda kernel: kernel.fabric_bytes)),
        sram_bytes=round(mean(lambda kernel: kernel.sram_bytes)),
    )
