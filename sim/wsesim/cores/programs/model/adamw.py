"""AdamW on weights that lie on the cores, with gradient and both moments of each: what the store does elsewhere.

  +-----+-----+     +-----+-----+     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2, g scaled first
  |w g  |w g  | --> |w    |w    |     w = kept w - size m / (sqrt(v) / root + epsilon)
  |  m v|  m v|     |  m v|  m v|
  +-----+-----+     +-----+-----+     nothing travels; a root and two divides an element are scalar

The numbers of the step are handed over, as the first core's program cannot know them: what clipping leaves of a
gradient, the betas, what decay keeps, the rate over 1 - beta1^step, the root of 1 - beta2^step, epsilon.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import Array, gather
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel, single

SETTINGS = ("scale", "beta1", "rest1", "beta2", "rest2", "kept", "size", "root", "epsilon")
"""Numbers of a step, in order."""
_TRIED = (0.7, 0.9, 0.1, 0.95, 0.05, 0.8, 0.5, 0.3, 0.2)
_ARRAYS = ("w", "m", "v")


def settings_of(scalars: Mapping[str, float], *, decays: bool) -> Array:
    """Return the numbers of a step from those of the optimizer."""
    step, rate = scalars["step"], scalars["learning_rate"]
    beta1, beta2 = scalars["beta1"], scalars["beta2"]
    kept = 1 - rate * scalars["weight_decay"] if decays else 1.0
    size, root = rate / (1 - beta1**step), (1 - beta2**step) ** 0.5
    return single(
        np.array([scalars["gradient_scale"], beta1, 1 - beta1, beta2, 1 - beta2, kept, size, root, scalars["epsilon"]])
    )


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random weights, gradients and moments."""
    found = {name: layout.draw(random) for name in ("w", "g", "m", "v")}
    return {**found, "v": np.abs(found["v"]) + np.float32(0.1), "settings": single(np.array(_TRIED))}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    role = seat.role
    (w, m), (g, v) = ([seat.part(name, bank) for name in names] for names, bank in (("wm", BANK), ("gv", OTHER_BANK)))
    change, settings = seat.part("change"), role.memory("settings", len(SETTINGS))
    with seat.core.scalars(len(SETTINGS)) as known:
        for number, register in enumerate(known):
            role.load(register, settings.at(number, 1))
        scale, beta1, rest1, beta2, rest2, kept, size, root, epsilon = known
        role.fmuls(g, g, scale)
        role.fmuls(m, m, beta1)
        role.fmuls(change, g, rest1)
        role.fadds(m, m, change)
        role.fmuls(change, g, g)
        role.fmuls(change, change, rest2)
        role.fmuls(v, v, beta2)
        role.fadds(v, v, change)
        role.fmuls(change, m, size)
        _divide(seat, change, v, root, epsilon)
        role.fmuls(w, w, kept)
        role.fsubs(w, w, change)


def _divide(seat: FeatureSeat, change: Mem, v: Mem, root: Register, epsilon: Register) -> None:
    """change = change / (sqrt(v) / root + epsilon)."""
    role = seat.role
    with seat.core.scalars(2) as (below, value):
        for turn in seat.core.repeat(change.length):
            role.load(below, v.at(turn, 1), cost=0)
            role.scalar(isa.FSQRT, below, below)
            role.scalar(isa.FDIV, below, below, root)
            role.scalar(isa.FADD, below, below, epsilon)
            role.load(value, change.at(turn, 1))
            role.scalar(isa.FDIV, value, value, below)
            role.store(change.at(turn, 1), value, cost=0)


def meaning(layout: FeatureLayout, w: Array, g: Array, m: Array, v: Array, settings: Array) -> Array:
    """Return weights and moments after the update, one on top of the other."""
    scale, beta1, rest1, beta2, rest2, kept, size, root, epsilon = settings
    g = g * scale
    m, v = m * beta1 + g * rest1, v * beta2 + g * g * rest2
    return np.vstack([w * kept - m * size / (np.sqrt(v) / root + epsilon), m, v])


def _everywhere(layout: FeatureLayout, settings: Array) -> Array:
    return np.broadcast_to(settings, (layout.rows, layout.columns, len(settings)))


def read(layout: FeatureLayout, ran: CoreMachine) -> Array:
    """Return what the cores left, as `meaning` has it."""
    return np.vstack([layout.take(gather(ran, name)) for name in _ARRAYS])


PROGRAM = feature_kernel(
    name="adamw", doc=__doc__, operands=operands, body=body, meaning=meaning, read=read, precise=True,
    lay={"settings": _everywhere}, shape_help="ROWS x COLUMNS: of a matrix of weights",
)  # fmt: skip
