"""How crowded registers are: where more scalars are under way than a core holds, a compiler stores and reloads.

That is not simulated, as it hardly occurs: descriptors have registers of their own, and no code of the vendor's
examples keeps more than 16 words of scalars. Where some does, it is said.
"""

from __future__ import annotations

import numpy as np

from wsesim.csl.image import Image, Operation, TileClass, Type
from wsesim.csl.liveness import live_before
from wsesim.csl.profile.taken import Taken

REGISTER_WORDS = 16
"""Of 16 bits. Source: the SDK's descriptions of the core, both generations."""
MOST_CLASSES = 32
"""Tile classes looked at, those of most cycles."""
_TESTS = (Operation.EQ, Operation.NE, Operation.LT, Operation.LE)


def crowded(image: Image, taken: Taken) -> float:
    """Return the part of the main threads' cycles in which more words of scalars are live than there are registers."""
    ends = np.cumsum([len(tile.steps) for tile in image.classes])
    parts = np.split(taken.main, ends[:-1]) if len(ends) else []
    chosen = sorted(zip(image.classes, parts, strict=True), key=lambda each: -int(each[1].sum()))[:MOST_CLASSES]
    over, whole = 0, max(1, sum(int(cycles.sum()) for _, cycles in chosen))
    for tile, cycles in chosen:
        if cycles.any():
            over += int(cycles[np.array(live_words(tile)) > REGISTER_WORDS].sum())
    return over / whole


def live_words(tile: TileClass) -> list[int]:
    """Return how many words of scalars are live before each step; constants and descriptors take none."""
    steps = tile.steps
    begun = [argument.register for entry in tile.started for argument in entry.arguments]
    widths = dict.fromkeys(begun, 1)
    for step in steps:
        if step.d >= 0:
            words = 1 if step.op in _TESTS else 0 if step.t == Type.U64 else step.t.words
            widths[step.d] = max(widths.get(step.d, 0), words)
    masks = [sum(1 << register for register, words in widths.items() if words > least) for least in range(4)]
    return [sum((live & mask).bit_count() for mask in masks) for live in live_before(steps)]
