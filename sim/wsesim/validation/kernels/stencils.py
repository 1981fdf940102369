"""Stencils on tiles of a plane and on columns of a volume.

Sources: github.com/Jorineg/cerebras, tiled-stencil (`st2d`, the vendor's simulator of the fabric, WSE-2 and WSE-3);
github.com/Elia-Belli/stencil-cerebras, CStencil (`cst`, WSE-3); arXiv 2204.03775 (`st25`, CS-2).
"""

from __future__ import annotations

import re
from functools import cache

from wsesim.cores.programs.base import Grid, Shape
from wsesim.cores.programs.stencils import star, star_cycles, tasks
from wsesim.cores.programs.stencils.columns import largest_block, step_time
from wsesim.cores.programs.stencils.layout import star_of
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

MOST_SIDE = 4
"""Cores of a side that are run: inner cores then have inner and border neighbours; more change nothing."""
ITERATIONS = 2, 4
"""Runs whose difference the rows of `st2d` are."""
FREE_TILE = 4
"""Cells of both sides from which the published program on the WSE-3 does not wait for halos, with radius 1."""


def predict_star(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run two and four iterations on a small grid; half the difference, rounded down as in the rows."""
    width, height = (int(side) for side in row.found(r"tile (\d+)x(\d+)").groups())
    radius = int(row.found(r"radius (\d+)")[1])
    if row.columns is None or row.rows is None:
        raise NotPredicted("the row gives no grid")
    grid = min(row.columns, MOST_SIDE), min(row.rows, MOST_SIDE)
    free = row.machine.startswith("WSE-3") and radius == 1 and min(width, height) >= FREE_TILE
    few, many = (_star_end(wafer, grid, (width, height, radius, n), free=free) for n in ITERATIONS)
    return Prediction(value=(many - few) // (ITERATIONS[1] - ITERATIONS[0]))


@cache
def _star_end(wafer: Wafer, grid: Grid, shape: Shape, *, free: bool) -> int:
    """Return the cycle of the last instruction at core (1, 1)."""
    prepared = star.prepare(wafer, grid, shape, {"halo": "free"} if free else {}, 0)
    run = prepared.machine.run(watch=[(1, 1)], unread=free)
    return max(span.end for span in run.spans)


def predict_tasks(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the star; a box is the closed form that is held to the star's runs."""
    width, height = (int(side) for side in row.found(r"(\d+)x(\d+) tile").groups())
    iterations = int(row.found(r"(\d+) iteration")[1])
    kind = re.search(r"(star|box) r=(\d+)", row.algorithm)
    if kind is None:
        raise NotPredicted("the row gives neither star nor box with a radius")
    grid = (row.columns or 1) + 2, (row.rows or 1) + 2
    grid = min(grid[0], MOST_SIDE), min(grid[1], MOST_SIDE)
    shape = width, height, int(kind[2]), iterations
    note = "every core has neighbours on all sides"
    if kind[1] == "box":
        cycles = star_cycles.tasks_cycles(wafer, star_of(tasks.NAME, grid, shape), box=True)
        return Prediction(value=cycles, level="closed", note=note)
    return Prediction(value=_tasks_end(wafer, grid, shape), note=note)


@cache
def _tasks_end(wafer: Wafer, grid: Grid, shape: Shape) -> int:
    """Return the cycles until the last core is done."""
    return tasks.prepare(wafer, grid, shape, {}, 0).machine.run().cycles


def predict_columns(row: KernelRow, wafer: Wafer) -> Prediction:
    """Time steps of one core in closed form: all cores do the same at the same time."""
    if row.unit != "s":
        raise NotPredicted("the cycles in which silicon's counters call a core busy are not told apart")
    cells = row.whole("nz")
    steps = int(row.found(r"(\d+) time steps")[1])
    given = re.search(r"block b=(\d+)", row.params)
    block = int(given[1]) if given else largest_block(wafer, cells)
    step = step_time(wafer, cells, block)
    clock_hz = row.clock_hz or wafer.core.clock_hz
    shares = {
        "arithmetic every cycle": step.every_cycle, "arithmetic": step.colliding, "link": step.link,
        "memory": step.memory,
    }  # fmt: skip
    return Prediction(
        value=steps * step.cycles / clock_hz,
        shares={name: part / step.cycles for name, part in shares.items()},
        level="closed",
        note="" if given else f"blocks of {block} cells, the largest whose buffers fit",
    )


FAMILIES = (
    Family(
        name="st2d",
        title="star stencils on tiles of a plane, edges by microthreads",
        matches=lambda row: row.kernel.startswith("2-D star stencil (tiled)"),
        predict=predict_star,
        median_goal=0.03,
        worst_goal=0.12,
    ),
    Family(
        name="cst",
        title="stencils on tiles of a plane, edges by data tasks",
        matches=lambda row: "CStencil" in row.kernel,
        predict=predict_tasks,
        median_goal=0.05,
        worst_goal=0.15,
        missing="boxes are not run: edges over corners have no program",
    ),
    Family(
        name="st25",
        title="25-point stencil on columns of a volume",
        matches=lambda row: row.kernel.startswith("25-point"),
        predict=predict_columns,
        median_goal=0.08,
        worst_goal=0.15,
        missing="the rounds of the localized broadcast are counted, not run",
    ),
)
