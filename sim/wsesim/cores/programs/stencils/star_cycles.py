"""Cycles of the tiled stencils in closed form: the work of one core, one thing after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from wsesim.cores.issues import WORD_BYTES
from wsesim.cores.kit.durations import residues, written_cycles
from wsesim.cores.operands import Mem
from wsesim.cores.programs.stencils.arithmetic import accumulate, accumulate_view, scale_and_add
from wsesim.cores.programs.stencils.tile import SIDES, Star
from wsesim.cores.role import CoreRole
from wsesim.hardware import Wafer


def renew_cycles(wafer: Wafer, star: Star, *, accumulates: bool) -> int:
    """Return the cycles of the compute task's instructions.

    Views at distances that are the same modulo the banks take the same time: only the nearest of them are written.
    """
    if not accumulates:
        return written_cycles(
            wafer, lambda role: scale_and_add(role, star, *_arrays(role, star), role.register(), role.register())
        )
    turn = wafer.core.word_period_bytes // WORD_BYTES
    nearest = star.distances[:turn]

    def cycles(distances: Sequence[int]) -> int:
        def write(role: CoreRole) -> None:
            weights = (1 + len(nearest)) * [role.register()]
            offset_cycles = wafer.code.stencil_offset_cycles
            accumulate(role, star, *_arrays(role, star), weights, distances, offset_cycles=offset_cycles)

        return written_cycles(wafer, write)

    once = cycles([1])
    farther = sum((cycles([1, near]) - once) * (len(star.distances[near - 1 :: turn]) - 1) for near in nearest)
    return cycles(nearest) + farther


def _arrays(role: CoreRole, star: Star) -> tuple[Mem, Mem]:
    """Return the cells and their sums, where the program has them."""
    result, cells = role.memory("result", star.words), role.memory("cells", star.words)
    return cells, result


def star_cycles(wafer: Wafer, star: Star) -> float:
    """Return the cycles of the star stencil whose transfers are microthreads: start, iterations, end.

    Where tasks go first, words move in the cycles that their branches wait.
    """
    code, core = wafer.code, wafer.core
    sides = len(SIDES)
    prepare = code.stencil_reload_cycles if star.radius == 1 else code.stencil_descriptor_cycles
    loop = core.activation_cycles + core.branch_taken_cycles + code.stencil_turn_cycles + 1 + 2 * sides * (prepare + 1)
    words = 2 * star.edge_words
    compute = core.activation_cycles + renew_cycles(wafer, star, accumulates=star.radius > 1) + 1
    counts = 0
    if star.waits:
        counts = 2 * (sides * _count(wafer) + _enough(wafer))
        idle = 2 * sides * (core.branch_not_taken_cycles - 1)
        words -= min(words, idle) if code.stencil_transfers_yield else 0
    return core.task_launch_cycles + 5 + star.iterations * (loop + words + compute + counts)


def _count(wafer: Wafer) -> int:
    """Return the cycles of a task that counts and is not the last."""
    code, core = wafer.code, wafer.core
    return core.activation_cycles + code.stencil_count_cycles + core.branch_not_taken_cycles


def _enough(wafer: Wafer) -> int:
    """Return by how much the last one's are more."""
    code, core = wafer.code, wafer.core
    return core.branch_taken_cycles - core.branch_not_taken_cycles + code.stencil_enough_cycles + 1


def tasks_cycles(wafer: Wafer, star: Star, *, box: bool = False) -> float:
    """Return the cycles of the stencil whose edges arrive by data tasks; of a `box`, corners included, if asked for."""
    code, core = wafer.code, wafer.core
    r = star.radius
    edges = 2 * [(star.height, r), (r, star.width)] + (4 * [(r, r)] if box else [])
    sides, words, rows = len(edges), sum(rows * columns for rows, columns in edges), sum(rows for rows, _ in edges)
    branches = (words - rows) * core.branch_taken_cycles + rows * core.branch_not_taken_cycles
    loop = core.activation_cycles + core.branch_taken_cycles + code.stencil_turn_cycles
    loop += sides * (code.stencil_descriptor_cycles + 1) + words
    stores = words * (core.task_launch_cycles + code.stencil_store_cycles) + (branches if r > 1 else 0)
    counts = 2 * sides * _count(wafer) + _enough(wafer) + 3 * sides
    compute = core.activation_cycles + copied_cycles(wafer, star, box=box) + sides + 1
    return core.task_launch_cycles + 5 + 5 * sides + star.iterations * (loop + stores + counts + compute)


def copied_cycles(wafer: Wafer, star: Star, *, box: bool = False) -> int:
    """Return the cycles to scale the centre, accumulate all other views and copy the sums into the tile."""
    turn = wafer.core.word_period_bytes // WORD_BYTES

    def ends(role: CoreRole) -> None:
        cells, result = _arrays(role, star)
        role.fmuls(star.view(result), star.view(cells), role.register())
        role.fmovs(star.view(cells), star.view(result))

    def view(role: CoreRole, shift: int) -> None:
        cells, result = _arrays(role, star)
        accumulate_view(role, star, cells, result, role.register(), shift)

    counts = _views(star, turn, box=box)
    views = sum(count * written_cycles(wafer, partial(view, shift=shift)) for shift, count in enumerate(counts))
    return written_cycles(wafer, ends) + views


def _views(star: Star, turn: int, *, box: bool) -> list[int]:
    """Return how many views but the centre lie 0, 1, ... words, modulo *turn*, from it."""
    r, shifts = star.radius, range(turn)

    def line(step: int) -> list[int]:
        found = residues(2 * r + 1, step % turn, turn)
        return [found[(shift + r * step) % turn] for shift in shifts]

    along, down = line(1), line(star.pitch)
    found = [along[shift] + down[shift] for shift in shifts]
    if box:
        found = [sum(along[each] * down[shift - each] for each in shifts) for shift in shifts]
    found[0] -= 1 if box else 2  # the centre, which lies on both lines
    return found
