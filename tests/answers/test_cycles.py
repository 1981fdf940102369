"""Drawings of where cycles went: every core, event and frame is there, in the right place and shade."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answer import (
    Answer,
    CauseBars,
    CauseMaps,
    Chain,
    ChainLink,
    CodeLine,
    CodeListing,
    Flame,
    FlameFrame,
    Table,
)
from wsesim.answers import render_profile
from wsesim.answers.anatomy import blocks
from wsesim.answers.causes import known
from wsesim.answers.cycles import MOST_CELLS, SHADES, averaged, chain_svg, flame_svg, map_svgs


@settings(max_examples=25)
@given(rows=st.integers(1, 150), columns=st.integers(1, 150))
def test_averages_keep_the_mean_of_what_fills_their_blocks(rows: int, columns: int) -> None:
    values = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    found = averaged(values, MOST_CELLS)
    assert max(found.shape) <= MOST_CELLS
    assert found.min() >= values.min()
    assert found.max() <= values.max()
    if rows <= MOST_CELLS and columns <= MOST_CELLS:
        assert np.array_equal(found, values)


def test_maps_share_a_scale_and_leave_out_what_is_nothing() -> None:
    maps = CauseMaps(
        name="cores", title="",
        by_cause={"idle": np.array([[10, 5]]), "banks": np.zeros((1, 2)), "compute": np.array([[0, 0.01]])},
    )  # fmt: skip
    idle, compute = map_svgs(maps, known(maps.causes))
    assert "idle" in idle
    assert "fill-opacity: 0.5" in idle
    assert f"fill-opacity: {1 / SHADES:.3g}" in compute, "what is anything is seen"
    assert compute.count("<path") == 2, "one cell and the frame"
    assert "mean 8, most 10 cycles" in idle


def test_a_chain_has_a_row_for_each_place_in_order() -> None:
    step = ChainLink(start=0, end=4, origin="(2, 0)", place="(2, 0)", what="add", by_cause={"compute": 3, "banks": 1})
    way = ChainLink(start=4, end=9, origin="(2, 0)", place="(0, 0)", what="wavelet", by_cause={"on the way": 5})
    chain = Chain(name="path", title="", links=(step, way))
    drawn = chain_svg(chain, known(chain.causes))
    places = re.findall(r">(\(\d, 0\))<", drawn)
    assert places == ["(2, 0)", "(0, 0)"]
    assert [drawn.count(f"var(--c{number})") for number in range(3)] == [1, 1, 1]
    assert "<svg" in chain_svg(Chain(name="none", title="", links=()), {})


def test_a_flame_says_what_has_room() -> None:
    frames = (
        FlameFrame(label="main", depth=0, start=0, cycles=100), FlameFrame(label="f", depth=1, start=0, cycles=60),
        FlameFrame(label="tiny", depth=1, start=60, cycles=1),
    )  # fmt: skip
    drawn = flame_svg(Flame(name="flame", title="", frames=frames))
    assert re.findall(r">([^<>]+)</text>", drawn) == ["main 100", "f 60"]
    assert drawn.count("<path") == 3
    assert re.findall(r"<title>([^<]+)</title>", drawn)[2] == "tiny: 1 cycles, 1.0 %"


def test_lines_say_cycles_shares_and_waits_and_a_heading_nothing() -> None:
    lines = (
        CodeLine(text="main:"), CodeLine(text="add", place="0", by_cause={"compute": 30.0}, waited=10, handled=8),
        CodeLine(text="// why", place="1"), CodeLine(text="end", place="2", by_cause={"compute": 10.0}),
    )  # fmt: skip
    code = CodeListing(name="program", title="The <program>", lines=lines)
    (block,) = blocks(Answer(level="cores", figures={}, drawings=(code,)), known(code.causes))["codes"]
    assert [row.heads for row in block.rows] == [True, False, False, False]
    assert [(row.value, row.share, row.waited, row.handled) for row in block.rows[1:]] == [
        ("30", "75.0 %", "10", "8"), ("", "", "", ""), ("10", "25.0 %", "", "")
    ]  # fmt: skip
    assert [(part.style, part.width) for part in block.rows[1].bar] == [("c0", "75.000%"), ("waits", "25.000%")]


@pytest.mark.parametrize(("rows", "folded"), [(30, False), (31, True)])
def test_long_tables_are_folded_and_bars_stand_with_theirs(rows: int, folded: bool) -> None:
    table = Table(name="causes", title="Causes", columns=("cause",), rows=(("x",),) * rows)
    bars = CauseBars(name="causes", title="", bars=(("closed form", {"compute": 3.0}), ("cores", {"compute": 6.0})))
    page = render_profile("a", "b", Answer(level="cores", figures={}, tables=(table,), drawings=(bars,)))
    assert ("7 more rows" in page) is folded
    assert page.count("<td>x</td>") == rows
    section = page[page.index('id="table-causes"') :]
    assert section.index("closed form") < section.index('class="grid"')
    assert 'style="width:50.000%" title="compute 3 cycles"' in section
