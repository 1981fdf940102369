"""Cycles of the tiled stencils in closed form: the work of one core, one thing after the other."""

from __future__ import annotations

from wsesim.cores.programs.durations import written_cycles
from wsesim.cores.programs.stencils.arithmetic import accumulate, scale_and_add
from wsesim.cores.programs.stencils.costs import Costs, costs_of
from wsesim.cores.programs.stencils.tile import SIDES, Star
from wsesim.cores.role import Role
from wsesim.cores.timing import Timing
from wsesim.hardware import Wafer


def renew_cycles(wafer: Wafer, star: Star, *, accumulates: bool) -> int:
    """Return the cycles of the compute task's instructions."""

    def write(role: Role) -> None:
        result, cells = role.memory("result", star.words), role.memory("cells", star.words)
        weights = [role.register() for _ in star.weights]
        if accumulates:
            accumulate(role, star, cells, result, weights, offset_cycles=costs_of(wafer).offset_cycles)
        else:
            scale_and_add(role, star, cells, result, *weights)

    return written_cycles(wafer, write)


def star_cycles(wafer: Wafer, star: Star) -> float:
    """Return the cycles of the star stencil whose transfers are microthreads: start, iterations, end."""
    costs, timing = costs_of(wafer), Timing.of(wafer)
    sides = len(SIDES)
    prepare = costs.reload_cycles if star.radius == 1 else costs.descriptor_cycles
    loop = timing.activation_cycles + timing.branch_taken_cycles + costs.turn_cycles + 1 + 2 * sides * (prepare + 1)
    words = 2 * star.edge_words
    compute = timing.activation_cycles + renew_cycles(wafer, star, accumulates=star.radius > 1) + 1
    counts = 0
    if star.waits:
        counts = 2 * (sides * _count(costs, timing) + _enough(costs, timing))
    return timing.task_start_cycles + 5 + star.iterations * (loop + words + compute + counts)


def _count(costs: Costs, timing: Timing) -> int:
    """Return the cycles of a task that counts and is not the last."""
    return timing.activation_cycles + costs.count_cycles + timing.branch_not_taken_cycles


def _enough(costs: Costs, timing: Timing) -> int:
    """Return by how much the last one's are more."""
    return timing.branch_taken_cycles - timing.branch_not_taken_cycles + costs.enough_cycles + 1


def tasks_cycles(wafer: Wafer, star: Star, *, box: bool = False) -> float:
    """Return the cycles of the stencil whose edges arrive by data tasks; of a `box`, corners included, if asked for."""
    costs, timing = costs_of(wafer), Timing.of(wafer)
    r, square = star.radius, (2 * star.radius + 1) ** 2
    edges = 2 * [(star.height, r), (r, star.width)] + (4 * [(r, r)] if box else [])
    sides, words = len(edges), sum(rows * columns for rows, columns in edges)
    turns = words * timing.branch_taken_cycles - sum(rows for rows, _ in edges) * (
        timing.branch_taken_cycles - timing.branch_not_taken_cycles
    )
    loop = timing.activation_cycles + timing.branch_taken_cycles + costs.turn_cycles
    loop += sides * (costs.descriptor_cycles + 1) + words
    stores = words * (timing.task_start_cycles + costs.store_cycles) + turns
    counts = 2 * sides * _count(costs, timing) + _enough(costs, timing) + 3 * sides
    compute = timing.activation_cycles + renew_cycles(wafer, star, accumulates=True) + sides + 1
    if box:
        view = timing.launch_cycles + star.cells + costs.offset_cycles
        compute += (square - len(star.shifts()) - 1) * view
    return timing.task_start_cycles + 5 + 5 * sides + star.iterations * (loop + stores + counts + compute)
