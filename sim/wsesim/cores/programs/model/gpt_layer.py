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

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    choice_option,
    gather,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Mem
from wsesim.cores.programs.collectives.collective import GROUP_HELP
from wsesim.cores.programs.model import gelu, linear, steps
from wsesim.cores.programs.model.attention import HeadSeat, attend, mask_of, timed_cores, write_cores
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, seat_of
from wsesim.cores.programs.model.gpt_reference import FEED_FORWARD, LayerWeights, layer_of, random_weights
from wsesim.cores.programs.model.heads import Heads
from wsesim.hardware import Wafer

NAME = "gpt-layer"
FORMS = ("tanh", "erf")


def body(core: KernelWriter, place: HeadSeat) -> None:
    """Write what one core does."""
    seat, inner = place.seat, _inner(place)
    x, normed, y = (
        seat.own(seat.array(core, "x")),
        seat.own(seat.array(core, "normed")),
        seat.own(seat.array(core, "y", OTHER_BANK)),
    )
    sums = steps.token_values(core, seat, "sums")
    _norm(core, seat, "norm1", normed, x, y, sums)
    packed = linear.multiply(core, seat, "qkv", normed, 3 * seat.layout.features)
    q, k, v = (seat.own(seat.array(core, name)) for name in "qkv")
    for number, part in enumerate((q, k, v)):
        linear.keep_own(core, seat, f"{'qkv'[number]}_bias", packed, part, part=number, parts=3)
    attend(core, place, q, k, v, y)
    projected = linear.multiply(core, seat, "project", y, seat.layout.features)
    linear.keep_own(core, seat, "project_bias", projected, y)
    core.role.fadds(x, x, y)
    _norm(core, seat, "norm2", normed, x, y, sums)
    widened = linear.multiply(core, seat, "up", normed, inner.layout.features)
    up, passed = inner.own(inner.array(core, "widened")), inner.own(inner.array(core, "passed", OTHER_BANK))
    linear.keep_own(core, inner, "up_bias", widened, up)
    if choice_option(place.options, "form", FORMS) == "erf":
        gelu.by_erf(core, passed, up, *gelu.erf_scratch(core, inner))
    else:
        gelu.by_tanh(core, passed, up)
    narrowed = linear.multiply(core, inner, "down", passed, seat.layout.features)
    linear.keep_own(core, seat, "down_bias", narrowed, y)
    core.role.fadds(y, x, y)


def _inner(place: HeadSeat) -> FeatureSeat:
    """Return the core's place among the features between the feed-forward part's matrices."""
    layout = place.heads.layout.scaled(FEED_FORWARD)
    return seat_of(layout, place.column, place.options, place.seat.line.colors)


def _norm(core: KernelWriter, seat: FeatureSeat, name: str, normed: Mem, x: Mem, scratch: Mem, sums: Mem) -> None:
    """normed = layer norm of x, with its own scale and bias."""
    scale, bias = (steps.feature_values(core, seat, f"{name}_{part}") for part in ("scale", "bias"))
    core.role.fmovs(normed, x)
    steps.normalise(core, seat, scratch, normed, sums, centred=True)
    core.role.fmovs(normed, scratch)
    steps.scale(core, normed, scale, seat.features, seat.tokens)
    steps.shift(core, normed, bias, seat.features, seat.tokens)


def load_layer(
    wafer: Wafer, grid: Grid, x: Array, weights: LayerWeights, *, heads: int, options: Options | None = None
) -> Prepared:
    """Return the layer loaded onto its cores with *x* [token, feature] and *weights*.

    Raises:
        ProgramError: it does not fit the cores' memory.
    """
    chosen, builder = dict(options or {}), Builder(wafer, width=grid[0], height=grid[1])
    layout = FeatureLayout(columns=grid[0], rows=grid[1], tokens=x.shape[0], features=x.shape[1])
    first = HeadSeat(heads=Heads(layout=layout, heads=heads), column=0, row=0, options=chosen)
    write_cores(builder, first, body, rows=True)
    machine = CoreMachine(builder)
    for name, values in _loads(first, x, weights).items():
        scatter(machine, name, values)
    form = choice_option(chosen, "form", FORMS)
    return Prepared(
        machine=machine, read=lambda ran: layout.take(gather(ran, "y")), expected=layer_of(x, weights, first, form),
        counts={"macs": _macs(layout)},
    )  # fmt: skip


def _loads(place: HeadSeat, x: Array, weights: LayerWeights) -> dict[str, Array]:
    """Return what each variable begins with, as [row, column, element]."""
    layout, inner = place.heads.layout, _inner(place).layout
    found = {"x": layout.lay(x), "mask": mask_of(place, causal=True), "up_bias": inner.lay_features(weights.up_bias)}
    for name in ("norm1_scale", "norm1_bias", "project_bias", "norm2_scale", "norm2_bias", "down_bias"):
        found[name] = layout.lay_features(getattr(weights, name))
    for name, bias in zip("qkv", np.split(weights.qkv_bias, 3), strict=True):
        found[f"{name}_bias"] = layout.lay_features(bias)
    for name in ("qkv", "project", "up"):
        found[name] = linear.lay_weights(layout, getattr(weights, name))
    return found | {"down": linear.lay_weights(inner, weights.down)}


def _macs(layout: FeatureLayout) -> int:
    """Return the multiply-accumulates of the four matrices, and of scores and weighted sum."""
    width = layout.features
    return layout.tokens * width * ((4 + 2 * FEED_FORWARD) * width + 2 * layout.tokens)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the layer loaded onto its cores, with random tokens and weights."""
    first, random = _place(grid, shape, options), np.random.default_rng(seed)
    layout = first.heads.layout
    x = random.standard_normal((layout.tokens, layout.features)).astype(np.float32).astype(np.float64)
    return load_layer(wafer, grid, x, random_weights(random, layout.features), heads=first.heads.heads, options=options)


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles of the busiest column, one kernel after the other."""
    choice_option(options, "form", FORMS)
    return max(core.cycles for core in timed_cores(wafer, _place(grid, shape, options), body))


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of the variables of a core."""
    return max(core.role.data_bytes for core in timed_cores(wafer, _place(grid, shape, options), body))


def _place(grid: Grid, shape: Shape, options: Options) -> HeadSeat:
    """Return the first core's place.

    Raises:
        InputError: the shape is not three sizes of 1 or more, heads dividing the width.
    """
    takes = "tokens, width, and heads that divide it"
    sizes_of(NAME, shape, takes, "8x32x2", fits=lambda _, width, heads: width % heads == 0)
    layout = FeatureLayout(columns=grid[0], rows=grid[1], tokens=shape[0], features=shape[1])
    return HeadSeat(heads=Heads(layout=layout, heads=shape[2]), column=0, row=0, options=options)


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="TOKENS x WIDTH x HEADS: tokens in all, features of each, heads in all",
    prepare=prepare,
    closed=closed,
    need=need,
    options={"form": "of GELU: tanh or erf [tanh]", **GROUP_HELP},
)
