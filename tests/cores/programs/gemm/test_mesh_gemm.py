"""MeshGEMM on cores: its rings, and windows of several products."""

from __future__ import annotations

import pytest

from wsesim.cores.kit.plans import ROW
from wsesim.cores.programs import KernelCase, KernelOutcome, find_program, run_kernel
from wsesim.cores.programs.collectives.rings import RING_COLORS, WAYS, ring_order, seats
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

NAME = "mesh-gemm"
MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
WAFER = MACHINES["cs-3"]


def run(side: int, shape: tuple[int, int, int], wafer: Wafer = WAFER, **options: str) -> KernelOutcome:
    return run_kernel(NAME, wafer, (side, side), shape, options=options)


@pytest.mark.parametrize("cores", range(2, 12))
@pytest.mark.parametrize("way", WAYS)
def test_neighbours_on_the_ring_are_two_hops_apart_and_colors_do_not_meet(cores: int, way: int) -> None:
    order = ring_order(cores)
    assert sorted(order) == list(range(cores))
    assert max(abs(order[at] - order[at - 1]) for at in range(cores)) <= 2
    for seat in seats(cores, way, ROW, 0):
        colors = [route.color for route in seat.routes]
        assert len(set(colors)) == len(colors)
        assert max(colors) < RING_COLORS


def test_computing_twice_shows_what_the_product_takes() -> None:
    never, once, twice = (run(4, (32, 32, 32), compute=how).cycles for how in ("never", "once", "twice"))
    assert never < once < twice
    assert twice - once > once - never


def window(side: int, shape: tuple[int, int, int], **options: str) -> float:
    program = find_program(NAME)
    case = KernelCase(program=program, wafer=WAFER, grid=(side, side), shape=shape, options=options)
    return program.measures["product_cycles"].read(case).value


def test_a_window_leaves_out_what_comes_once() -> None:
    shape = (24, 24, 24)
    alone, measured, stays = run(3, shape).cycles, window(3, shape), window(3, shape, tiles="stay")
    assert measured == pytest.approx(alone, rel=0.05)
    assert stays < measured
    assert window(3, shape, compute="never") < stays


def test_cores_that_keep_their_tiles_take_as_long_in_every_product() -> None:
    taken = [window(3, (3, 24, 24), tiles="stay", repeats=repeats) for repeats in ("1", "5")]
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    ("grid", "shape", "options", "message"),
    [
        ((2, 3), (4, 4, 4), {}, "mesh-gemm takes a square of cores; got 2 x 3"),
        ((2, 2), (4, 4), {}, "mesh-gemm takes M, K and N, for example 24 x 24 x 24; got 4 x 4"),
        ((2, 2), (4, 4, 4), {"compute": "often"}, "option compute must be one of once, never, twice"),
    ],
)
def test_mistakes_are_named(
    grid: tuple[int, int], shape: tuple[int, ...], options: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run_kernel(NAME, WAFER, grid, shape, options=options)


@pytest.mark.parametrize("apart", ["1 B", "2 B", "3 B", "4 B"])
def test_columns_lie_as_far_apart_as_banks_ask(apart: str) -> None:
    wafer = load_cluster("cs-2", overrides={"core.bank_apart": apart}).cluster.wafer
    found = run_kernel("mesh-gemm", wafer, (4, 4), (24, 24, 24))
    assert found.closed_cycles == pytest.approx(found.cycles, rel=0.1)
    assert found.cycles <= run_kernel("mesh-gemm", load_cluster("cs-2").cluster.wafer, (4, 4), (24, 24, 24)).cycles
