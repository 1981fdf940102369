"""Links that reach past defects: how long they are, what they cost, and that they change no value."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from tests.cores.test_order import Traffic, load, traffic
from tests.cores.test_path import ties

from wsesim.cores import isa
from wsesim.cores.detours import detours, told_detours
from wsesim.cores.programs.probes.message import send
from wsesim.hardware import Wafer, load_cluster


def holes(name: str = "cs-2", *, cycles: int = 1, per_cm2: float = 40.0, seed: int = 1) -> Wafer:
    """A wafer of which a core in thirty does not work."""
    wafer = load_cluster(name).cluster.wafer
    die = replace(wafer.die, defects_per_cm2=per_cm2, detour_cycles=cycles, spare_share=0.3, seed=seed)
    return replace(wafer, die=die)


def test_links_are_as_long_where_nothing_is_reached_past() -> None:
    assert not len(detours(holes(cycles=0), 20, 20))
    assert not len(detours(holes(per_cm2=0), 20, 20))
    assert told_detours(holes(per_cm2=0), 20, 20) == ""


def test_a_row_shifts_at_each_defect() -> None:
    wafer, width, height = holes(cycles=3), 60, 40
    found = detours(wafer, width, height).reshape(height, width, isa.RAMP)
    east, south = found[:, :, isa.EAST] // 3, found[:, :, isa.SOUTH] // 3
    assert (found[:, :-1, isa.WEST] == found[:, 1:, isa.EAST]).all()
    assert (found[:-1, :, isa.NORTH] == found[1:, :, isa.SOUTH]).all()
    shift = np.cumsum(east, axis=1)
    for above, below in pairwise(range(height)):  # rows begin at columns that may be bad themselves
        apart = shift[below] - shift[above]
        first = {int(south[below, 0]), -int(south[below, 0])}
        assert any((abs(apart + start) == south[below]).all() for start in first)
    assert 0 < shift[:, -1].max() <= max(wafer.die.bad_by_row(wafer.columns, wafer.rows, wafer.core.sram_bytes))
    assert np.count_nonzero(found) == int(told_detours(wafer, width, height).split()[0].replace(",", ""))


def test_a_message_takes_longer_by_the_links_it_crosses() -> None:
    hops, far = 30, holes(cycles=5, per_cm2=300.0)
    longer = int(detours(far, hops + 1, 1)[:, isa.EAST].sum())
    near = replace(far, die=replace(far.die, detour_cycles=0))
    assert longer > 0
    assert send(far, words=1, hops=hops).received == send(near, words=1, hops=hops).received + longer


def test_rows_of_a_wafer_are_those_of_its_seed() -> None:
    first, second = (detours(holes(seed=seed), 30, 30) for seed in (1, 2))
    assert (first == detours(holes(seed=1), 30, 30)).all()
    assert first.shape != second.shape or (first != second).any()
    assert (detours(holes(), 30, 30).reshape(30, 30, -1)[:9] == detours(holes(), 30, 9).reshape(9, 30, -1)).all()


@settings(max_examples=15, deadline=None)
@given(traffic())
@pytest.mark.parametrize("cycles", [1, 7])
def test_values_stay_and_paths_have_no_gap(cycles: int, case: Traffic) -> None:
    near = load(case)
    far = load(replace(case, wafer=holes(cycles=cycles, per_cm2=400.0)))
    before, after = near.run(), far.run(path=True)
    ties(after)
    assert (near.state.memory == far.state.memory).all()
    assert (after.sent == before.sent).all()
