"""Which strips each option has at its ends: the quickest of all that leave room for its stages.

More rows are quicker and leave less room: beside each strip above, an option has the quickest of those below that it
has rows for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.resident_ops import TokenStep
from wsesim.mapping.resident.options import Counts
from wsesim.mapping.resident.room import WaferRoom
from wsesim.mapping.resident.stage_times import Cycles
from wsesim.mapping.resident.tables import StripChoice, TableStrips, strip_cycles

Both = Callable[[np.float64, Cycles], Cycles]
"""Of the cycles of a strip above and of some below: what counts."""


def quickest_strips(
    choices: Sequence[StripChoice], room: WaferRoom, wafers: Counts
) -> tuple[tuple[TableStrips, ...], Counts, Counts]:
    """Return the strips that options have, which options those are, and the number of the strips of each.

    Args:
        choices: strips on one wafer, on several.
        room: of the options.
        wafers: of each option, as many as have room beside the lowest strips.

    Returns:
        Those of as many rows, stages above each other and wafers have the same. Every option has the strips that are
        quickest for one token, and stands once more with each others that are quickest where more write side by side,
        or whose busier end is.
    """
    _, one, like = np.unique(_alike(room.options.rows, room.down, wafers), return_index=True, return_inverse=True)
    found = np.stack([*_numbers(choices, room.some(one), wafers[one])])[:, like]
    fresh = np.stack([(found[:rank] != numbers).all(axis=0) for rank, numbers in enumerate(found)])
    rank, which = np.nonzero(fresh)
    used, strip = np.unique(found[rank, which], return_inverse=True)
    starts = _starts(choices)
    kinds = np.searchsorted(starts, used, side="right") - 1
    strips = tuple(choices[kind].pair(int(number - starts[kind])) for kind, number in zip(kinds, used, strict=True))
    return strips, which, strip


def _alike(*several: Counts) -> Counts:
    """Return one number for each element, the same where all of *several* are the same."""
    found = np.zeros_like(several[0])
    for each in several:
        found = found * (each.max(initial=0) + 1) + each
    return found


def _numbers(choices: Sequence[StripChoice], room: WaferRoom, wafers: Counts) -> Iterator[Counts]:
    """Yield the number of the strips of each option for one thing that counts after another."""
    request = room.request
    for batch, both in (*((size, np.add) for size in request.groups), (request.batch, np.maximum)):
        step, number = TokenStep(positions=1, batch=batch), np.zeros(len(wafers), int)
        for start, choice in zip(_starts(choices), choices, strict=True):
            cycles = [strip_cycles(request, strips, step, batch) for strips in (choice.above, choice.below)]
            here = choice.one_wafer == (wafers == 1)
            number[here] = start + _quickest(choice, cycles, both, room.some(here), wafers[here])
        yield number


def _starts(choices: Sequence[StripChoice]) -> Counts:
    """Return the number of the first pair of each choice, as all pairs are numbered."""
    pairs = np.array([len(one.above) * len(one.below) for one in choices], int)
    found: Counts = np.cumsum(pairs) - pairs
    return found


def _quickest(
    choice: StripChoice, cycles: Sequence[Cycles], both: Both, room: WaferRoom, wafers: Counts
) -> Counts:  # fmt: skip
    """Return the number of the quickest pair of a choice that has room beside the stages of each option."""
    above, below = cycles
    rows = [strip.rows_less for strip in choice.below]
    best = _least_so_far(below)
    least, found = np.full(len(wafers), np.inf), np.zeros(len(wafers), int)
    for at, strip in enumerate(choice.above):
        last = np.searchsorted(rows, room.rows_below(strip, wafers), side="right") - 1
        here = np.where(last >= 0, both(above[at], below[best[last]]), np.inf)
        quicker = here < least
        least[quicker], found[quicker] = here[quicker], (at * len(rows) + best[last])[quicker]
    return found


def _least_so_far(cycles: Cycles) -> NDArray[np.int64]:
    """Return for each strip which of those up to it takes the fewest cycles."""
    lower = np.diff(np.minimum.accumulate(cycles), prepend=np.inf) < 0
    found: NDArray[np.int64] = np.maximum.accumulate(np.where(lower, np.arange(len(cycles)), 0))
    return found
