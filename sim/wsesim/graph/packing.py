"""Weights that are kept in fewer bits than they are multiplied in: how they are spelled, what they take.

No core multiplies numbers of 8 bits or less: what is packed is unpacked to 16 bits, a row of a matrix at a time, just
before it is multiplied.

    e4m3/128x128        8 bits, a scale for 128 inputs x 128 outputs (DeepSeek-V3, arXiv 2412.19437)
    e4m3                8 bits, one scale a matrix
    int4/128x1+zeros    4 bits, a scale and a zero for 128 inputs of an output (GPTQ, AWQ)
    int8/allx1          8 bits, a scale for each output
    e2m1/32x1           4 bits, a power of two for 32 inputs of an output (OCP MX v1.0: MXFP4)
    nvfp4/16x1          4 bits as those of e2m1, a scale in e4m3 for 16 inputs of an output, times one a matrix (NVFP4)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wsesim.errors import SpecError, nearest

WORD_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFormat:
    """Bits of a packed number, and the vector instructions that unpack a word of several.

    Bits of e4m3 and e2m1 are those of fp16 with a short exponent: shifted to their place and masked they are numbers
    off by a power of two, which their scale takes in. Whole numbers are shifted up, shifted down with their sign, and
    converted. The first number of a word stands at its top, where no shift up is needed.
    """

    bits: int
    shifts: int
    masks: int
    converts: int
    scale_bits: int
    """Of a scale as files have it."""
    scale_slow: int = 0
    scale_fast: int = 0
    """Vector instructions that make scales numbers of 16 bits: shifts and conversions, then the others. A number of 32
    bits is converted; a power of two loses the difference of biases and is shifted; one in e4m3 is shifted and masked
    as others are, and multiplied with that of its matrix."""
    scale: Literal["number", "power", "e4m3"] = "number"
    """What a scale can be: any number, a power of two, or a number in e4m3 times one that the matrix shares."""
    largest: float
    """Of the numbers that it holds."""
    mantissa: int | None = None
    """Bits of it, for a number with an exponent."""
    least_exponent: int = 0
    """Of a number with all bits of its mantissa."""

    @property
    def in_word(self) -> int:
        """Numbers in a word of 16 bits."""
        return WORD_BITS // self.bits


PACKED_FORMATS = {
    "e4m3": PackedFormat(bits=8, shifts=3, masks=2, converts=0, scale_bits=32, scale_slow=1, largest=448, mantissa=3,
                         least_exponent=-6),
    "e2m1": PackedFormat(bits=4, shifts=7, masks=4, converts=0, scale_bits=8, scale_slow=1, scale_fast=1, scale="power",
                         largest=6, mantissa=1),
    "nvfp4": PackedFormat(bits=4, shifts=7, masks=4, converts=0, scale_bits=8, scale_slow=2, scale_fast=2, scale="e4m3",
                          largest=6, mantissa=1),
    "int8": PackedFormat(bits=8, shifts=3, masks=0, converts=2, scale_bits=16, largest=127),
    "int4": PackedFormat(bits=4, shifts=7, masks=0, converts=4, scale_bits=16, largest=7),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How a matrix is packed."""

    format: PackedFormat
    inputs: int
    """That share a scale; 0: all."""
    outputs: int
    """That share a scale; 0: all."""
    zeros: bool
    """Whether a group has a zero of its own beside its scale."""

    @property
    def after(self) -> int:
        """Vector instructions over unpacked numbers: a product with the scale, and a difference to the zero."""
        return 1 + self.zeros

    @property
    def group_bytes(self) -> int:
        """Bytes of what a group has beside its numbers."""
        return -(-(self.format.scale_bits + self.zeros * self.format.bits) // 8)


_SPELLED = re.compile(r"(?P<format>\w+)(/(?P<inputs>\d+|all)x(?P<outputs>\d+|all)(?P<zeros>\+zeros)?)?")


@lru_cache(maxsize=64)
def packing_of(text: str) -> Packing:
    """Return the packing that *text* spells.

    Raises:
        SpecError: it spells none.
    """
    found = _SPELLED.fullmatch(text)
    if found is None or found["format"] not in PACKED_FORMATS:
        hint = _meant(text) or nearest(text.partition("/")[0], PACKED_FORMATS)
        forms = f"one of {', '.join(PACKED_FORMATS)}, then /INPUTSxOUTPUTS that share a scale, as in e4m3/128x128"
        raise SpecError("weight_format", f"must be {forms}, got {text!r}{hint}")
    inputs, outputs = (_shared(found[side]) for side in ("inputs", "outputs"))
    format_, zeros = PACKED_FORMATS[found["format"]], found["zeros"] is not None
    if zeros and format_.mantissa is not None:
        raise SpecError("weight_format", f"= {text!r}: zeros are of whole numbers")
    return Packing(format=format_, inputs=inputs, outputs=outputs, zeros=zeros)


_OTHERWISE = {"mxfp4": "e2m1/32x1", "fp8": "e4m3", "fp8_e4m3": "e4m3"}
"""By what others call it, how a format is spelled here; MXFP4: OCP Microscaling Formats 1.0, section 5.2."""


def _meant(text: str) -> str:
    """Return `, did you mean ...?` for a name that others use, or a group of inputs of one output."""
    name, _, group = text.lower().partition("/")
    meant = _OTHERWISE.get(text.lower(), "")
    if name in PACKED_FORMATS and re.fullmatch(r"(\d+|all)(\+zeros)?", group):
        meant = f"{name}/{group.partition('+')[0]}x1{'+zeros' if '+' in group else ''}"
    return f", did you mean {meant!r}?" if meant else ""


def _shared(text: str | None) -> int:
    if text in (None, "all"):
        return 0
    if not 1 <= int(text) <= 1_000_000:
        raise SpecError("weight_format", f"must have 1 to 1,000,000 inputs and outputs that share a scale, got {text}")
    return int(text)
