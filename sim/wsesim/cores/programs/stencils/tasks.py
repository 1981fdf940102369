"""The star stencil whose edges arrive by data tasks: each wavelet starts a task that stores it.

.   b   b   .      a tile of cells on each core; the ring of border cores holds constant cells;
b   c - c   b      microthreads send four edges, each followed by a control wavelet that ends it;
b   c - c   b      the tasks that the control wavelets start count, and so do the ends of the sends
.   b   b   .

The last of the eight lets the tile be renewed: the centre is scaled, the other views are multiplied and accumulated,
the sums are copied back. The tasks of a halo of one cell know where the next word goes; those of a wider one count
words up to the end of a row. The published kernel is CStencil (rows `cst`); arrays have no word to spare, so that with
radius 2 a tile of 8 columns has rows of 48 bytes, and views up and down collide with the sums.
"""

from __future__ import annotations

from functools import partial

from wsesim.cores.errors import NotWritten
from wsesim.cores.kit.base import Grid, KernelProgram, Options, Prepared, Shape, choice_option, opening
from wsesim.cores.programs.stencils.arithmetic import copied_sum
from wsesim.cores.programs.stencils.layout import SHAPE_HELP, load, need, star_of
from wsesim.cores.programs.stencils.star_cycles import tasks_cycles
from wsesim.cores.programs.stencils.tasks_core import TasksCore
from wsesim.cores.programs.stencils.tile import Star
from wsesim.hardware import Wafer

NAME = "stencil-tasks"


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Load the program and random cells.

    Raises:
        NotWritten: of a box, whose edges over corners no program exchanges.
    """
    if _is_box(options):
        raise NotWritten(f"{NAME} has no program for a box, whose edges go over corners, only a closed form")
    return load(wafer, grid, _star(grid, shape), seed, TasksCore, copied_sum)


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: start, and iterations."""
    return tasks_cycles(wafer, _star(grid, shape), box=_is_box(options))


def _star(grid: Grid, shape: Shape) -> Star:
    """Return the stencil, in arrays without a word to spare, as a compiler lays out one with halos."""
    return star_of(NAME, grid, shape, spare=0)


def _is_box(options: Options) -> bool:
    return choice_option(options, "neighbours", ("star", "box")) == "box"


PROGRAM = KernelProgram(
    name=NAME, **opening(__doc__), shape_help=SHAPE_HELP, prepare=prepare, closed=closed, need=partial(need, _star),
    options={"neighbours": "star, or box: all cells of the square around, in closed form only [star]"},
)  # fmt: skip
