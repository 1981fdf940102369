"""The vendor's Fourier transform in three dimensions, done by the machine with the arithmetic that its cores have.

Each core holds all z of `pencils` x `pencils` lines: element (y, x, z) at z * pencils ** 2 + y * pencils + x, real
parts at even places. Stages are radix 2, decimation in time, with the twiddles that the host gave; products and sums
round one by one. Its cycles are a model: butterflies at BUTTERFLY_CYCLES, and three transposes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

Values = npt.NDArray[Any]
BUTTERFLY_CYCLES = 10
"""Of six vector operations over two real and two imaginary parts."""
BACKWARD, ORTHO = 0, 1


def cycles(size: int, pencils: int) -> int:
    """Return the cycles of a transform."""
    lines, stages = pencils * pencils, size.bit_length() - 1
    return 3 * (lines * size // 2 * stages * BUTTERFLY_CYCLES + 4 * lines * size)


def transform(machine: CslMachine, request: list[int]) -> None:
    """Carry out a transform over all cores."""
    size, pencils, is_wide, norm, inverse, place, twiddles = request[:7]
    kind: Any = np.float32 if is_wide else np.float16
    words, wide = 2 if is_wide else 1, machine.image.width
    count = 2 * pencils * pencils * size * words
    place, twiddles = place >> 1, twiddles >> 1
    table = machine.memory(0)[twiddles : twiddles + size * words].copy().view(kind)
    cosines, sines = table[0::2], table[1::2] * kind(1 if inverse else -1)
    cube = np.zeros((size, size, size, 2), kind)
    for core in range(wide * wide):
        row, column = divmod(core, wide)
        mine = machine.memory(core)[place : place + count].copy().view(kind)
        part = mine.reshape(size, pencils, pencils, 2).transpose(1, 2, 0, 3)
        cube[row * pencils : (row + 1) * pencils, column * pencils : (column + 1) * pencils] = part
    real, imaginary = cube[..., 0], cube[..., 1]
    scale = _scale(size, norm, inverse)
    for axis in (2, 1, 0):
        moved = np.moveaxis(real, axis, -1), np.moveaxis(imaginary, axis, -1)
        found = _lines(*moved, cosines, sines)
        real, imaginary = (np.moveaxis((each * kind(scale)).astype(kind), -1, axis) for each in found)
    for core in range(wide * wide):
        row, column = divmod(core, wide)
        box = np.s_[row * pencils : (row + 1) * pencils, column * pencils : (column + 1) * pencils]
        part = np.stack([real[box], imaginary[box]], -1).transpose(2, 0, 1, 3)
        machine.memory(core)[place : place + count] = np.ascontiguousarray(part, kind).ravel().view(np.uint16)


def _scale(size: int, norm: int, inverse: int) -> float:
    """Return the factor of each of the three passes."""
    if norm == ORTHO:
        return float(1 / np.sqrt(size))
    return 1 / size if (norm == BACKWARD) == bool(inverse) else 1.0


def _lines(real: Values, imaginary: Values, cosines: Values, sines: Values) -> tuple[Values, Values]:
    """Return the transforms along the last axis."""
    size = real.shape[-1]
    bits = size.bit_length() - 1
    order = [int(f"{at:0{bits}b}"[::-1], 2) if bits else 0 for at in range(size)]
    real, imaginary = real[..., order].copy(), imaginary[..., order].copy()
    half = 1
    while half < size:
        c, s = cosines[:: size // 2 // half][:half], sines[:: size // 2 // half][:half]
        for first in range(0, size, 2 * half):
            low, high = np.s_[..., first : first + half], np.s_[..., first + half : first + 2 * half]
            r = real[high] * c - imaginary[high] * s
            i = real[high] * s + imaginary[high] * c
            real[high], imaginary[high] = real[low] - r, imaginary[low] - i
            real[low], imaginary[low] = real[low] + r, imaginary[low] + i
        half *= 2
    return real, imaginary
