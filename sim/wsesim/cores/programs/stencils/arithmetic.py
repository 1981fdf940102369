"""How a core renews its tile once all edges are there: vector instructions over shifted views of the tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.stencils.tile import Star
from wsesim.cores.role import CoreRole

Renew = Callable[[Star, Array, Sequence[Array]], Array]
"""(stencil, cells, views) -> the cells after an iteration as cores compute them; *views* are the neighbours, in the
order of `star.shifts`."""


def spend(role: CoreRole, instructions: int) -> None:
    """Write so many scalar instructions of a cycle each: microthreads get the cycles between them, not theirs."""
    for _ in range(instructions):
        role.wait(1)


def load_weights(role: CoreRole, weights: tuple[float, ...]) -> list[Register]:
    """Write instructions that set registers to the weights; return them."""
    registers = [role.register() for _ in weights]
    for register, weight in zip(registers, weights, strict=True):
        role.set(register, weight, kind=isa.F32)
    return registers


def scale_and_add(role: CoreRole, star: Star, cells: Mem, result: Mem, ratio: Register, weight: Register) -> None:
    """Write radius 1: scale the centre by its weight over the neighbours', add four views, scale the sum back."""
    tile, total = star.view(cells), star.view(result)
    role.fmuls(total, tile, ratio)
    for _, shift in star.shifts([1]):
        role.fadds(total, total, star.view(cells, shift))
    role.fmuls(tile, total, weight)


def accumulate(
    role: CoreRole, star: Star, cells: Mem, result: Mem, weights: Sequence[Register], distances: Sequence[int], *,
    offset_cycles: int,
) -> None:  # fmt: skip
    """Write any radius: multiply and accumulate views at all *distances*, the centre last and back into the tile."""
    tile, total = star.view(cells), star.view(result)
    for number, (distance, shift) in enumerate(star.shifts(distances)):
        spend(role, offset_cycles)
        if number == 0:
            role.fmuls(total, star.view(cells, shift), weights[distance])
        else:
            role.fmacs(total, total, star.view(cells, shift), weights[distance])
    spend(role, offset_cycles)
    role.fmacs(tile, total, tile, weights[0])


def accumulate_and_copy(role: CoreRole, star: Star, cells: Mem, result: Mem, weights: Sequence[Register]) -> None:
    """Write any radius: scale the centre, multiply and accumulate all other views, copy the sums into the tile."""
    tile, total = star.view(cells), star.view(result)
    role.fmuls(total, tile, weights[0])
    for distance, shift in star.shifts(star.distances):
        accumulate_view(role, star, cells, result, weights[distance], shift)
    role.fmovs(tile, total)


def accumulate_view(role: CoreRole, star: Star, cells: Mem, result: Mem, weight: Register, shift: int) -> None:
    """Write one view's part: its descriptor moves off the centre, then it is multiplied and accumulated."""
    spend(role, role.wafer.code.stencil_offset_cycles)
    role.fmacs(star.view(result), star.view(result), star.view(cells, shift), weight)


def scaled_sum(star: Star, cells: Array, views: Sequence[Array]) -> Array:
    """Return what `scale_and_add` makes of the cells."""
    own, around = (np.float32(weight) for weight in star.weights)
    return np.asarray(replay.running([cells * (own / around), *views]) * around)


def accumulated_sum(star: Star, cells: Array, views: Sequence[Array]) -> Array:
    """Return what `accumulate` makes of the cells."""
    own, *around = (np.float32(weight) for weight in star.weights)
    total = views[0] * around[0]
    for view, (distance, _, _) in zip(views[1:], star.turns[1:], strict=True):
        total = replay.mac(total, view, around[distance - 1])
    return replay.mac(total, cells, own)


def copied_sum(star: Star, cells: Array, views: Sequence[Array]) -> Array:
    """Return what `accumulate_and_copy` makes of the cells."""
    own, *around = (np.float32(weight) for weight in star.weights)
    total = cells * own
    for view, (distance, _, _) in zip(views, star.turns, strict=True):
        total = replay.mac(total, view, around[distance - 1])
    return np.asarray(total)
