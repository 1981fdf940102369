"""AdamW, and clipping over the whole model.

A step goes over the gradients twice: over all of them for the sum of their squares, then over each with its weight and
moments. Weights and moments are updated where they lie.

Sources: Loshchilov and Hutter, arXiv 1711.05101 (AdamW); PyTorch's `clip_grad_norm_`, which adds 1e-6 to the norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sqrt

import numpy as np

from wsesim.errors import SpecError, require_not_negative, require_positive
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, row_chunks
from wsesim.numerics.functions import Setting, computes

NORM_GUARD = 1e-6
"""Added to the norm before it divides. Source: PyTorch's `clip_grad_norm_`."""


@computes("norm")
def norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the sum of squares of all gradients, shape [1]."""
    total = sum(_square(array.reshape(-1)) for array in inputs)
    return (np.array([total], dtype=np.float64),)


def _square(flat: Array) -> float:
    return sum(float(np.dot(flat[part], flat[part])) for part in row_chunks(flat.size, 1))


@computes("adamw")
def adamw(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Update weight and moments where they lie, and return them.

    Scalars: `learning_rate`, `beta1`, `beta2`, `epsilon`, `weight_decay`, `step` (from 1), and `gradient_scale`, by
    which the gradient is multiplied first: what clipping leaves of it, over the loss scale.
    """
    weight, _, moment1, moment2 = inputs
    rate, beta1, beta2 = (setting.scalar(name) for name in ("learning_rate", "beta1", "beta2"))
    step, scale = setting.scalar("step"), setting.scalar("gradient_scale")
    kept = 1 - rate * setting.scalar("weight_decay") if op.attrs["decays"] else 1.0
    size, root = rate / (1 - beta1**step), sqrt(1 - beta2**step)
    flat = [array.reshape(-1) for array in inputs]
    for part in row_chunks(weight.size, 1):
        w, g, m, v = (array[part] for array in flat)
        g = g * g.dtype.type(scale)
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * np.square(g)
        w *= kept
        w -= size * m / (np.sqrt(v) / root + setting.scalar("epsilon"))
    return weight, moment1, moment2


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The learning rate by step: up in a line from zero, then down by a half cosine or a line, then as it is.

    Raises:
        SpecError: on construction, for a shape that is not known, or numbers that make no schedule.
    """

    peak: float
    warmup: int = 0
    """Steps until the peak."""
    decay: int = 0
    """Steps from the peak to the end; 0: it stays."""
    end: float = 0.0
    """What it ends at, as a share of the peak."""
    shape: str = "cosine"
    """cosine | linear."""

    def __post_init__(self) -> None:
        require_positive(peak=self.peak)
        require_not_negative(warmup=self.warmup, decay=self.decay, end=self.end)
        if self.shape not in ("cosine", "linear"):
            raise SpecError("shape", f"must be cosine or linear, got {self.shape!r}")

    def rate(self, step: int) -> float:
        """Return the rate of *step*, counted from 1; the first has one part of the way up, as transformers has none."""
        if step <= self.warmup:
            return self.peak * step / self.warmup
        if not self.decay:
            return self.peak
        gone = min(1.0, (step - self.warmup) / self.decay)
        left = 0.5 * (1 + cos(pi * gone)) if self.shape == "cosine" else 1 - gone
        return self.peak * (self.end + (1 - self.end) * left)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW:
    """Settings of the optimizer; by default those of Cerebras-GPT 111M (the vendor's Model Zoo, `111m.yaml`).

    Raises:
        SpecError: on construction, for numbers that no optimizer has.
    """

    schedule: Schedule
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    """Of tables and matrices; biases and norms do not decay (the vendor's Model Zoo, `optim_utils.py`)."""
    clip: float | None = 1.0
    """The largest norm of all gradients together; None: as large as they are."""

    def __post_init__(self) -> None:
        require_positive(epsilon=self.epsilon)
        require_not_negative(weight_decay=self.weight_decay)
        for name, beta in (("beta1", self.beta1), ("beta2", self.beta2)):
            if not 0 <= beta < 1:
                raise SpecError(name, f"must be at least 0 and below 1, got {beta}")
        if self.clip is not None and self.clip <= 0:
            raise SpecError("clip", f"must be positive, got {self.clip}")

    def scalars(self, step: int, norm: float, loss_scale: float = 1.0) -> Mapping[str, float]:
        """Return what `adamw` is told at *step* (from 1), the gradients' *norm* being free of the loss scale.

        Raises:
            SpecError: a step before the first.
        """
        if step < 1:
            raise SpecError("step", f"is counted from 1, got {step}")
        kept = 1.0 if self.clip is None else min(1.0, self.clip / (norm + NORM_GUARD))
        return {
            "learning_rate": self.schedule.rate(step), "beta1": self.beta1, "beta2": self.beta2,
            "epsilon": self.epsilon, "weight_decay": self.weight_decay, "step": step,
            "gradient_scale": kept / loss_scale,
        }  # fmt: skip
