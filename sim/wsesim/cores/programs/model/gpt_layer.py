"""A whole GPT-2 layer, forward, as one program: each kernel finds its input where the one before left its output.

 x ----+--> norm --> QKV --> scores --> softmax --> weighted sum --> project --+--> x
       +-----------------------------------------------------------------------+
 x ----+--> norm --> up --> GELU --> down --+--> x
       +------------------------------------+

         features -->            tokens lie along y, features along x, all the way; weights lie on the cores of their
        +-----+-----+-----+      input features, the same on all rows. Norms and products add up along rows; keys and
tokens  |  x  |  x  |  x  |      values are collected along columns; the rest is done where the values are.
  |     +-----+-----+-----+
  v     |  x  |  x  |  x  |      Every core runs one task, from its part of x to its part of the layer's result; the
        +-----+-----+-----+      host touches nothing in between. Arithmetic is fp32, attention causal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array, KernelProgram
from wsesim.cores.kit.core import KernelCore, KernelSetup
from wsesim.cores.kit.written import Operands, kernel
from wsesim.cores.operands import Mem
from wsesim.cores.programs.collectives.collective import GROUP_HELP
from wsesim.cores.programs.model import gelu, linear, steps
from wsesim.cores.programs.model.attention import HeadSeat, attend, heads_of, mask_of
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureSeat, single
from wsesim.cores.programs.model.gpt_reference import FEED_FORWARD, layer_of, random_weights
from wsesim.cores.programs.model.heads import Heads

FORMS = ("tanh", "erf")


def asked(setup: KernelSetup) -> Heads:
    """Return how the layer lies.

    Raises:
        InputError: an option cannot be.
    """
    tokens, width, heads = setup.shape
    _form(found := heads_of(setup, count=heads, width=width // heads, tokens=tokens))
    return found


def _form(heads: Heads) -> str:
    return gelu.form_of(heads.layout.options, FORMS)


def operands(heads: Heads, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random tokens and weights."""
    x = single(random.standard_normal((heads.layout.tokens, heads.layout.features)))
    return {"x": x, **random_weights(random, heads.layout.features)}


def body(core: KernelCore) -> None:
    """Write what one core does."""
    heads = asked(core.setup)
    seat, inner = FeatureSeat(core, heads.layout), FeatureSeat(core, heads.layout.scaled(FEED_FORWARD))
    x, normed, y = seat.part("x"), seat.part("normed"), seat.part("y", OTHER_BANK)
    sums = seat.per_token("sums")
    _norm(seat, "norm1", normed, x, y, sums)
    packed = linear.multiply(seat, "qkv", normed, 3 * seat.layout.features)
    q, k, v = (seat.part(name) for name in "qkv")
    for number, part in enumerate((q, k, v)):
        linear.keep_own(seat, f"{'qkv'[number]}_bias", packed, part, part=number, parts=3)
    attend(HeadSeat(core, heads), q, k, v, y)
    projected = linear.multiply(seat, "project", y, seat.layout.features)
    linear.keep_own(seat, "project_bias", projected, y)
    core.role.fadds(x, x, y)
    _norm(seat, "norm2", normed, x, y, sums)
    widened = linear.multiply(seat, "up", normed, inner.layout.features)
    up, passed = inner.part("widened"), inner.part("passed", OTHER_BANK)
    linear.keep_own(inner, "up_bias", widened, up)
    gelu.pass_through(inner, passed, up, _form(heads))
    narrowed = linear.multiply(inner, "down", passed, seat.layout.features)
    linear.keep_own(seat, "down_bias", narrowed, y)
    core.role.fadds(y, x, y)


def _norm(seat: FeatureSeat, name: str, normed: Mem, x: Mem, scratch: Mem, sums: Mem) -> None:
    """normed = layer norm of x, with its own scale and bias."""
    scale, bias = (seat.per_feature(f"{name}_{part}") for part in ("scale", "bias"))
    seat.role.fmovs(normed, x)
    steps.normalise(seat, scratch, normed, sums, centred=True)
    seat.role.fmovs(normed, scratch)
    steps.scale(seat, normed, scale)
    steps.shift(seat, normed, bias)


def lay(heads: Heads, **given: Array) -> Mapping[str, Array]:
    """Return what each variable begins with, as [row, column, element]."""
    layout, inner = heads.layout, heads.layout.scaled(FEED_FORWARD)
    found = {"x": layout.lay(given["x"]), "mask": mask_of(heads, causal=True)}
    for name in ("norm1_scale", "norm1_bias", "project_bias", "norm2_scale", "norm2_bias", "down_bias"):
        found[name] = layout.lay_features(given[name])
    for name, bias in zip("qkv", np.split(given["qkv_bias"], 3), strict=True):
        found[f"{name}_bias"] = layout.lay_features(bias)
    for name in ("qkv", "project", "up"):
        found[name] = linear.lay_weights(layout, given[name])
    return found | {"up_bias": inner.lay_features(given["up_bias"]), "down": linear.lay_weights(inner, given["down"])}


def layer_kernel(operands: Operands) -> KernelProgram:
    """Return the layer of tokens and weights that *operands* returns."""
    return kernel(
        name="gpt-layer", doc=__doc__, example="8x32x2", takes="tokens, width, and heads that divide it", asked=asked,
        shape_help="TOKENS x WIDTH x HEADS: tokens in all, features of each, heads in all", operands=operands,
        body=body, fits=lambda _, width, heads: width % heads == 0, lay=lay, timed=Heads.kinds,
        meaning=lambda heads, x, **weights: layer_of(heads, _form(heads), x, weights),
        take=lambda heads, found: heads.layout.take(found),
        options={"form": "of GELU: tanh or erf [tanh]", **GROUP_HELP},
    )  # fmt: skip


PROGRAM = layer_kernel(operands)
