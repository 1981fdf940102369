"""Numbers as machines store them: float32 values rounded to fewer bits.

+---------+----------+----------+-----------+------------------+
| format  | exponent | mantissa | largest   | smallest normal  |
+---------+----------+----------+-----------+------------------+
| fp16    | 5 bits   | 10 bits  | 65,504    | 6.1e-5           |
| cb16    | 6        | 9        | 4.29e9    | 9.3e-10          |
| bf16    | 8        | 7        | 3.39e38   | 1.2e-38          |
| fp32    | 8        | 23       | 3.40e38   | 1.2e-38          |
+---------+----------+----------+-----------+------------------+

Sources: IEEE 754 for fp16 and fp32; bf16 is the upper half of fp32; cb16 has 1 sign, 6 exponent and 9 mantissa bits
(docs.cerebras.net, "Data Formats"). Assumed of cb16, as nothing is published: a bias of 31 with infinities like those
of IEEE, to the nearest with ties to even, and numbers below the smallest normal one that are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import SpecError, require_choice

Floats = NDArray[np.float32]
_SIGN, _MAGNITUDE, _INFINITE = np.uint32(0x8000_0000), np.uint32(0x7FFF_FFFF), np.uint32(0x7F80_0000)
_FLOAT32_MANTISSA, _FLOAT32_EXPONENT = 23, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Bits of a number.

    Raises:
        SpecError: on construction, for more bits than fp32 has, or none.
    """

    name: str
    exponent: int
    """Bits of it; 8 at most."""
    mantissa: int
    """Bits that are stored, without the leading one; 23 at most."""
    subnormals: bool = True
    """Whether numbers below the smallest normal one are kept; else they become zero."""
    stochastic: bool = False
    """Whether a number goes up as often as it is near, at random; else to the nearest, ties to even."""

    def __post_init__(self) -> None:
        for key, most in (("exponent", _FLOAT32_EXPONENT), ("mantissa", _FLOAT32_MANTISSA)):
            if not 2 <= getattr(self, key) <= most:
                raise SpecError(key, f"must be from 2 to {most} bits, got {getattr(self, key)}")

    @property
    def bias(self) -> int:
        """Exponent of 1.0 as it is stored."""
        return int(2 ** (self.exponent - 1)) - 1

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float((2 - 2.0**-self.mantissa) * 2.0**self.bias)

    @property
    def smallest_normal(self) -> float:
        """The smallest number with all bits of its mantissa."""
        return float(2.0 ** (1 - self.bias))

    @property
    def smallest(self) -> float:
        """The smallest number above zero."""
        return self.smallest_normal * 2.0**-self.mantissa if self.subnormals else self.smallest_normal

    @property
    def unit_roundoff(self) -> float:
        """Half the gap from 1.0 to the next number: the largest relative error of a normal number."""
        return float(2.0 ** -(self.mantissa + 1))

    @property
    def bytes(self) -> int:
        """Bytes of a number."""
        return (1 + self.exponent + self.mantissa + 7) // 8

    @property
    def is_float32(self) -> bool:
        """Whether nothing has to be rounded."""
        return self.exponent == _FLOAT32_EXPONENT and self.mantissa == _FLOAT32_MANTISSA and self.subnormals


FORMATS = MappingProxyType({
    one.name: one for one in (
        Format(name="fp32", exponent=8, mantissa=23), Format(name="fp16", exponent=5, mantissa=10),
        Format(name="bf16", exponent=8, mantissa=7), Format(name="cb16", exponent=6, mantissa=9),
    )
})  # fmt: skip
"""By name."""


def find_format(name: str, *, subnormals: bool = True, stochastic: bool = False) -> Format:
    """Return a format by name.

    Raises:
        SpecError: an unknown name.
    """
    require_choice("format", name, FORMATS)
    return replace(FORMATS[name], subnormals=subnormals, stochastic=stochastic)


def rounded(values: Floats, to: Format, draw: np.random.Generator | None = None) -> Floats:
    """Return float32 *values* of any shape as the nearest numbers of a format, float32 again.

    What is too large becomes infinite; infinities and what is no number stay. *draw* is where a stochastic format takes
    its random bits from: the same for the same values.

    Raises:
        SpecError: *values* are not float32, or a stochastic format has nothing to *draw* from.
    """
    if values.dtype != np.float32:
        raise SpecError("values", f"must be float32, got {values.dtype}")
    if to.stochastic and draw is None:
        raise SpecError("draw", "must be given: a stochastic format rounds at random")
    if to.is_float32:
        return values
    bits = values.view(np.uint32) if values.flags.c_contiguous else values.copy().view(np.uint32)
    magnitude = bits & _MAGNITUDE
    finite = magnitude < _INFINITE
    found = _shortened(magnitude, to, draw)
    found[found > _bits_of(to.largest)] = _INFINITE
    small = magnitude < _bits_of(to.smallest_normal)
    if small.any():
        found[small] = _small(magnitude[small], to, draw)
    np.copyto(found, magnitude, where=~finite)
    found |= bits & _SIGN
    return found.view(np.float32)


def _shortened(magnitude: NDArray[np.uint32], to: Format, draw: np.random.Generator | None) -> NDArray[np.uint32]:
    """Return the bits of normal numbers with a shorter mantissa; a carry goes on into the exponent by itself."""
    dropped = _FLOAT32_MANTISSA - to.mantissa
    if not dropped:
        return magnitude.copy()
    if to.stochastic and draw is not None:
        added = draw.integers(0, 1 << dropped, size=magnitude.shape, dtype=np.uint32)
    else:
        added = ((magnitude >> np.uint32(dropped)) & np.uint32(1)) + np.uint32((1 << (dropped - 1)) - 1)
    added += magnitude
    added &= np.uint32(0xFFFF_FFFF << dropped & 0xFFFF_FFFF)
    return added


def _small(magnitude: NDArray[np.uint32], to: Format, draw: np.random.Generator | None) -> NDArray[np.uint32]:
    """Return the bits of numbers below the smallest normal one: whole multiples of the smallest of all, or zero."""
    step = to.smallest_normal * 2.0**-to.mantissa
    steps = magnitude.view(np.float32).astype(np.float64) / step
    whole = np.floor(steps + draw.random(steps.shape)) if to.stochastic and draw is not None else np.rint(steps)
    if not to.subnormals:
        whole[whole * step < to.smallest_normal] = 0.0
    return (whole * step).astype(np.float32).view(np.uint32)


def _bits_of(value: float) -> np.uint32:
    return np.float32(value).view(np.uint32)
