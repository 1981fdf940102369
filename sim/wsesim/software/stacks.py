"""A software stack as values: one that trains by streaming weights, one that serves with weights resident, or both."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.errors import SpecError, require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a release for training and evaluation does: weights stream through the wafers."""

    kernel_launch_s: float = field(metadata=LESS)
    """Time to start one kernel on the whole wafer: command, program switch, barrier; seconds."""
    part_launches: float = field(metadata=LESS)
    """Launches of a kernel for each part of its layer after the first: 1 where each is started anew, 0 where a kernel
    goes on with the next."""
    step_s: float = field(metadata=LESS)
    """Fixed work at each training step, seconds."""
    log_s: float = field(metadata=LESS)
    """Time by which a step is longer whose loss is fetched and logged, seconds."""
    log_every: int = field(metadata=MORE)
    """Steps from one that is logged to the next."""
    step_jitter: float = field(metadata=LESS)
    """Standard deviation of what one system takes for the arithmetic of a step, as a share of it."""
    partial_sum_bytes: int = field(metadata=LESS)
    """Size of a partial sum of a linear layer on its way along the row, bytes."""
    attention_value_bytes: int = field(metadata=LESS)
    """Size of a partial score or a probability, on its way along the row and in a core's strip of them, bytes."""
    token_bytes: int = field(metadata=LESS)
    """Size of a token or a label on its way from the host, bytes."""
    weight_launch_cycles: int = field(metadata=LESS)
    """Cycles an arriving weight costs beside the elements of its AXPY."""
    strip_keys: int = field(metadata=neither("longer strips take memory and save launches"))
    """Keys (or vocabulary entries) a core holds scores (or logits) of at once."""
    layers_in_flight: float = field(metadata=neither("room for weights that come early is taken from sequences"))
    """Copies of a layer's weights that the wafer has room for, and of its gradients."""
    state_bytes_per_parameter: int = field(metadata=LESS)
    """What the store keeps of a parameter in training: weight, master copy and moments of the optimizer."""
    master_bytes_per_parameter: int = field(metadata=LESS)
    """The master copy alone: what evaluation needs and what is uploaded."""
    optimizer_traffic_bytes_per_parameter: int = field(metadata=LESS)
    """Memory traffic in the store of a parameter's update."""
    checkpoint_bytes_per_parameter: int = field(metadata=LESS)
    """Of a parameter in a checkpoint."""
    accumulate_traffic: float = field(metadata=LESS)
    """Memory bytes in the store per byte of a gradient that is added to the others."""
    masked_skipped: float = field(metadata=MORE)
    """Share of the work on scores that a causal mask takes away which is not done: 0 where the full square of scores
    is computed, 1 where programs leave out all of it and tokens lie so that every row of cores has as much to do."""
    update_waits: int = field(metadata=LESS)
    """1 where no weight is updated before the norm of all gradients is known, by which they are clipped; 0 where each
    is updated when the last of its gradient has come."""
    even_passes: int = field(metadata=LESS)
    """1 where all passes of a step have one size, which divides the sequences of a system; 0 where they need not."""

    def __post_init__(self) -> None:
        require_positive(
            partial_sum_bytes=self.partial_sum_bytes, attention_value_bytes=self.attention_value_bytes,
            token_bytes=self.token_bytes, strip_keys=self.strip_keys, layers_in_flight=self.layers_in_flight,
            state_bytes_per_parameter=self.state_bytes_per_parameter,
            master_bytes_per_parameter=self.master_bytes_per_parameter, log_every=self.log_every,
        )  # fmt: skip
        require_not_negative(
            kernel_launch_s=self.kernel_launch_s, part_launches=self.part_launches, step_s=self.step_s,
            log_s=self.log_s, step_jitter=self.step_jitter,
            weight_launch_cycles=self.weight_launch_cycles,
            optimizer_traffic_bytes_per_parameter=self.optimizer_traffic_bytes_per_parameter,
            checkpoint_bytes_per_parameter=self.checkpoint_bytes_per_parameter,
            accumulate_traffic=self.accumulate_traffic, update_waits=self.update_waits, even_passes=self.even_passes,
            masked_skipped=self.masked_skipped,
        )  # fmt: skip
        _require_share(masked_skipped=self.masked_skipped)

    @property
    def fixed_s(self) -> float:
        """Time of a step in which the wafer does nothing for it, seconds, the mean of steps logged and not."""
        return self.step_s + self.log_s / self.log_every


def _require_share(**shares: float) -> None:
    for name, share in shares.items():
        if share > 1:
            raise SpecError(name, f"is a share, at most 1; got {share:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What an engine for inference does: weights are resident in the cores."""

    token_turn_s: float = field(metadata=LESS)
    """Time from the choice of a token to its embedding's arrival where the next pass begins, seconds."""
    element_loop_cycles: int = field(metadata=LESS)
    """Cycles of a scalar loop for each element of norms, rotary positions, softmax, activations and scores; 0 where
    they are vector instructions."""
    round_cycles: int = field(metadata=LESS)
    """Cycles of scalar code around one `@map` of vector instructions: a load with its index, a descriptor, the loop."""
    vector_setup_cycles: int = field(metadata=LESS)
    """Cycles to load the descriptors of a vector instruction outside a map."""
    exp_vector_ops: int = field(metadata=LESS)
    """Vector instructions of an exponential, each over all elements of a core."""
    reciprocal_vector_ops: int = field(metadata=LESS)
    """Vector instructions of a reciprocal, each over all elements of a core."""
    pads_vectors: int = field(metadata=MORE)
    """1 where vectors whose last issue is not full are padded if that takes less; 0 where they are as long as data."""
    step_scalar_cycles: int = field(metadata=LESS)
    """Scalar instructions of a step of MeshGEMM beside its tasks and branches, cycles."""
    align_scalar_cycles: int = field(metadata=LESS)
    """The same of a step that brings tiles into place before the first product, cycles."""
    vectors_at_work: int = field(metadata=LESS)
    """Vectors as wide as the residual stream that a core holds at once."""
    masked_skipped: float = field(metadata=MORE)
    """Share of the work on scores of a prompt that a causal mask takes away which is not done, as in training."""
    fills: int = field(metadata=LESS)
    """Times that a chunk lasts what it takes to fill all regions, where its tokens follow each other."""
    token_bytes: int = field(metadata=LESS)
    """Size of a token's number on its way from the host, bytes."""

    def __post_init__(self) -> None:
        require_positive(vectors_at_work=self.vectors_at_work, fills=self.fills, token_bytes=self.token_bytes)
        require_not_negative(
            token_turn_s=self.token_turn_s, element_loop_cycles=self.element_loop_cycles,
            round_cycles=self.round_cycles, vector_setup_cycles=self.vector_setup_cycles,
            exp_vector_ops=self.exp_vector_ops, reciprocal_vector_ops=self.reciprocal_vector_ops,
            pads_vectors=self.pads_vectors,
            step_scalar_cycles=self.step_scalar_cycles, align_scalar_cycles=self.align_scalar_cycles,
            masked_skipped=self.masked_skipped,
        )  # fmt: skip
        _require_share(masked_skipped=self.masked_skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareStack:
    """A stack; one that cannot train or cannot serve lacks the group."""

    name: str
    """What people call it."""
    training: Training | None
    inference: Inference | None

    def __post_init__(self) -> None:
        if self.training is None and self.inference is None:
            raise SpecError("software", f"{self.name!r} neither trains nor serves")
