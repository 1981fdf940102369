"""Sparse products on cores: what a stored value costs in every format."""

from __future__ import annotations

import numpy as np
import pytest

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.programs.sparse.patterns import SparseTile, random_places, starts_of
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
FORMATS = ("coo", "csc", "csr", "ellpack")
Sizes = tuple[int, int, int, int]


def run(
    kind: str, shape: Sizes, machine: str = "cs-2", grid: tuple[int, int] = (1, 1), **options: str
) -> KernelOutcome:
    return run_kernel(f"spmm-{kind}", MACHINES[machine], grid, shape, options=options)


@pytest.mark.parametrize("kind", FORMATS)
def test_lines_in_the_same_banks_take_a_cycle_more_for_each_element(kind: str) -> None:
    shape = (8, 8, 36, 40)
    assert run(kind, shape, banks="same").cycles - run(kind, shape).cycles == 40 * 36


@pytest.mark.parametrize(("kind", "cycles"), [("coo", 34), ("csc", 32), ("csr", 32)])
def test_a_value_costs_its_instructions(kind: str, cycles: int) -> None:
    none, more = (run(kind, (8, 8, 4, stored), compute="never").cycles for stored in (20, 60))
    assert more - none == 40 * cycles


def test_few_slots_are_written_out() -> None:
    unrolled = MACHINES["cs-2"].code.unrolled_turns
    each = {
        slots: run("ellpack", (4, 20, 4, 4 * slots), compute="never").cycles
        for slots in (9, unrolled, unrolled + 1, 12)
    }
    assert each[10] - each[9] == 4 * 9
    assert each[12] - each[11] == 4 * 29
    assert each[11] > each[10] + 4 * 29


def test_starts_say_where_lines_begin_and_end() -> None:
    tile = SparseTile(rows=6, depth=5, width=3, stored=11)
    rows, columns = random_places(tile, 3, np.random.default_rng(0), filled=False)
    starts = starts_of(rows, 6)
    assert (starts[:, 0] == 0).all()
    assert (starts[:, -1] == 11).all()
    for core in range(3):
        assert (np.diff(starts[core]) == np.bincount(rows[core], minlength=6)).all()
        assert len({*zip(rows[core].tolist(), columns[core].tolist(), strict=True)}) == 11


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        ("coo", (4, 4, 4), "spmm-coo takes rows, depth, width and stored values, for example 32 x 16 x 68 x 64"),
        ("csc", (4, 4, 4, 0), "got 4 x 4 x 4 x 0"),
        ("csr", (), "got nothing"),
        ("csr", (4, 4, 4, 17), "a tile of 4 x 4 stores at most 16 values; got 17"),
        ("ellpack", (4, 4, 4, 7), "stores as many values in each of 4 rows; 7 does not divide"),
    ],
)
def test_mistakes_are_messages(kind: str, shape: Sizes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        run(kind, shape)
    assert message in str(caught.value)


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="option banks must be one of apart, same; got 'aside'"):
        run("coo", (2, 2, 2, 2), banks="aside")
