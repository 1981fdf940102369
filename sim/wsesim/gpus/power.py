"""The clock that a board's power limit leaves, and the power that is drawn.

Energy of arithmetic falls with the clock, as voltage does: at a share f of the boost clock a FLOP takes f of its
energy (voltage as the square root of the clock). The limit holds over many milliseconds, so over a step as a whole.
"""

from __future__ import annotations

from math import sqrt

from wsesim.gpus.kernels import Load
from wsesim.gpus.load import Gpu

LEAST_CLOCK = 0.3
"""Share of the boost clock below which no board falls. Assumed."""


def clock_share(gpu: Gpu, load: Load, other_s: float) -> float:
    """Return the share of the boost clock at which *load*, and *other_s* of waiting, take the board's limit."""
    chip, practice = gpu.chip, gpu.practice
    if load.core_s <= 0:
        return 1.0
    left_w = chip.board_w * (1 - practice.static_share)
    rest_s = load.seconds - load.core_s + other_s
    memory_j = load.memory_bytes * practice.picojoules_per_byte * 1e-12
    slack = left_w * rest_s - memory_j
    share = (slack + sqrt(slack * slack + 4 * load.core_j * left_w * load.core_s)) / (2 * load.core_j)
    return min(1.0, max(LEAST_CLOCK, share))


def board_w(gpu: Gpu, load: Load, total_s: float, share: float) -> float:
    """Return the mean power of a board over *total_s* in which it does *load* at a *share* of the boost clock."""
    chip, practice = gpu.chip, gpu.practice
    work_j = load.core_j * share + load.memory_bytes * practice.picojoules_per_byte * 1e-12
    return min(chip.board_w, practice.static_share * chip.board_w + work_j / total_s)
