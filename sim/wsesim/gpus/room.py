"""What a GPU holds in training: weights, gradients, states, activations; and what is computed again so that it fits."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.gpus.layers import Shapes
from wsesim.gpus.layout import GpuProgram, Parallel
from wsesim.gpus.specs import stored_bytes
from wsesim.model import ModelSpec

USABLE = 0.94
"""Share of a GPU's memory that programs fill: the rest is context, fragments and buffers of collectives. Assumed."""
STATE_BYTES = 12
"""Of a weight: Adam's copy and two moments in 32 bits."""
SCORE_BYTES = 5
"""Of a score that is stored: softmax in and out, a mask. Source: Korthikanti et al. 2022, arXiv 2205.05198."""
LOSS_BYTES = 6
"""Of a logit: 16 bits, and 32 in the loss."""


@dataclass(frozen=True, slots=True)
class Room:
    """Memory of the fullest GPU of a layout."""

    model: ModelSpec
    layout: Parallel
    program: GpuProgram
    trains_weights: bool = True
    bits: int = 16
    """Of operands of products."""

    @property
    def shapes(self) -> Shapes:
        """What lies on a GPU."""
        return Shapes(self.model, self.layout)

    @property
    def stage_layers(self) -> int:
        """Layers of the fullest stage: where they do not divide, tables and head count as one each."""
        layers, stages = self.model.layers, self.layout.pipeline
        return layers // stages if layers % stages == 0 else ceil((layers + 2) / stages)

    @property
    def table_weights(self) -> float:
        """Weights of the token table or the head on one GPU."""
        return self.model.vocab * self.model.width / self.layout.tensor

    @property
    def weights(self) -> tuple[tuple[float, int], ...]:
        """Weights of the fullest GPU, and how many GPUs hold the same: of experts fewer than of all others."""
        layout, shapes = self.layout, self.shapes
        ends = 1 if layout.pipeline > 1 or self.model.tied else 2
        dense = self.stage_layers * shapes.layer_weights(of_experts=False) + ends * self.table_weights
        sharers = layout.data * layout.context
        of_experts = self.stage_layers * shapes.layer_weights(of_experts=True)
        same = max(1, sharers * layout.tensor // (layout.expert * shapes.ffn_parts))
        return (dense, sharers), (of_experts, same)

    def state_bytes(self) -> float:
        """Return bytes of weights, gradients and optimizer states."""
        held = 2 if self.trains_weights else stored_bytes(self.bits)
        summed, states = (self.program.gradient_bytes, STATE_BYTES) if self.trains_weights else (0, 0)
        everything = self.layout.sharding == "all"
        divided = {"none": 0.0, "optimizer": states, "all": held + summed + states}[self.layout.sharding]
        whole = held + summed + states - divided
        found = sum(weights * (whole + divided / sharers) for weights, sharers in self.weights)
        layer = sum(self.shapes.layer_weights(of_experts=each) for each in (False, True))
        return found + (2 * held * layer if everything else 0.0)

    def kept_bytes(self, length: float) -> tuple[float, float]:
        """Return bytes of a layer and micro-batch that are kept: all of it, and its input only.

        Kept are inputs of norms and of products (whose weights learn), queries, keys, values, what is attended to, what
        enters the activation, and masks of dropout of older programs.
        """
        shapes, model, sequences = self.shapes, self.model, self.layout.micro_batch
        tokens, tensor = sequences * length / self.layout.context, self.layout.tensor
        routed = shapes.routed_share
        width, heads = model.width * shapes.norm_share(), (model.qkv_width + model.attention_width) / tensor
        entry = 2 * width
        kept = (4 if self.program.attention != "stored" else 6) * width + 2 * (
            heads + routed * shapes.ffn_inputs + shapes.shared_inputs
        )
        if self.trains_weights:
            of_inputs = 2 if self.bits >= 16 else 1
            kept += of_inputs * (2 * width + model.attention_width / tensor + routed * shapes.ffn_outputs)
        scores = 0.0
        if self.program.attention == "stored" and self.layout.recompute == "none":
            scores = SCORE_BYTES * sequences * model.heads / tensor * length * length / self.layout.context
        return tokens * kept + scores, tokens * entry

    def in_flight(self, micro_batches: int) -> float:
        """Return micro-batches whose layers the first stage keeps at once."""
        stages, pieces = self.layout.pipeline, self.layout.interleave
        if stages == 1:
            return 1.0
        return min(micro_batches, stages * (1 + (stages - 1) / (stages * pieces) if pieces > 1 else 1.0))

    def step_bytes(self, length: float, micro_batches: int, again: float) -> float:
        """Return bytes of a training step in which a share *again* of the layers is computed twice."""
        whole, entry = self.kept_bytes(length)
        layers = self.stage_layers * self.in_flight(micro_batches)
        kept = layers * ((1 - again) * whole + again * entry) + (whole if again else 0.0)
        tokens = self.layout.micro_batch * length / self.layout.context
        loss = LOSS_BYTES * tokens * self.model.vocab / self.layout.tensor if self.layout.pipeline == 1 else 0.0
        return self.state_bytes() + kept + loss

    def share_again(self, length: float, micro_batches: int, limit_bytes: float) -> float | None:
        """Return the least share of layers to compute again so that a step fits; None: it never does."""
        least = self.step_bytes(length, micro_batches, 0.0)
        if least <= limit_bytes:
            return 0.0
        most = self.step_bytes(length, micro_batches, 1.0)
        if most > limit_bytes:
            return None
        whole, entry = self.kept_bytes(length)
        saved = self.stage_layers * self.in_flight(micro_batches) * (whole - entry)
        layers = ceil(self.stage_layers * (least + whole - limit_bytes) / saved)
        return min(1.0, layers / self.stage_layers)
