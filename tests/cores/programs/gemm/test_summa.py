"""SUMMA on cores: its panels, and its transfers one after the other."""

from __future__ import annotations

import pytest

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.summa_core import Panels
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}


def run(grid: tuple[int, int], shape: tuple[int, ...], machine: str = "cs-3", **options: str) -> KernelOutcome:
    return run_kernel("summa", MACHINES[machine], grid, shape, options=options)


def test_the_library_does_one_thing_after_the_other() -> None:
    overlapped, library = (run((4, 4), (56, 56, 56), transfers=how).cycles for how in ("overlapped", "library"))
    assert library - overlapped > 4 * 4 * MACHINES["cs-2"].code.routes_cycles


def test_a_rectangle_has_a_panel_of_each_for_every_step() -> None:
    panels = Panels.of((4, 6), (30, 50, 21), overlapped=True)
    assert (panels.steps, panels.m, panels.k, panels.n) == (12, 5, 5, 6)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((4, 4), {}, "summa takes M, K and N, for example 24 x 24 x 24; got 4 x 4"),
        ((), {}, "got nothing"),
        ((4, 4, 4), {"transfers": "libary"}, "did you mean 'library'?"),
    ],
)
def test_mistakes_are_messages(shape: tuple[int, ...], options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        run((2, 2), shape, **options)
    assert message in str(caught.value)
