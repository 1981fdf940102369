"""A linear layer whose weights stay on the cores, as part of a program: y = x W + bias, as `gemv` does for many tokens.

A core has the weights of its input features for all outputs, the same on all rows. It adds up its part of the outputs
of its tokens, one AXPY over the outputs for each of its inputs and tokens; the row adds these up and tells all its
cores; each keeps the outputs it owns.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureLayout, FeatureSeat
from wsesim.cores.programs.model.heads import aligned


def multiply(seat: FeatureSeat, name: str, x: Mem, outputs: int) -> Mem:
    """Return x W as [token, output] on all cores of the row; reserves the weights as the variable *name*."""
    core, role, tokens, step = seat.core, seat.role, seat.tokens, aligned(outputs)
    weights = role.memory(name, seat.layout.features_each * step, bank=OTHER_BANK)
    sums = role.memory(f"{name} times x", tokens * step, bank=BANK)
    role.fmovs(sums, core.constant(0.0))
    with core.scalars(4) as (value, source, row, target):
        role.set(source, 0)
        role.set(row, 0)
        for _ in core.repeat(seat.features):
            role.set(target, 0)
            for _ in core.repeat(tokens):
                role.load(value, x.at(source, 1), cost=0)
                part = sums.at(target, outputs)
                role.fmacs(part, part, weights.at(row, outputs), value)
                role.iadd(source, source, 1, cost=0)
                role.iadd(target, target, step, cost=0)
            role.iadd(row, row, step, cost=0)
    seat.allreduce(sums)
    return sums


def keep_own(seat: FeatureSeat, name: str, sums: Mem, y: Mem, *, part: int = 0, parts: int = 1) -> None:
    """Leave in *y* as [feature, token] what this core owns of one of *parts* equal parts of the outputs, plus a bias.

    *seat* says which features of such a part it owns; reserves the biases as the variable *name*.
    """
    role, tokens, features, bias = seat.role, seat.tokens, seat.features, seat.per_feature(name)
    if not features:
        return
    first, step = part * seat.layout.features + seat.first, aligned(parts * seat.layout.features)
    found = sums.at(first).grid(tokens, features, row_stride=step)
    role.fmovs(y.grid(tokens, features, row_stride=1, stride=tokens), found)
    steps.shift(seat, y, bias)


def lay_weights(layout: FeatureLayout, weights: Array) -> Array:
    """Return [input, output] as [row, column, element], for the inputs of *layout*."""
    return layout.lay_features(np.pad(weights, ((0, 0), (0, aligned(weights.shape[1]) - weights.shape[1]))))


def product(x: Array, weights: Array, layout: FeatureLayout) -> Array:
    """Return x W as `multiply` has it; x is [token, input], *layout* that of the inputs."""
    tokens, inputs = layout.blocks(x), layout.blocks(weights.T)
    parts = np.zeros((layout.columns, len(x), weights.shape[1]), np.float32)
    for feature in range(layout.features_each):
        parts = replay.mac(parts, tokens[:, feature, :, None], inputs[:, feature, None, :])
    return replay.line_sum(parts, layout.group)
