"""What comes back through a layer norm: dx of every token, and dscale and dbias, summed over all tokens.

  features -->                    on a core: as `layer-norm` up to y, the normalised x; dy * y and dy summed over its
+----+----+----+----+             tokens, which columns add up: dscale and dbias
|x dy|x dy|x dy|x dy|   tokens    on a core: g = dy * scale, and its product with y
+----+----+----+----+             row: allreduce of the mean of that, g = (g - y * mean) / root
|x dy|x dy|x dy|x dy|             row: allreduce of the mean of g, dx = g - mean
+----+----+----+----+
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array, gather
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel, single


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random tokens, gradients and scales."""
    scale = single(random.standard_normal(layout.features))
    return {"x": layout.draw(random), "gradient": layout.draw(random), "scale": scale}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    role, x, gradient, y = seat.role, seat.input("x"), seat.input("gradient", OTHER_BANK), seat.result()
    scale, sums, means = seat.per_feature("scale"), seat.per_token("sums"), seat.per_token("means")
    normed = seat.part("normed", OTHER_BANK)
    steps.normalise(seat, normed, x, sums, centred=True)  # and leaves 1 / root
    role.fmuls(y, gradient, normed)
    _over_tokens(seat, seat.per_feature("of_scale"), y)
    _over_tokens(seat, seat.per_feature("of_bias"), gradient)
    steps.scale(seat, gradient, scale)
    role.fmuls(y, gradient, normed)
    _mean(seat, means, y)
    role.fmuls(normed, normed, steps.per_token(means, seat.features))
    role.fsubs(y, gradient, normed)
    role.fmuls(y, y, steps.per_token(sums, seat.features))
    _mean(seat, means, y)
    role.fsubs(y, y, steps.per_token(means, seat.features))
    seat.output(y)


def _mean(seat: FeatureSeat, into: Mem, x: Mem) -> None:
    """Leave in *into* the mean over the features of each token, on all cores of the row."""
    steps.over_features(seat, isa.ADD, into, x)
    seat.allreduce(into)
    seat.role.fmuls(into, into, seat.core.constant(1 / seat.layout.features))


def _over_tokens(seat: FeatureSeat, into: Mem, x: Mem) -> None:
    """Leave in *into* the sum over all tokens of each feature, on all cores of the column."""
    seat.role.fmovs(into, seat.core.constant(0.0))
    if seat.features:
        each = steps.per_feature(into, seat.features, seat.tokens)
        seat.role.vector(isa.ADD, each, each, x)
    seat.core.column.allreduce(into)


def meaning(layout: FeatureLayout, x: Array, gradient: Array, scale: Array) -> Array:
    """Return the rows of dx, then dscale and dbias, as the cores add up."""
    share, one = np.float32(1 / layout.features), np.float32(1)
    centred = x - steps.row_sums(x, layout) * share
    root = one / np.sqrt(steps.row_sums(centred * centred, layout) * share + np.float32(steps.EPSILON))
    y, g = centred * root, gradient * scale
    g = (g - y * (steps.row_sums(g * y, layout) * share)) * root
    of_scale, of_bias = (_column_sums(each, layout) for each in (gradient * y, gradient))
    return np.vstack([layout.stored(g - steps.row_sums(g, layout) * share), of_scale, of_bias])


def _column_sums(x: Array, layout: FeatureLayout) -> Array:
    filled = np.pad(x, ((0, layout.rows * layout.tokens_each - len(x)), (0, 0)))
    parts = filled.reshape(layout.rows, layout.tokens_each, -1).swapaxes(0, 1)
    return replay.line_sum(replay.running(parts), isqrt(layout.rows))[None]


def read(layout: FeatureLayout, ran: CoreMachine) -> Array:
    """Return what the cores left, as `meaning` has it."""
    sums = [gather(ran, name)[0].reshape(1, -1)[:, : layout.features] for name in ("of_scale", "of_bias")]
    return np.vstack([layout.take(gather(ran, "y")), *sums])


PROGRAM = feature_kernel(
    name="layer-norm-gradient", doc=__doc__, operands=operands, body=body, meaning=meaning, read=read,
    lay={"scale": FeatureLayout.lay_features},
)  # fmt: skip
