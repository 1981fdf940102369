"""Tiled stencils: views and edges, and cycles by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.cores.kit.durations import written_cycles
from wsesim.cores.operands import Mem
from wsesim.cores.programs import run_kernel
from wsesim.cores.programs.stencils.arithmetic import accumulate, accumulate_view, accumulated_sum, scaled_sum
from wsesim.cores.programs.stencils.columns import largest_block, step_time
from wsesim.cores.programs.stencils.layout import renewed
from wsesim.cores.programs.stencils.star_cycles import copied_cycles, renew_cycles, tasks_cycles
from wsesim.cores.programs.stencils.tile import OPPOSITE, SIDES, Star
from wsesim.cores.role import CoreRole
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

WAFERS = [load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")]


def test_views_and_edges_lie_where_a_picture_shows_them() -> None:
    star = Star(width=3, height=2, radius=1, iterations=1)
    array = Mem(0, star.words)
    assert (star.pitch, star.words, star.center) == (6, 24, 7)
    assert [shift for _, shift in star.shifts(star.distances)] == [-6, 6, -1, 1]
    first = {side: star.edge(array, side, halo=True).first_in(array) for side in SIDES}
    assert first == {"WEST": 6, "EAST": 10, "NORTH": 1, "SOUTH": 19}
    for side in SIDES:
        assert star.edge(array, side, halo=True).length == star.edge(array, OPPOSITE[side], halo=False).length
    assert 2 * star.edge_words == sum(2 * star.edge(array, side, halo=True).length for side in SIDES)


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_a_plane_of_one_value_stays(radius: int) -> None:
    star = Star(width=4, height=4, radius=radius, iterations=3)
    assert star.weights[0] + 4 * sum(star.weights[1:]) == 1
    for renew in (accumulated_sum, *([scaled_sum] if star.radius == 1 else [])):
        assert (renewed(np.full((12, 16), 3.0), star, renew) == 3).all()


def test_a_core_that_does_not_wait_is_faster_and_right_deep_inside() -> None:
    shape = (12, 12, 1, 3)
    free, waiting = (
        run_kernel("stencil-star", WAFERS[1], (4, 4), shape, options={"halo": h}) for h in ("free", "wait")
    )
    assert free.right
    assert free.cycles < waiting.cycles


def test_words_hide_behind_tasks_that_go_first() -> None:
    first, turns = (
        load_cluster("cs-2", overrides={"code.stencil_transfers_yield": on}).cluster.wafer for on in (True, False)
    )
    for side in (1, 4, 9):
        shape = (side, side, 1, 4)
        assert run_kernel("stencil-star", first, (4, 4), shape).cycles < run_kernel(
            "stencil-star", turns, (4, 4), shape
        ).cycles  # fmt: skip


def test_reads_that_collide_are_told_by_the_layout() -> None:
    """Tile 5x5, radius 3: arrays of a multiple of 16 bytes, rows too, so views along y and the centre collide."""
    star = Star(width=5, height=5, radius=3, iterations=1)

    def view_cycles(shift: int) -> int:
        def write(role: CoreRole) -> None:
            result, cells = role.memory("result", star.words), role.memory("cells", star.words)
            role.fmacs(star.view(result), star.view(result), star.view(cells, shift), role.register())

        return written_cycles(WAFERS[0], write)

    took = [view_cycles(shift) for _, shift in star.shifts(star.distances)]
    assert took == [50, 50, 25, 25] * 3


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.booleans(), st.sampled_from([8, 16, 64]))
def test_the_time_of_a_star_and_of_a_box_is_that_of_all_their_views(
    radius: int, wider: int, higher: int, box: bool, period_bytes: int
) -> None:
    wafer = load_cluster("cs-3", overrides={"core.word_period": f"{period_bytes} B"}).cluster.wafer
    star = Star(width=radius + wider, height=radius + higher, radius=radius, iterations=1, spare=0)
    near = range(-radius, radius + 1)
    shifts = [y * star.pitch + x for x in near for y in near if (x or y) and (box or not x or not y)]

    def write(role: CoreRole) -> None:
        result, cells = role.memory("result", star.words), role.memory("cells", star.words)
        role.fmuls(star.view(result), star.view(cells), role.register())
        weight = role.register()
        for shift in shifts:
            accumulate_view(role, star, cells, result, weight, shift)
        role.fmovs(star.view(cells), star.view(result))

    assert copied_cycles(wafer, star, box=box) == written_cycles(wafer, write)


def test_a_word_of_a_wider_halo_costs_a_branch_more() -> None:
    """Halos of one cell need none: where the next word goes is known."""
    cheap, dear = (
        load_cluster("cs-3", overrides={f"core.branch_{how}_cycles": cycles for how in ("taken", "not_taken")})
        for cycles in (6, 106)
    )

    def more(radius: int) -> float:
        star = Star(width=8, height=8, radius=radius, iterations=1, spare=0)
        return tasks_cycles(dear.cluster.wafer, star) - tasks_cycles(cheap.cluster.wafer, star)

    words = Star(width=8, height=8, radius=2, iterations=1, spare=0).edge_words
    assert more(2) == more(1) + 100 * words


@pytest.mark.parametrize(("grid", "shape", "message"), [
    ((2, 3), (4, 4, 1, 1), "needs a border"),
    ((3, 3), (4, 4, 1), "takes TWxTHxRADIUSxITERATIONS"),
    ((3, 3), (4, 2, 3, 1), "a tile needs RADIUS = 3 cells"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["stencil-star", "stencil-tasks"])
def test_what_cannot_be_is_refused(name: str, grid: tuple[int, int], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_kernel(name, WAFERS[0], grid, shape)


def test_columns_take_time_by_cell_and_by_block() -> None:
    wafer = WAFERS[0]
    one, two = step_time(wafer, 100, 100), step_time(wafer, 200, 100)
    assert two.cycles == 2 * one.cycles
    assert step_time(wafer, 200, 200).cycles < two.cycles
    assert one.link == 17 * 100
    assert largest_block(wafer, 100) == 100
    assert largest_block(wafer, 1000) < 1000


@given(
    st.integers(2, 24), st.integers(0, 30), st.integers(0, 30), st.sampled_from(["cs-2", "cs-3"]),
    st.sampled_from([8, 16, 64]),
)  # fmt: skip
def test_the_time_of_any_radius_is_that_of_all_its_views(
    radius: int, wider: int, higher: int, machine: str, period_bytes: int
) -> None:
    wafer = load_cluster(machine, overrides={"core.word_period": f"{period_bytes} B"}).cluster.wafer
    star = Star(width=radius + wider, height=radius + higher, radius=radius, iterations=1)

    def write(role: CoreRole) -> None:
        result, cells = role.memory("result", star.words), role.memory("cells", star.words)
        weights = [role.register() for _ in star.weights]
        offset_cycles = wafer.code.stencil_offset_cycles
        accumulate(role, star, cells, result, weights, star.distances, offset_cycles=offset_cycles)

    assert renew_cycles(wafer, star, accumulates=True) == written_cycles(wafer, write)
