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

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array, choice_option
from wsesim.cores.kit.core import KernelCore, KernelSetup
from wsesim.cores.kit.written import kernel
from wsesim.cores.programs.collectives.collective import GROUP_HELP
from wsesim.cores.programs.model.attention import HeadSeat, attend, attended, heads_of, mask_of
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout
from wsesim.cores.programs.model.heads import Heads

MASKS = ("causal", "none")


def asked(setup: KernelSetup) -> Heads:
    """Return how the tokens lie.

    Raises:
        InputError: an option cannot be.
    """
    count, width, tokens = setup.shape
    _is_causal(found := heads_of(setup, count=count, width=width, tokens=tokens))
    return found


def _is_causal(heads: Heads) -> bool:
    return choice_option(heads.layout.options, "mask", MASKS) == "causal"


def operands(heads: Heads, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random queries, keys and values."""
    return {name: heads.layout.draw(random) for name in "qkv"}


def body(core: KernelCore) -> None:
    """Write what one core does."""
    place = HeadSeat(core, asked(core.setup))
    q, k, v = (place.seat.part(name) for name in "qkv")
    attend(place, q, k, v, place.seat.part("y", OTHER_BANK))


def lay(heads: Heads, **given: Array) -> Mapping[str, Array]:
    """Return what each variable begins with, as [row, column, element]."""
    laid = {name: heads.layout.lay(values) for name, values in given.items()}
    return laid | {"mask": mask_of(heads, causal=_is_causal(heads))}


PROGRAM = kernel(
    name="attention-prefill", doc=__doc__, shape_help="HEADS x FEATURES x TOKENS: features of a head, tokens in all",
    example="4x16x32", takes="heads, features of a head and tokens", asked=asked, operands=operands, body=body, lay=lay,
    meaning=lambda heads, q, k, v: attended(q, k, v, heads, causal=_is_causal(heads)), timed=Heads.kinds,
    take=lambda heads, found: FeatureLayout.take(heads.layout, found),
    options={"mask": "causal, or none [causal]", **GROUP_HELP},
)  # fmt: skip
