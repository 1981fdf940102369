"""-log softmax(logits) at the label of every token, its logits spread over a row of cores.

    vocabulary -->                  on a core: the greatest of its logits of every token
  +----+----+----+----+             row: allreduce of the greatest, subtract
  | x  | x  | x  | x  |   tokens    on a core: who has the label's logit picks it; one exponential a logit, sum
  +----+----+----+----+             row: allreduce of the sums and of the picked logits, zero on all cores but one
   ---> max, sum, x[label] <---     on a core: log of the sum, minus the picked logit; all cores of a row get the loss

The logarithm is made of exponentials: y <- y + 2 (s - e^y) / (s + e^y), which is Halley's method, from y = 0. A turn
takes 2 tanh(d / 2) off the distance d, so the size of the vocabulary says how many turns are enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log, tanh

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import flow, replay
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat, feature_kernel

SPREAD = 2.0
"""Standard deviation of the logits tried out: of each so much is left in a sum that rounding does not hide it."""
CONVERGED = 1e-9
"""Distance from the logarithm that fp32 does not see any more."""


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random logits and labels."""
    x = layout.draw(random, spread=SPREAD)
    return {"x": x, "labels": random.integers(0, layout.features, layout.tokens)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, tokens, role, core = seat.input("x"), seat.tokens, seat.role, seat.core
    labels, losses = role.memory("labels", tokens, isa.I32), role.memory("y", tokens)
    both = seat.per_token("sums and picked", times=2)
    sums, picked = both.at(0, tokens), both.at(tokens, tokens)
    steps.over_features(seat, isa.MAX, sums, x)
    seat.allreduce(sums, isa.MAX)
    role.fsubs(x, x, steps.per_token(sums, seat.features))
    role.fmovs(picked, core.constant(0.0))
    if seat.features:
        _pick(seat, picked, x, labels)
    steps.exponentials(core, x)
    steps.over_features(seat, isa.ADD, sums, x)
    seat.allreduce(both)
    _logarithms(core, losses, sums, turns_of(seat.layout.features))
    role.fsubs(losses, losses, picked)


def _pick(seat: FeatureSeat, picked: Mem, x: Mem, labels: Mem) -> None:
    """Leave in *picked* the value of x at the label of every token whose label this core has."""
    with seat.core.scalars(1) as (value,):
        for token, place in own_labels(seat, labels):
            seat.role.load(value, x.at(place, 1))
            seat.role.store(picked.at(token, 1), value)


def own_labels(seat: FeatureSeat, labels: Mem) -> Iterator[tuple[Register, Register]]:
    """Write what the body of a `for` writes for each token whose label this core has.

    Yields the token, and the place of its label's logit among the core's.
    """
    role, core = seat.role, seat.core
    with core.scalars(4) as (label, first, last, place):
        role.set(first, seat.first)
        role.set(last, seat.first + seat.features - 1)
        for token in core.repeat(seat.tokens):
            role.load(label, labels.at(token, 1))
            with flow.unless_less(role, label, first), flow.unless_less(role, last, label):
                role.iadd(place, label, -seat.first)
                role.imul(place, place, seat.tokens)
                role.iadd(place, place, token)
                yield token, place


def _logarithms(core: KernelWriter, y: Mem, x: Mem, turns: int) -> None:
    """y = log x, for x from 1 on."""
    role, two, zero = core.role, core.constant(2.0), core.constant(0.0)
    with core.scalars(4) as (value, found, grown, part):
        for place in core.repeat(x.length):
            role.load(value, x.at(place, 1), cost=0)
            role.copy(found, zero)
            for _ in core.repeat(turns):
                _halley(core, value, found, grown, part, two)
            role.store(y.at(place, 1), found, cost=0)


def _halley(
    core: KernelWriter, value: Register, found: Register, grown: Register, part: Register, two: Register
) -> None:
    """Bring *found* nearer to the logarithm of *value*."""
    scalar = core.role.scalar
    scalar(isa.FEXP, grown, found)
    scalar(isa.FSUB, part, value, grown)
    scalar(isa.FADD, grown, value, grown)
    scalar(isa.FDIV, part, part, grown)
    scalar(isa.FMUL, part, part, two)
    scalar(isa.FADD, found, found, part)


def turns_of(most: int) -> int:
    """Return the turns that find the logarithm of a number from 1 to *most*."""
    distance, turns = log(most), 0
    while distance > CONVERGED:
        distance -= 2 * tanh(distance / 2)
        turns += 1
    return max(1, turns)


def meaning(layout: FeatureLayout, x: Array, labels: Array) -> Array:
    """Return the loss of every token, which every column must have."""
    shifted = x - x.max(-1, keepdims=True)
    sums = steps.row_sums(replay.exponential(shifted), layout)
    losses = logarithm(sums, turns_of(layout.features)) - np.take_along_axis(shifted, labels[:, None], 1)
    return np.broadcast_to(losses, (layout.tokens, layout.columns))


def logarithm(x: Array, turns: int) -> Array:
    """Return log x as the cores find it."""
    found = np.zeros_like(x)
    for _ in range(turns):
        grown = replay.exponential(found)
        found = found + (x - grown) / (x + grown) * np.float32(2)
    return found


PROGRAM = feature_kernel(
    name="cross-entropy", doc=__doc__, operands=operands, body=body, meaning=meaning, result=FeatureLayout.one_each,
    lay={"labels": FeatureLayout.lay_tokens}, shape_help="TOKENS x VOCABULARY: tokens in all, logits of each",
)  # fmt: skip
