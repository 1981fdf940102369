"""Cells of a plane become weighted sums of themselves and their neighbours along x and y, tile by tile.

.   b   b   .      a tile of cells on each core; the ring of border cores holds constant cells;
b   c - c   b      in each iteration neighbours exchange their edges, RADIUS cells deep: eight colors,
b   c - c   b      two for each direction, by the parity of the sender, each one hop long;
.   b   b   .      four microthreads send, four receive

A loop task blocks the compute task and starts the eight transfers; each has a completion task that counts. The fourth
receive activates the compute task and the fourth send unblocks it; it renews the tile and activates the loop task. With
radius 1 the centre is scaled, four shifted views are added, the sum is scaled back; with more, each view is multiplied
and accumulated. On a WSE-2 tasks go before transfers, which fill the cycles they leave; on a WSE-3 both take turns.
The published kernel (rows `st2d`) on large tiles of the WSE-3 does not wait: option `halo`.
"""

from __future__ import annotations

from collections.abc import Callable

from wsesim.cores.kit.base import KernelCase, KernelSetup, Measure, Reading, choice_option
from wsesim.cores.machine import CoreRun
from wsesim.cores.programs.stencils.arithmetic import accumulated_sum, scaled_sum
from wsesim.cores.programs.stencils.layout import Tiled, stencil
from wsesim.cores.programs.stencils.star_core import StarCore
from wsesim.cores.programs.stencils.star_cycles import star_cycles
from wsesim.errors import InputError

NAME = "stencil-star"
WATCHED = (1, 1)
"""The core whose iterations are measured: the first that is not of the border."""


def asked(setup: KernelSetup) -> Tiled:
    """Return the stencil that is asked for."""
    return Tiled.of(NAME, setup, waits=choice_option(setup.options, "halo", ("wait", "free")) == "wait")


def iteration(case: KernelCase, last: Callable[[CoreRun], int]) -> Reading:
    """Return what an iteration of all takes longer than one of half of them, by when *last* says that a run ends.

    Raises:
        InputError: the iterations, the last number of the shape, are not even.
    """
    *sizes, many = case.shape
    if many % 2:
        raise InputError.at(f"{case.program.name} needs an even number of iterations to be halved; got {many}")
    few = many // 2
    runs = [case.of_shape(*sizes, number).run(watch=[WATCHED]) for number in (few, many)]
    return Reading(value=(last(runs[1]) - last(runs[0])) // (many - few))


def _iteration(case: KernelCase) -> Reading:
    return iteration(case, lambda run: max(span.end for span in run.spans))


PROGRAM = stencil(
    name=NAME, doc=__doc__, asked=asked, core=StarCore, closed=lambda wafer, tiled: star_cycles(wafer, tiled.star),
    renew=lambda star: scaled_sum if star.radius == 1 else accumulated_sum,
    scalars_first=lambda wafer: wafer.code.stencil_transfers_yield,
    options={
        "halo": "wait for the neighbours' edges, or free: renew the tile at once; edges are then those of some "
        "iteration, and only cells that they did not reach are compared [wait]",
    },
    measures={"iteration_cycles": Measure(cores=_iteration, silicon=False)},
)  # fmt: skip
