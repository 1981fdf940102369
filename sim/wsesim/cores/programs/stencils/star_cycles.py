"""Cycles of the tiled stencils in closed form: the work of one core, one thing after the other."""

from __future__ import annotations

from wsesim.cores import isa
from wsesim.cores.operands import ELEMENT_BYTES, Mem, Operand, Register
from wsesim.cores.programs.stencils.costs import Costs, costs_of, timing_of
from wsesim.cores.programs.stencils.tile import SIDES, Star
from wsesim.cores.rates import rate_of, row_of
from wsesim.cores.timing import Timing
from wsesim.hardware import Wafer

WEIGHT = Register(0)


def view_cycles(wafer: Wafer, star: Star, op: int, dest: Mem, *sources: Operand) -> int:
    """Return what a vector instruction over the tile takes: whole issues, ends of rows, and reads that collide."""
    operands = (dest, *sources)
    rate = rate_of(wafer.core, op, isa.F32, operands)
    paces = []
    for each in (rate, rate_of(wafer.core, op, isa.F32, operands, most=star.width % rate.per_issue or 1)):
        first, second = (operands[number] for number in each.banks[:2])
        near = False
        if each.banks[0] >= 0 and isinstance(first, Mem) and isinstance(second, Mem):
            apart = (first.cell - second.cell) * ELEMENT_BYTES[isa.F32]
            near = min(apart % each.period, -apart % each.period) < each.reach
        paces.append(each.slow_cycles if near else each.cycles)
    tail = paces[1] if row_of(operands, rate.per_issue) else 0
    return Timing.of(wafer).launch_cycles + star.height * (star.width // rate.per_issue * paces[0] + tail)


def renew_cycles(wafer: Wafer, star: Star, *, accumulates: bool) -> int:
    """Return the cycles of the compute task's instructions."""
    costs = costs_of(wafer)
    cells, result = star.view(Mem(star.words, star.words)), star.view(Mem(0, star.words))
    views = [star.view(Mem(star.words, star.words), shift) for _, shift in star.shifts()]
    scale = view_cycles(wafer, star, isa.MUL, result, cells, WEIGHT)
    if not accumulates:
        return 2 * scale + sum(view_cycles(wafer, star, isa.ADD, result, result, view) for view in views)
    macs = sum(view_cycles(wafer, star, isa.MAC, result, result, view, WEIGHT) for view in views[1:])
    last = view_cycles(wafer, star, isa.MAC, cells, result, cells, WEIGHT)
    return scale + macs + last + (len(views) + 1) * costs.offset_cycles


def star_cycles(wafer: Wafer, star: Star) -> float:
    """Return the cycles of the star stencil whose transfers are microthreads: start, iterations, end."""
    costs, timing = costs_of(wafer), timing_of(wafer)
    sides = len(SIDES)
    prepare = costs.reload_cycles if star.radius == 1 else costs.descriptor_cycles
    loop = timing.task_start_cycles + timing.branch_taken_cycles + costs.turn_cycles + 1 + 2 * sides * (prepare + 1)
    words = 2 * star.edge_words
    compute = timing.task_start_cycles + renew_cycles(wafer, star, accumulates=star.radius > 1) + 1
    counts = 0
    if star.waits:
        counts = 2 * (sides * _count(costs, timing) + _enough(costs, timing))
    return 5 + star.iterations * (loop + words + compute + counts)


def _count(costs: Costs, timing: Timing) -> int:
    """Return the cycles of a task that counts and is not the last."""
    return timing.task_start_cycles + costs.count_cycles + timing.branch_not_taken_cycles


def _enough(costs: Costs, timing: Timing) -> int:
    """Return by how much the last one's are more."""
    return timing.branch_taken_cycles - timing.branch_not_taken_cycles + costs.enough_cycles + 1


def tasks_cycles(wafer: Wafer, star: Star, *, box: bool = False) -> float:
    """Return the cycles of the stencil whose edges arrive by data tasks; of a `box`, corners included, if asked for."""
    costs, timing = costs_of(wafer), timing_of(wafer)
    r, square = star.radius, (2 * star.radius + 1) ** 2
    edges = 2 * [(star.height, r), (r, star.width)] + (4 * [(r, r)] if box else [])
    sides, words = len(edges), sum(rows * columns for rows, columns in edges)
    turns = words * timing.branch_taken_cycles - sum(rows for rows, _ in edges) * (
        timing.branch_taken_cycles - timing.branch_not_taken_cycles
    )
    loop = timing.task_start_cycles + timing.branch_taken_cycles + costs.turn_cycles
    loop += sides * (costs.descriptor_cycles + 1) + words
    stores = words * (timing.task_start_cycles + costs.store_cycles) + turns
    counts = 2 * sides * _count(costs, timing) + _enough(costs, timing) + 3 * sides
    compute = timing.task_start_cycles + renew_cycles(wafer, star, accumulates=True) + sides + 1
    if box:
        view = timing.launch_cycles + star.cells + costs.offset_cycles
        compute += (square - len(star.shifts()) - 1) * view
    return 5 + 5 * sides + star.iterations * (loop + stores + counts + compute)
