"""Turns each pair of features by an angle of its own for each position: (a, b) -> (a cos - b sin, b cos + a sin).

        pairs -->
  +-------+-------+-------+
  | a b.. | a b.. | a b.. |   a pair stands on one core, its two features one after the other;
  +-------+-------+-------+   the sines and cosines of its positions and pairs stand beside it; nothing travels
   tokens along y

The angle is position / 10000^(2 i / features). Pairs are neighbours, as in GPT-J; a model that pairs features half a
head apart has the columns of its query and key matrices in another order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel, single

BASE = 10000.0
"""RoFormer, arXiv 2104.09864, section 3.2.2."""
PAIR = 2


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random tokens, and the sines and cosines of their positions, [token, pair]."""
    angle = np.arange(layout.tokens)[:, None] * BASE ** (-np.arange(0, layout.features, PAIR) / layout.features)
    return {"x": layout.draw(random), "cos": single(np.cos(angle)), "sin": single(np.sin(angle))}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y, role = seat.input("x"), seat.result(), seat.role
    pairs, most = seat.features // PAIR * seat.tokens, seat.layout.features_each // PAIR * seat.tokens
    cos, sin, other = (role.memory(name, most, bank=OTHER_BANK).at(0, pairs) for name in ("cos", "sin", "products"))
    for number, combine in ((0, role.fsubs), (1, role.fadds)):
        here, there, dest = _of_pairs(x, number, seat), _of_pairs(x, 1 - number, seat), _of_pairs(y, number, seat)
        role.fmuls(dest, here, cos)
        role.fmuls(other, there, sin)
        combine(dest, dest, other)
    seat.output(y)


def _of_pairs(values: Mem, number: int, seat: FeatureSeat) -> Mem:
    """Return the first or the second features of all pairs."""
    tokens = seat.tokens
    start = values.at(number * tokens, values.length - number * tokens) if values.length else values
    return start.grid(seat.features // PAIR, tokens, row_stride=PAIR * tokens)


def meaning(layout: FeatureLayout, x: Array, cos: Array, sin: Array) -> Array:
    """Return the turned pairs."""
    turned = np.empty_like(x)
    turned[:, ::2] = x[:, ::2] * cos - x[:, 1::2] * sin
    turned[:, 1::2] = x[:, 1::2] * cos + x[:, ::2] * sin
    return layout.stored(turned)


def lay_pairs(layout: FeatureLayout, values: Array) -> Array:
    """Return [token, pair] as [row, column, element]."""
    return layout.scaled(1 / PAIR).lay(values)


PROGRAM = feature_kernel(
    name="rotary", doc=__doc__, operands=operands, body=body, meaning=meaning, unit=PAIR,
    lay=dict.fromkeys(("cos", "sin"), lay_pairs),
)  # fmt: skip
