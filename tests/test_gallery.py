"""Every page that is committed, and those of where cycles went, in a headless browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.browser import BROWSER, require_fitting

from wsesim.answer import (
    Answer,
    CauseBars,
    CauseMaps,
    Chain,
    ChainLink,
    CodeLine,
    CodeListing,
    CoreMap,
    Flame,
    FlameFrame,
    Spent,
    Table,
)
from wsesim.answers import render_profile

PAGES = sorted((Path(__file__).parent.parent / "reports").rglob("*.html"))
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
LONG = "a_name_without_end_" * 8


def profile() -> Answer:
    """Everything that is drawn of cycles, with names that no phone is wide enough for."""
    share = {"compute": 3.0, "fabric wait": 5.0}
    lines = (CodeLine(text=LONG), CodeLine(text=f"  {LONG}", place="1", by_cause=share, waited=4, handled=2))
    frames = tuple(FlameFrame(label=LONG, depth=depth, start=depth, cycles=9 - 2 * depth) for depth in range(4))
    links = tuple(
        ChainLink(start=at, end=at + 1, origin=f"({at}, 0)", place=f"({at + at % 2}, 0)", what=LONG, by_cause=share)
        for at in range(40)
    )
    return Answer(
        level="cores", figures={"cycles": 8}, headline={"cycles": "from load to the last"},
        spent=Spent(total_s=8.0, by_cause=share),
        tables=(Table(name="one", title="One", columns=("what", LONG), rows=((LONG, 1),) * 40),
                Table(name="two", title="Two", columns=("what",), rows=((LONG,),))),
        drawings=(
            CauseMaps(name="cores", title="Core by core", by_cause={"compute": np.eye(9)}),
            CauseMaps(name="line", title="A line", by_cause={"compute": np.ones((1, 700))}),
            CauseBars(name="one", title="One", bars=((LONG, share), ("b", share))),
            Chain(name="two", title="Two", links=links), Flame(name="flame", title="Flame", frames=frames, note=LONG),
            CodeListing(name="code", title="Code", lines=lines, note=LONG),
            CoreMap(name="map", title="Map", unit="cycles", values=np.eye(5)),
        ),
    )  # fmt: skip


def test_pages_fit_phones_and_have_all_their_pictures(tmp_path: Path) -> None:
    own = tmp_path / "profile.html"
    own.write_text(render_profile("Profile", LONG, profile()), "utf-8")
    require_fitting([*PAGES, own], tmp_path)
