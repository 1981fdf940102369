"""What a layer and the ends of a model cost one GPU: products by their shapes, attention, passes through memory."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.gpus.kernels import Kernels, Load
from wsesim.gpus.layout import GpuProgram, Parallel
from wsesim.model import ModelSpec

NORM_PASSES = 10
"""Values of a token and width that two norms and two residuals with dropout read and write forward, fused; counted."""
NORM_PASSES_BACK = 14
CAST_BYTES = 3
"""Read and written beyond what 16 bits take, for a value that is quantized for products of 8 bits or less: once each
way round, as both products of the backward pass contract over another axis. Counted."""
DIAGONAL = 64
"""Keys beyond those that a token sees, for the tiles that the diagonal cuts: half of one of 128."""
ROUTED_PASSES = 6
"""Values of a token, width and expert read and written forward to order tokens by experts and back. Counted."""
LOGIT_BYTES = 20
"""Of a logit in training, all passes of a loss in 32 bits. Counted."""
SCALE_KERNELS = 4
"""One for each product of 4 bits, whose inputs' scales are found as they come. Counted."""
FUSED_KERNELS = 4
"""Kernels of a layer forward beside products and attention in serving programs: two norms with residuals, positions
with the cache's write, activation. Counted."""
SCORE_BYTES, SCORE_BYTES_BACK = 9, 12
"""Of a score that is stored: softmax and dropout with its mask."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A linear layer on one GPU: n outputs of k inputs, with *count* of them side by side (experts)."""

    n: float
    k: float
    count: float = 1
    of_experts: bool = False


@dataclass(frozen=True, slots=True)
class Shapes:
    """A model's layer as it lies on one GPU of a layout."""

    model: ModelSpec
    layout: Parallel

    @property
    def ffn_parts(self) -> int:
        """GPUs among which a feed-forward layer is divided: not those of experts that are narrower than the model."""
        narrow = bool(self.model.experts) and self.model.ffn_width < self.model.width
        return 1 if narrow and self.layout.expert % self.layout.tensor == 0 else self.layout.tensor

    @property
    def ffn_outputs(self) -> float:
        """Widths that the activation writes, on one GPU."""
        return self.model.ffn_width / self.ffn_parts

    @property
    def ffn_inputs(self) -> float:
        """Widths that the activation reads, on one GPU."""
        return self.ffn_outputs * (2 if self.model.gated else 1)

    @property
    def shared_inputs(self) -> float:
        """Widths that the activation of the network beside experts reads, on one GPU."""
        return self.model.shared_width * (2 if self.model.gated else 1) / self.layout.tensor

    @property
    def routed_share(self) -> float:
        """Copies of a token that a GPU computes: one; with experts each of theirs, or its own part of them."""
        model = self.model
        return (model.experts_per_token if model.experts else 1) * self.ffn_parts / self.layout.tensor

    def matrices(self) -> tuple[Matrix, ...]:
        """Return the linear layers, in order."""
        model, tensor = self.model, self.layout.tensor
        local = max(1, model.experts // self.layout.expert) if model.experts else 1
        routed = bool(model.experts)
        shared = self.shared_inputs
        beside = (Matrix(shared, model.width), Matrix(model.width, model.shared_width / tensor)) if shared else ()
        return (
            *beside,
            Matrix(model.qkv_width / tensor, model.width),
            Matrix(model.width, model.attention_width / tensor),
            Matrix(self.ffn_inputs, model.width, local, routed),
            Matrix(model.width, self.ffn_outputs, local, routed),
        )  # fmt: skip

    def rows(self, matrix: Matrix, tokens: float) -> float:
        """Return rows that a matrix multiplies: the tokens, or those of each expert."""
        if not matrix.of_experts:
            return tokens
        model = self.model
        return tokens * self.routed_share * self.layout.expert * model.expert_imbalance / model.experts

    def layer_weights(self, *, of_experts: bool) -> float:
        """Return weights of a layer on one GPU: of its experts, or all others."""
        found = sum(each.n * each.k * each.count for each in self.matrices() if each.of_experts == of_experts)
        return found if of_experts else found + 2 * self.model.width

    def scores(self, sequences: float, length: float) -> float:
        """Return the scores of a layer that a GPU computes, with no more of the upper triangle than tiles cut off."""
        heads = self.model.heads / self.layout.tensor
        return sequences * heads * length / self.layout.context * self.seen_keys(length)

    def seen_keys(self, length: float) -> float:
        """Return the keys that a token sees, mean over tokens of so many and over layers with a window and without."""
        if not self.model.causal:
            return length
        every = min(length, 0.5 * length + DIAGONAL)
        return self.over_layers(every, min(every, self.model.window + DIAGONAL))

    def over_layers(self, whole: float, windowed: float) -> float:
        """Return the mean over layers of what those without a window and those with one have."""
        if not self.model.window:
            return whole
        share = 1 / self.model.full_every if self.model.full_every else 0.0
        return share * whole + (1 - share) * windowed

    def norm_share(self) -> float:
        """Return the share of tokens whose norms and residuals a GPU computes."""
        return 1 / self.layout.tensor if self.layout.sequence_parallel else 1.0


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Forward and backward of a layer on one GPU, for a micro-batch."""

    shapes: Shapes
    kernels: Kernels
    program: GpuProgram
    bits: int
    trains_weights: bool = True
    """False where only adapters of low rank learn."""
    serves: bool = False
    """Whether it is a serving program, whose kernels between products are fused."""

    @property
    def kernels_between(self) -> int:
        """Kernels of a layer forward beside products and attention, in a serving program."""
        return FUSED_KERNELS + (SCALE_KERNELS if self.bits <= 4 else 0)

    def forward(self, sequences: float, length: float) -> Load:
        """Return a pass forward over so many sequences."""
        tokens, shapes, found = sequences * length / self.shapes.layout.context, self.shapes, Load()
        for matrix in shapes.matrices():
            rows = shapes.rows(matrix, tokens)
            found.add(self.kernels.product(rows, matrix.n, matrix.k, bits=self.bits, count=matrix.count))
        found.add(self._elementwise(tokens, NORM_PASSES, 1))
        return found.add(self.attention(sequences, length, back=False))

    def backward(self, sequences: float, length: float) -> Load:
        """Return the gradients of inputs and weights."""
        tokens, shapes, found = sequences * length / self.shapes.layout.context, self.shapes, Load()
        summed = 2 * self.program.gradient_bytes
        for matrix in shapes.matrices():
            rows, n, k = shapes.rows(matrix, tokens), matrix.n, matrix.k
            found.add(self.kernels.product(rows, k, n, bits=self.bits, count=matrix.count))
            if self.trains_weights:
                found.add(self.kernels.product(n, k, rows, bits=self.bits, count=matrix.count, out_bytes=summed))
        found.add(self._elementwise(tokens, NORM_PASSES_BACK, 1.5))
        return found.add(self.attention(sequences, length, back=True))

    def _elementwise(self, tokens: float, passes: float, ffn_times: float) -> Load:
        model, shapes = self.shapes.model, self.shapes
        routed = shapes.routed_share
        inside = shapes.ffn_inputs + shapes.ffn_outputs
        beside = shapes.shared_inputs + model.shared_width / shapes.layout.tensor
        turned = 2 * model.qkv_width / shapes.layout.tensor if model.position == "rotary" else 0
        values = passes * model.width * shapes.norm_share() + ffn_times * (inside * routed + beside + turned)
        size_bytes = 2 * values
        if self.bits < 16:
            cast = model.width * 2 + model.attention_width / shapes.layout.tensor + shapes.ffn_outputs * routed
            size_bytes += (CAST_BYTES if self.trains_weights else 1) * cast * ffn_times
        if model.experts:
            size_bytes += 2 * ROUTED_PASSES * ffn_times * model.experts_per_token * model.width * shapes.norm_share()
        kernels = (
            self.kernels_between if self.serves else 6 + (4 if self.bits < 16 else 0) + (6 if model.experts else 0)
        )
        return self.kernels.stream(tokens * size_bytes, kernels, fused=self.serves)

    def attention(self, sequences: float, length: float, *, back: bool) -> Load:
        """Return softmax attention between its linear layers."""
        scores, head = self.shapes.scores(sequences, length), self.shapes.model.head_width
        if self.program.attention != "stored":
            return self.kernels.attention(
                scores, head, products=5 if back else 2, kind=self.program.attention
            )  # fmt: skip
        count = sequences * self.shapes.model.heads / self.shapes.layout.tensor
        found = Load()
        for _ in range(2 if back else 1):
            found.add(self.kernels.product(length, length, head, bits=16, count=count))
            found.add(self.kernels.product(length, head, length, bits=16, count=count))
        all_scores = count * length * length
        return found.add(self.kernels.stream(all_scores * (SCORE_BYTES_BACK if back else SCORE_BYTES), 3, fused=True))

    def head(self, tokens: float, *, back: bool = True) -> Load:
        """Return logits over the vocabulary and loss, forward and *back*; heads over few classes take no time."""
        model, tensor = self.shapes.model, self.shapes.layout.tensor
        if model.task not in ("lm", "mlm"):
            return Load()
        tokens *= min(1.0, model.masked / model.max_length) if model.task == "mlm" else 1.0
        n, found = model.vocab / tensor, Load()
        products = ((tokens, n, model.width), (tokens, model.width, n), (n, model.width, tokens))
        for m, columns, k in products if back else products[:1]:
            found.add(self.kernels.product(m, columns, k, bits=16))
        return found.add(self.kernels.stream(tokens * n * LOGIT_BYTES / (1 if back else 2), 6))
