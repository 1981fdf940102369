"""Steps the kernels of a model are made of, on tokens x features: one feature after the other, all tokens of each.

A vector instruction goes over all of them at once. Where it also takes one value per token, or one per feature, that
operand's addresses stand still along the other axis. Exponentials, divides and roots are scalar, element by element.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat

LOWEST = -3.0e38
"""Stands for minus infinity: below all fp32 numbers that are met."""
EPSILON = 1e-5
"""Of the norms."""


def per_token(values: Mem, features: int) -> Mem:
    """Return one value per token as an operand beside tokens x features."""
    return values.grid(features, values.length, row_stride=0)


def per_feature(values: Mem, features: int, tokens: int) -> Mem:
    """Return one value per feature as an operand beside tokens x features."""
    return values.at(0, features).grid(features, tokens, row_stride=1, stride=0)


def over_features(seat: FeatureSeat, op: int, into: Mem, x: Mem) -> None:
    """Leave in *into*, per token, the sum (isa.ADD) or greatest (isa.MAX) of its features on this core."""
    seat.role.fmovs(into, seat.core.constant(0.0 if op == isa.ADD else LOWEST))
    if seat.features:
        each = per_token(into, seat.features)
        seat.role.vector(op, each, each, x)


def exponentials(core: KernelWriter, x: Mem) -> None:
    """x = e^x."""
    with core.scalars(1) as (value,):
        for turn in core.repeat(x.length):
            core.role.load(value, x.at(turn, 1), cost=0)
            core.role.scalar(isa.FEXP, value, value)
            core.role.store(x.at(turn, 1), value, cost=0)


def reciprocals(core: KernelWriter, x: Mem, *, of_root: bool = False) -> None:
    """x = 1 / x, or with *of_root* 1 / sqrt(x)."""
    one = core.constant(1.0)
    with core.scalars(1) as (value,):
        for turn in core.repeat(x.length):
            core.role.load(value, x.at(turn, 1), cost=0)
            if of_root:
                core.role.scalar(isa.FSQRT, value, value)
            core.role.scalar(isa.FDIV, value, one, value)
            core.role.store(x.at(turn, 1), value, cost=0)


def sigmoid_times(core: KernelWriter, y: Mem, x: Mem) -> None:
    """y = x / (1 + e^y)."""
    one = core.constant(1.0)
    with core.scalars(2) as (value, above):
        for turn in core.repeat(x.length):
            core.role.load(value, y.at(turn, 1), cost=0)
            core.role.scalar(isa.FEXP, value, value)
            core.role.scalar(isa.FADD, value, value, one)
            core.role.load(above, x.at(turn, 1))
            core.role.scalar(isa.FDIV, value, above, value)
            core.role.store(y.at(turn, 1), value, cost=0)


def normalise(seat: FeatureSeat, y: Mem, x: Mem, sums: Mem, *, centred: bool) -> None:
    """y = (x - mean) / sqrt(variance + epsilon); or, if not *centred*, x / sqrt(mean square + epsilon).

    *sums* has a value per token. The squares go through `y`.
    """
    core, role, features = seat.core, seat.role, seat.features
    share, epsilon = core.constant(1 / seat.layout.features), core.constant(EPSILON)
    if centred:
        over_features(seat, isa.ADD, sums, x)
        seat.allreduce(sums)
        role.fmuls(sums, sums, share)
        role.fsubs(x, x, per_token(sums, features))
    role.fmuls(y, x, x)
    over_features(seat, isa.ADD, sums, y)
    seat.allreduce(sums)
    role.fmuls(sums, sums, share)
    role.fadds(sums, sums, epsilon)
    reciprocals(core, sums, of_root=True)
    role.fmuls(y, x, per_token(sums, features))


def scale(seat: FeatureSeat, y: Mem, by: Mem) -> None:
    """y = y * by, a factor per feature."""
    seat.role.fmuls(y, y, per_feature(by, seat.features, seat.tokens))


def shift(seat: FeatureSeat, y: Mem, by: Mem) -> None:
    """y = y + by, a bias per feature."""
    seat.role.fadds(y, y, per_feature(by, seat.features, seat.tokens))


def row_sums(x: Array, layout: FeatureLayout) -> Array:
    """Return [token, 1]: what the cores of a row make of the sum of [token, feature]."""
    own = replay.running(np.moveaxis(layout.blocks(x), 1, 0))
    return replay.line_sum(own, layout.group)[:, None]


def normalised(x: Array, layout: FeatureLayout, *, centred: bool) -> Array:
    """Return what `normalise` makes of [token, feature]."""
    share = np.float32(1 / layout.features)
    if centred:
        x = x - row_sums(x, layout) * share
    variance = row_sums(x * x, layout) * share
    return np.asarray(x * (np.float32(1) / np.sqrt(variance + np.float32(EPSILON))))


def sigmoid_times_of(y: Array, x: Array) -> Array:
    """Return x / (1 + e^y) as `sigmoid_times` has it."""
    return np.asarray(x / (replay.exponential(y) + np.float32(1)))
