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

import numpy as np

from wsesim.cores.kit.base import Options
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model.feature import (
    OTHER_BANK,
    PRECISION_HELP,
    FeatureLayout,
    FeatureSeat,
    HostData,
    draw,
    feature_kernel,
    stored,
)

BASE = 10000.0
"""RoFormer, arXiv 2104.09864, section 3.2.2."""
PAIR = 2


def body(core: KernelWriter, seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y, role = seat.input(core, "x"), seat.result(core), core.role
    pairs, most = seat.features // PAIR * seat.tokens, seat.layout.features_each // PAIR * seat.tokens
    cos, sin = (role.memory(name, most, bank=OTHER_BANK).at(0, pairs) for name in ("cos", "sin"))
    other = role.memory("products", most, bank=OTHER_BANK).at(0, pairs)
    for number, combine in ((0, role.fsubs), (1, role.fadds)):
        here, there, dest = _of_pairs(x, number, seat), _of_pairs(x, 1 - number, seat), _of_pairs(y, number, seat)
        role.fmuls(dest, here, cos)
        role.fmuls(other, there, sin)
        combine(dest, dest, other)
    seat.output(core, y)


def _of_pairs(values: Mem, number: int, seat: FeatureSeat) -> Mem:
    """Return the first or the second features of all pairs."""
    tokens = seat.tokens
    start = values.at(number * tokens, values.length - number * tokens) if values.length else values
    return start.grid(seat.features // PAIR, tokens, row_stride=PAIR * tokens)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random tokens, sines and cosines, and the turned pairs."""
    x = draw(random, (layout.tokens, layout.features), options)
    angle = np.arange(layout.tokens)[:, None] * BASE ** (-np.arange(0, layout.features, PAIR) / layout.features)
    cos, sin = (values.astype(np.float32) for values in (np.cos(angle), np.sin(angle)))
    expected, pairs = np.empty_like(x), layout.scaled(1 / PAIR)
    expected[:, ::2] = x[:, ::2] * cos - x[:, 1::2] * sin
    expected[:, 1::2] = x[:, 1::2] * cos + x[:, ::2] * sin
    return HostData(
        loads={"x": layout.lay(x), "cos": pairs.lay(cos), "sin": pairs.lay(sin)}, expected=stored(expected, options)
    )


PROGRAM = feature_kernel(name="rotary", doc=__doc__, body=body, host=host, options=PRECISION_HELP, unit=PAIR)
