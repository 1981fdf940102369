"""The numbers a machine keeps between ops: each tensor is rounded to the format that the graph states for it.

Ops themselves add up in float32, as the machine does from 16-bit operands (`precision_opt_level` 0 and 1 of the vendor
keep the sums of products and of attention in 32 bits). What is rounded are activations, gradients, and weights as they
are streamed; the optimizer's own weights and moments, losses and what belongs to no tensor stay float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from wsesim.graph import Op, Tensor
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import OpFunction, function_of
from wsesim.numerics.rounding import Format, find_format, rounded

STORED = ("activation", "gradient", "weight")
"""Roles of tensors that are kept in the graph's format."""


KEPT_AS = MappingProxyType({"mixed": "fp16", "fp16": "fp16", "bf16": "bf16", "cb16": "cb16", "fp32": "fp32"})
"""Format that each `precision` of a question keeps its numbers in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How tensors are kept.

    Raises:
        SpecError: on construction, for an unknown format.
    """

    format: str = "fp16"
    """Of what the graph states in 16 bits: fp16 | bf16 | cb16; or fp32, and nothing is rounded."""
    subnormals: bool = True
    """Whether numbers below the smallest normal one are kept; else they become zero."""
    stochastic: bool = False
    """Whether rounding is at random, from the seed; else to the nearest."""
    seed: int = 0
    watch: Callable[[Tensor, Array], None] | None = field(default=None, repr=False, compare=False)
    """Is shown each tensor as it is kept; its array is written over when no op reads it any more."""
    kept: Format = field(init=False, repr=False, compare=False)
    """The format of what is kept in 16 bits."""
    _draw: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kept = find_format(self.format, subnormals=self.subnormals, stochastic=self.stochastic)
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "_draw", np.random.default_rng(self.seed))

    def store(self, tensor: Tensor, array: Array) -> Array:
        """Return *array* as the machine keeps it for *tensor*; float64 is left as it is, for references."""
        if tensor.role in STORED and tensor.dtype not in ("fp32", "int32", "bool") and array.dtype == np.float32:
            array = rounded(array, self.kept, self._draw)
        if self.watch is not None:
            self.watch(tensor, array)
        return array

    def function_of(self, op: Op) -> OpFunction:
        """Return what computes an op: here NumPy, which adds up in any order.

        Raises:
            SpecError: nothing does.
        """
        return function_of(op)

    @property
    def name(self) -> str:
        """How it is told."""
        more = "" if self.subnormals else ", no subnormals"
        return f"{self.format}{more}{', at random' if self.stochastic else ''}"


EXACT = Storage(format="fp32")
"""Nothing is rounded."""
