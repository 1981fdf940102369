"""The stencil of one cell a core: its cycles by hand."""

import pytest

from wsesim.cores.programs import run_kernel
from wsesim.cores.programs.stencils.one_cell import NAME, SIDES, color_of
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

WAFERS = {name: load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")}


@pytest.mark.parametrize(("machine", "turn"), [("cs-2", 12), ("cs-3", 17)])
def test_a_core_alone_waits_for_nobody(machine: str, turn: int) -> None:
    short, long = (run_kernel(NAME, WAFERS[machine], (3, 3), (number,)) for number in (5, 15))
    assert long.cycles - short.cycles == 10 * turn
    assert long.closed_cycles - short.closed_cycles == 10 * turn


@pytest.mark.parametrize(("machine", "turn"), [("cs-2", 16), ("cs-3", 23)])
def test_cores_wait_for_each_other(machine: str, turn: int) -> None:
    wafer: Wafer = WAFERS[machine]
    short, long = (run_kernel(NAME, wafer, (8, 8), (number,), level="closed") for number in (5, 15))
    assert long.cycles - short.cycles == 10 * turn


def test_five_colors_meet_on_every_core() -> None:
    for column in range(1, 13):
        for row in range(1, 13):
            around = [color_of(column + right, row + down) for right, down in SIDES.values()]
            assert len({color_of(column, row), *around}) == 5


@pytest.mark.parametrize(
    ("grid", "shape", "message"),
    [((3, 3), (), "number of iterations"), ((3, 3), (0,), "got 0"), ((2, 3), (4,), "a grid of 3x3 or more; got 2x3")],
)
def test_what_cannot_be(grid: tuple[int, int], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_kernel(NAME, WAFERS["cs-2"], grid, shape)
