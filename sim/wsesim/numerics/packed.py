"""Weights as they are once they were packed: rounded to the numbers of a format, times the scale of their group.

Scales are chosen so that the largest number of a group is the largest of the format; those of e2m1 are powers of two
(OCP MX v1.0, 6.3), of which larger numbers are cut; those of nvfp4 are rounded to e4m3, times a scale of the matrix
that makes the largest of them the largest of e4m3 (arXiv 2509.25149). Numbers are rounded to the nearest, ties to even.
"""

from __future__ import annotations

from math import frexp

import numpy as np

from wsesim.graph import PACKED_FORMATS, PackedFormat, Packing, Tensor, packing_of
from wsesim.numerics.arrays import Array


def as_packed(array: Array, tensor: Tensor) -> Array:
    """Return a weight as it is multiplied once it was packed as its *tensor* says, [..., inputs, outputs]."""
    return rounded(array, packing_of(tensor.packed)) if tensor.packed else array


def rounded(array: Array, packing: Packing) -> Array:
    """Return *array* [..., inputs, outputs] in the numbers of a packing, times their scales; its type stays."""
    inputs, outputs = array.shape[-2:]
    tall, wide = min(inputs, packing.inputs or inputs), min(outputs, packing.outputs or outputs)
    filled = np.pad(array.astype(np.float64), [*[(0, 0)] * (array.ndim - 2), (0, -inputs % tall), (0, -outputs % wide)],
                    mode="edge")  # fmt: skip
    groups = filled.reshape(*array.shape[:-2], filled.shape[-2] // tall, tall, filled.shape[-1] // wide, wide)
    found = _zeroed(groups, packing) if packing.zeros else _scaled(groups, packing.format)
    kept: Array = found.reshape(filled.shape)[..., :inputs, :outputs].astype(array.dtype)
    return kept


def _scaled(groups: Array, form: PackedFormat) -> Array:
    scale = _scales(np.abs(groups).max(axis=(-3, -1), keepdims=True), form)
    found: Array = nearest_in(groups / np.where(scale > 0, scale, 1.0), form) * scale
    return found


def _scales(most: Array, form: PackedFormat) -> Array:
    """Return the scales of groups whose largest numbers are *most* [..., rows of groups, 1, groups in a row, 1]."""
    scale: Array = most / form.largest
    if form.scale == "power":
        scale = np.exp2(np.floor(np.log2(np.where(most > 0, most, 1.0))) - (frexp(form.largest)[1] - 1))
    elif form.scale == "e4m3":
        kept = PACKED_FORMATS[form.scale]
        shared = scale.max(axis=(-4, -2), keepdims=True) / kept.largest
        scale = nearest_in(scale / np.where(shared > 0, shared, 1.0), kept) * shared
    return scale


def _zeroed(groups: Array, packing: Packing) -> Array:
    """Return groups in steps from their least to their largest number, zero being one of the steps."""
    least, most = (np.minimum(groups.min(axis=(-3, -1), keepdims=True), 0),
                   np.maximum(groups.max(axis=(-3, -1), keepdims=True), 0))  # fmt: skip
    steps = 2**packing.format.bits - 1
    scale = np.where(most > least, (most - least) / steps, 1.0)
    zero = np.rint(-least / scale)
    found: Array = (np.clip(np.rint(groups / scale) + zero, 0, steps) - zero) * scale
    return found


def nearest_in(numbers: Array, form: PackedFormat) -> Array:
    """Return the nearest numbers of a format, ties to even; beyond its largest that."""
    step: Array | float = 1.0
    if form.mantissa is not None:
        exponent = np.frexp(numbers)[1] - 1
        step = np.ldexp(1.0, np.maximum(exponent, form.least_exponent) - form.mantissa)
    found: Array = np.clip(np.rint(numbers / step) * step, -form.largest, form.largest)
    return found
