"""Rows of stencils: one cell on each core, tiles of a plane, columns of a volume.

Sources: github.com/Jorineg/cerebras (`st1c`, commit 911a327; `st2d`: tiled-stencil; the vendor's simulator, WSE-2 and
WSE-3), whose times of an iteration are differences of whole runs; github.com/Elia-Belli/stencil-cerebras, CStencil
(`cst`, WSE-3); arXiv 2204.03775 (`st25`, CS-2).
"""

from __future__ import annotations

import re

from wsesim.validation.asking import NotAsked, RowQuestion
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

ITERATIONS = 4
"""Of the longer of the two runs whose difference a row is."""
FIRST_STEADY = 4
SEEN = 12
"""Cores of a side: in so few iterations the watched core learns nothing of those beyond; larger grids are alike."""
MOST_SIDE = 4
"""Cores of a side with tiles: inner cores then have inner and border neighbours; more change nothing."""
FREE_TILE = 4
"""Cells of both sides from which the published program on the WSE-3 does not wait for halos, with radius 1."""
USABLE = {"cs-2": (750, 994)}
"""Columns and rows of the presets' wafers; a row whose system left its programs more cores says how many."""


def _one_cell(row: KernelRow) -> RowQuestion:
    """Ask for the iterations that a row lists one by one, or for the mean of a few."""
    if row.params.startswith("iterations"):
        series = row.params.partition(":")[2].split()
        last = FIRST_STEADY - 1 + len(series)
        return row.measure("stencil-one-cell", row.grid, [last], "steady_iteration_cycles")
    columns, rows = (min(SEEN, side) for side in row.grid)
    smaller = (columns, rows) != row.grid
    note = f"run on {columns} x {rows} cores, which is all that the watched core can know of" if smaller else ""
    return row.measure("stencil-one-cell", (columns, rows), [ITERATIONS], "iteration_cycles", note=note)


def _star(row: KernelRow) -> RowQuestion:
    width, height = (int(side) for side in row.found(r"tile (\d+)x(\d+)").groups())
    radius = int(row.found(r"radius (\d+)")[1])
    free = row.machine_name == "cs-3" and radius == 1 and min(width, height) >= FREE_TILE
    grid, options = [min(MOST_SIDE, side) for side in row.grid], {"halo": "free"} if free else {}
    return row.measure("stencil-star", grid, [width, height, radius, ITERATIONS], "iteration_cycles", options=options)


def _tasks(row: KernelRow) -> RowQuestion:
    """Ask for the star on cores; for a box, which nobody wrote, in closed form."""
    width, height = (int(side) for side in row.found(r"(\d+)x(\d+) tile").groups())
    kind = re.search(r"(star|box) r=(\d+)", row.algorithm)
    if kind is None:
        raise NotAsked("the row gives neither star nor box with a radius")
    grid = [min(MOST_SIDE, (side or 1) + 2) for side in (row.columns, row.rows)]
    shape, note = [width, height, int(kind[2]), row.count("iteration")], "every core has neighbours on all sides"
    if kind[1] == "star":
        return row.ask("stencil-tasks", grid, shape, note=note)
    return row.ask("stencil-tasks", grid, shape, level="closed", options={"neighbours": "box"}, note=note)


def _columns(row: KernelRow) -> RowQuestion:
    if row.unit != "s":
        raise NotAsked("the cycles in which silicon's counters call a core busy are not told apart")
    given = re.search(r"block b=(\d+)", row.params)
    options, (columns, rows) = {"block": int(given[1])} if given else {}, row.grid
    more = columns > USABLE.get(row.machine_name, row.grid)[0]
    return row.ask(
        "stencil-columns", (columns, rows), [row.whole("nz"), row.count("time steps")], "time_s", level="closed",
        options=options, hardware={"wafer.columns": columns} if more else {},
        note="" if given else "blocks of as many cells as fit with their buffers",
    )  # fmt: skip


FAMILIES = (
    KernelFamily(
        name="st1c",
        title="five-point stencil with one cell on each core; a cycle more or less is as near as rows of a kind differ",
        matches=lambda row: "1 cell per PE" in row.kernel and row.unit == "cycles",
        ask=_one_cell,
        median_goal=0.05,
        worst_goal=1 / 12,
    ),
    KernelFamily(
        name="st2d",
        title="star stencils on tiles of a plane, edges by microthreads",
        matches=lambda row: row.kernel.startswith("2-D star stencil (tiled)"),
        ask=_star,
        median_goal=0.03,
        worst_goal=0.12,
    ),
    KernelFamily(
        name="cst",
        title="stencils on tiles of a plane, edges by data tasks",
        matches=lambda row: "CStencil" in row.kernel,
        ask=_tasks,
        median_goal=0.05,
        worst_goal=0.15,
        missing="boxes are counted, not run: edges over corners have no program",
    ),
    KernelFamily(
        name="st25",
        title="25-point stencil on columns of a volume",
        matches=lambda row: row.kernel.startswith("25-point"),
        ask=_columns,
        median_goal=0.08,
        worst_goal=0.15,
        missing="the rounds of the localized broadcast are counted, not run",
    ),
)
