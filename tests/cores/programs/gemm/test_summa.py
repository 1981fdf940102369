"""SUMMA on cores computes A B on every rectangle, and takes the cycles of its closed form."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.summa_core import Panels
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
MEDIAN, WORST = 0.03, 0.10
"""How far the closed form may be from the cores."""


def run(grid: tuple[int, int], shape: tuple[int, ...], machine: str = "cs-3", **options: str) -> KernelOutcome:
    return run_kernel("summa", MACHINES[machine], grid, shape, options=options)


@pytest.mark.parametrize("transfers", ["overlapped", "library"])
@pytest.mark.parametrize("grid", [(1, 1), (2, 1), (1, 3), (2, 2), (3, 2), (2, 4), (4, 4), (5, 3), (7, 2)])
def test_values_are_those_of_numpy(grid: tuple[int, int], transfers: str) -> None:
    for shape in ((1, 1, 1), (17, 23, 11)):
        found = run(grid, shape, transfers=transfers)
        assert found.right
        assert found.wavelet_hops == found.counts["hops"]
        assert found.run is not None
        assert found.run.fmacs == found.counts["macs"]


def test_every_small_shape_ends() -> None:
    for columns, rows, m, k, n in itertools.product((1, 2, 3, 4), (1, 2, 4), (1, 5), (1, 13), (1, 6)):
        assert run((columns, rows), (m * rows, k, n * columns), "cs-2").right


def test_the_closed_form_meets_the_cores() -> None:
    random, errors = np.random.default_rng(0), []
    for _ in range(60):
        grid = (int(random.integers(1, 8)), int(random.integers(1, 8)))
        shape = tuple(int(random.integers(1, most)) for most in (70, 90, 60))
        transfers = str(random.choice(["overlapped", "overlapped", "library"]))
        found = run(grid, shape, str(random.choice(list(MACHINES))), transfers=transfers)
        errors.append(abs(found.closed_cycles / found.cycles - 1))
    assert statistics.median(errors) <= MEDIAN
    assert max(errors) <= WORST


def test_the_library_does_one_thing_after_the_other() -> None:
    overlapped, library = (run((4, 4), (56, 56, 56), transfers=how).cycles for how in ("overlapped", "library"))
    assert library - overlapped > 4 * 4 * MACHINES["cs-2"].code.routes_cycles


def test_a_rectangle_has_a_panel_of_each_for_every_step() -> None:
    panels = Panels.of((4, 6), 30, 50, 21, overlapped=True)
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
