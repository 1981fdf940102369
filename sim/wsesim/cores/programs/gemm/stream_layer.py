"""A streamed layer on its cores: which sums go round, what weights say of themselves, how values lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil

from wsesim.cores import isa
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.gemm.streaming import Arithmetic, MatrixCut, aligned
from wsesim.kernels.zeros import busiest

WEIGHT_BITS = 16
"""Of a wavelet, below its tag."""
INDEX_BITS = 12
"""Of a tag: the feature a weight belongs to, in its block of tokens; above them its part in the output."""
MOST_FEATURES = 1 << INDEX_BITS
BANKS_APART_BYTES = 4
"""By which two operands read at full speed: a choice of these programs."""
SUMS, ZERO, WEST = "sums", "zero", "west"
"""What the AXPY of a weight adds to: the core's own sum, nothing, or what the west sends."""
EAST, ADDED, KEPT, OWNED, FIRST, FINISHED = "east", "added", "kept", "owned", "first", "finished"
"""What becomes of it beside a sum of its own: it is sent east, or added to what the west sends and then sent; or it is
kept, or added and then kept, or kept as the first of an output. The last part is no weight's: what was kept is summed.
"""
Part = tuple[str, str]
EACH: list[Part] = [(ZERO, EAST), (WEST, EAST), (WEST, KEPT), (WEST, FIRST), (ZERO, FINISHED)]
APART: list[Part] = list(product((SUMS, ZERO), (SUMS, EAST, ADDED, OWNED)))
ALONE: list[Part] = list(product((SUMS, ZERO), (SUMS, FIRST)))
"""The parts that weights play: where each feature's sum goes round by itself, where a core sums first, and on one core.
A tag numbers them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedLayer:
    """A layer on its cores, and its precision."""

    cut: MatrixCut
    arithmetic: Arithmetic
    nonzeros: int | None
    """Weights a core gets for an output; None if all of them."""
    even: bool
    """Whether every core gets as many; else they are the mean, and chance says which are zero."""
    start_cycles: int
    """From the arrival of a weight to its AXPY."""
    each: bool
    """Whether the sum of each feature goes round the ring by itself; else a core sums its own features before."""
    blocks: int
    """Of a core's tokens, each with a turn of its own of an output's weights."""

    @property
    def tokens(self) -> int:
        """Tokens of a block."""
        return ceil(self.cut.tokens_each / self.blocks)

    @property
    def weights(self) -> int:
        """Weights a core gets for an output and a block, at most."""
        return self.nonzeros if self.nonzeros is not None and self.even else self.cut.inputs_each

    @property
    def pace(self) -> float:
        """Weights of an output and a block in the column that has most of them, expected: sums pass all columns."""
        if self.nonzeros is None or self.even:
            return self.weights
        return busiest(self.cut.inputs_each, self.nonzeros / self.cut.inputs_each, self.cut.columns)

    @property
    def chains(self) -> int:
        """Sums of an output that go round the ring."""
        return self.blocks * (self.weights if self.each else 1)

    @property
    def way(self) -> int:
        """Type of sums on their way, and of results: 16 bits, but for a product in single precision."""
        return isa.F32 if self.arithmetic.product == isa.F32 else isa.F16

    @property
    def wavelets_each(self) -> int:
        """Wavelets of a weight: beside one of 32 bits a tag has no room."""
        return 1 if self.arithmetic.factor == isa.F16 else 2

    @property
    def parts(self) -> list[Part]:
        """The parts that weights play."""
        return EACH if self.each else APART if self.cut.columns > 1 else ALONE

    @property
    def x_step(self) -> int:
        """Elements from one feature to the next."""
        return aligned(self.tokens, self.arithmetic.factor)

    @property
    def y_step(self) -> int:
        """Elements from one block of an output to the next."""
        return aligned(self.tokens, self.way)

    @property
    def y_length(self) -> int:
        """Elements of all outputs a core keeps."""
        return self.cut.outputs_each * self.blocks * self.y_step

    @property
    def y_apart(self) -> int:
        """Elements from what is kept of a feature to that of the next, which begins in other banks."""
        return self.y_length + BANKS_APART_BYTES // ELEMENT_BYTES[self.way]

    @property
    def kept(self) -> int:
        """Sums of an output and a block that a core keeps until the end."""
        return self.weights if self.each else 1
