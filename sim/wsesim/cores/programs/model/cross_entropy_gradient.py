"""What a loss hands back: share * (softmax(logits) less 1 at the label) of every token, logits spread over a row.

    vocabulary -->                  on a core: as `cross-entropy`, up to the exponentials and their sum
  +----+----+----+----+             row: allreduce of the greatest, then of the sums
  | x  | x  | x  | x  |   tokens    on a core: times share / sum; who has the label's logit takes the share off
  +----+----+----+----+
   ---> max, sum <-----

The share of a token is one over the labels that the loss is a mean over, times the loss scale; 0 if it has no label.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.cross_entropy import SPREAD, own_labels
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat, feature_kernel, single


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random logits, labels and shares."""
    labels = random.integers(0, layout.features, layout.tokens)
    return {
        "x": layout.draw(random, spread=SPREAD), "labels": labels,
        "share": single(random.uniform(0.5, 1.5, layout.tokens)),
    }  # fmt: skip


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    role, x, tokens, y = seat.role, seat.input("x"), seat.tokens, seat.result()
    labels, share, sums = role.memory("labels", tokens, isa.I32), seat.per_token("share"), seat.per_token("sums")
    steps.over_features(seat, isa.MAX, sums, x)
    seat.allreduce(sums, isa.MAX)
    role.fsubs(y, x, steps.per_token(sums, seat.features))
    steps.exponentials(seat.core, y)
    steps.over_features(seat, isa.ADD, sums, y)
    seat.allreduce(sums)
    steps.reciprocals(seat.core, sums)
    role.fmuls(sums, sums, share)
    role.fmuls(y, y, steps.per_token(sums, seat.features))
    if seat.features:
        _take_off(seat, y, labels, share)
    seat.output(y)


def _take_off(seat: FeatureSeat, y: Mem, labels: Mem, share: Mem) -> None:
    """Take its share off the value at the label of every token whose label this core has."""
    role = seat.role
    with seat.core.scalars(2) as (value, less):
        for token, place in own_labels(seat, labels):
            role.load(value, y.at(place, 1))
            role.load(less, share.at(token, 1))
            role.scalar(isa.FSUB, value, value, less)
            role.store(y.at(place, 1), value)


def meaning(layout: FeatureLayout, x: Array, labels: Array, share: Array) -> Array:
    """Return the gradient of the logits."""
    grown = replay.exponential(x - x.max(-1, keepdims=True))
    found = grown * (np.float32(1) / steps.row_sums(grown, layout) * share[:, None])
    np.put_along_axis(
        found, labels[:, None], np.take_along_axis(found, labels[:, None], 1) - share[:, None], 1
    )  # fmt: skip
    return layout.stored(found)


PROGRAM = feature_kernel(
    name="cross-entropy-gradient", doc=__doc__, operands=operands, body=body, meaning=meaning,
    lay=dict.fromkeys(("labels", "share"), FeatureLayout.lay_tokens),
    shape_help="TOKENS x VOCABULARY: tokens in all, logits of each",
)  # fmt: skip
