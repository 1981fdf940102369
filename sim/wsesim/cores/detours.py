"""Links that reach past cores that do not work, and how much longer wavelets take over them.

printed   | c c x c |     the rectangle a program sees is whole: a row skips its defects and shifts by one (`Die`);
row 0     | 0 1   2 |     1 to 2 reaches past one core, and 2 of the row below lies a column off
row 1     | 0 1 2   |
"""

from __future__ import annotations

import random

import numpy as np

from wsesim.cores import isa
from wsesim.cores.state import Array
from wsesim.hardware import Wafer

NONE = np.zeros((0, isa.RAMP), np.int32)
"""Of a wafer whose links are all as long."""


def detours(wafer: Wafer, width: int, height: int) -> Array:
    """Return [core, port] cycles that a wavelet takes longer when it came through that port of its sender.

    The rectangle lies at the wafer's first rows and columns. No rows: no link is longer.

    Args:
        wafer: says where its defects are and what a core reached past costs (`die.detour_cycles`).
        width: cores of a row.
        height: rows.
    """
    if not wafer.die.detour_cycles:
        return NONE
    columns = _places(wafer, width, height)
    past = np.zeros((height, width, isa.RAMP), np.int32)
    past[:, 1:, isa.EAST] = past[:, :-1, isa.WEST] = np.diff(columns, axis=1) - 1
    past[1:, :, isa.SOUTH] = past[:-1, :, isa.NORTH] = abs(np.diff(columns, axis=0))
    return wafer.die.detour_cycles * past.reshape(-1, isa.RAMP) if past.any() else NONE


def told_detours(wafer: Wafer, width: int, height: int) -> str:
    """Say how many links of a rectangle are longer; nothing where none is."""
    longer = detours(wafer, width, height)
    if not len(longer):
        return ""
    links = 2 * (width - 1) * height + 2 * width * (height - 1)
    return (
        f"{np.count_nonzero(longer):,} of {links:,} links reach past cores that do not work, as wafer {wafer.die.seed} "
        f"was drawn: {wafer.die.detour_cycles} cycles longer for each, {longer.max():,} at most."
    )


def _places(wafer: Wafer, width: int, height: int) -> Array:
    """Return [row, column] the printed column of each core."""
    die, columns = wafer.die, wafer.all_columns
    bad = die.bad_by_row(columns, wafer.rows, wafer.core.sram_bytes)
    found = np.tile(np.arange(width, dtype=np.int32), (height, 1))
    for row in np.flatnonzero(bad[:height]).tolist():
        printed = range(die.printed(columns))
        defects = set(random.Random(f"{die.seed} {row}").sample(printed, bad[row]))
        found[row] = [column for column in printed if column not in defects][:width]
    return found
