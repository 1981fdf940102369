"""Attention of all tokens to one another: scores, mask, softmax, weighted sum.

          features, head by head -->       a core has the queries, keys and values of its tokens (y) and features (x)
         +-------+-------+-------+
 tokens  | q k v | q k v | q k v |         1  columns: all cores collect the keys and values of their features
   |     +-------+-------+-------+         2  each core: for each feature and token an AXPY over all keys
   v     | q k v | q k v | q k v |         3  columns of a head: allreduce of the scores along the row
         +-------+-------+-------+         4  each core: softmax of its tokens' scores, for the heads it has part in
          head 0 ... | ... head 1          5  each core: products with the values, summed over all keys

Where columns and heads divide, the columns of a head (or a few) sum their scores on their own; else whole rows do.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import (
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
from wsesim.cores.programs.collectives.collective import GROUP_HELP
from wsesim.cores.programs.model.attention import HeadSeat, attend, attended, mask_of, timed_cores, write_cores
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, draw
from wsesim.cores.programs.model.heads import Heads
from wsesim.hardware import Wafer

NAME = "attention-prefill"
MASKS = ("causal", "none")


def body(core: KernelWriter, place: HeadSeat) -> None:
    """Write what one core does."""
    seat = place.seat
    q, k, v = (seat.own(seat.array(core, name)) for name in ("q", "k", "v"))
    attend(core, place, q, k, v, seat.own(seat.array(core, "y", OTHER_BANK)))


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the attention loaded onto its cores, with random queries, keys and values."""
    first, causal = _place(grid, shape, options), _is_causal(options)
    layout, random = first.heads.layout, np.random.default_rng(seed)
    q, k, v = (draw(random, (layout.tokens, layout.features), {}) for _ in range(3))
    builder = Builder(wafer, width=grid[0], height=grid[1])
    write_cores(builder, first, body)
    machine = CoreMachine(builder)
    for name, values in (("q", q), ("k", k), ("v", v)):
        scatter(machine, name, layout.lay(values))
    scatter(machine, "mask", mask_of(first, causal=causal))
    return Prepared(
        machine=machine, read=lambda ran: layout.take(gather(ran, "y")),
        expected=attended(q, k, v, first, causal=causal),
        counts={"macs": 2 * layout.tokens**2 * layout.features},
    )  # fmt: skip


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles of the busiest column: collection, AXPY passes, an allreduce, softmax, products."""
    _is_causal(options)
    return max(core.cycles for core in timed_cores(wafer, _place(grid, shape, options), body))


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of the variables of a core."""
    return max(core.role.data_bytes for core in timed_cores(wafer, _place(grid, shape, options), body))


def _is_causal(options: Options) -> bool:
    return choice_option(options, "mask", MASKS) == "causal"


def _place(grid: Grid, shape: Shape, options: Options) -> HeadSeat:
    """Return the first core's place.

    Raises:
        InputError: the shape is not three sizes of 1 or more.
    """
    sizes_of(NAME, shape, "heads, features of a head and tokens", "4x16x32")
    layout = FeatureLayout(columns=grid[0], rows=grid[1], tokens=shape[2], features=shape[0] * shape[1])
    return HeadSeat(heads=Heads(layout=layout, heads=shape[0]), column=0, row=0, options=options)


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="HEADS x FEATURES x TOKENS: features of a head, tokens in all",
    prepare=prepare,
    closed=closed,
    need=need,
    options={"mask": "causal, or none [causal]", **GROUP_HELP},
)
