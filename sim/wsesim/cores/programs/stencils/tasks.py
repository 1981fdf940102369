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

from dataclasses import replace

from wsesim.cores.kit.base import KernelSetup, choice_option
from wsesim.cores.programs.stencils.arithmetic import copied_sum
from wsesim.cores.programs.stencils.layout import Tiled, stencil
from wsesim.cores.programs.stencils.star_cycles import tasks_cycles
from wsesim.cores.programs.stencils.tasks_core import TasksCore

NAME = "stencil-tasks"


def asked(setup: KernelSetup) -> Tiled:
    """Return the stencil, in arrays without a word to spare, as a compiler lays out one with halos."""
    box = choice_option(setup.options, "neighbours", ("star", "box")) == "box"
    return replace(Tiled.of(NAME, setup, spare=0), box=box)


PROGRAM = stencil(
    name=NAME, doc=__doc__, asked=asked, core=TasksCore, renew=lambda _: copied_sum,
    closed=lambda wafer, tiled: tasks_cycles(wafer, tiled.star, box=tiled.box),
    options={"neighbours": "star, or box: all cells of the square around, in closed form only [star]"},
)  # fmt: skip
