"""Drawings of our own: ticks at round numbers, few of them, and text that is nothing but text."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answers import svg
from wsesim.answers.sheet import Sheet, even_ticks, log_ticks


@settings(max_examples=60)
@given(end=st.floats(1e-9, 1e9))
def test_even_ticks_are_few_round_and_within(end: float) -> None:
    ticks = list(even_ticks(end))
    assert 3 <= len(ticks) <= 9
    assert ticks[0] == 0
    assert 0.5 * end < ticks[-1] <= end * (1 + 1e-9)
    assert float(f"{ticks[1]:.2e}"[:4]) in (1, 2, 2.5, 5)


@settings(max_examples=60)
@given(low=st.floats(1e-9, 1e12), times=st.floats(12, 1e12))
def test_log_ticks_are_few_and_within(low: float, times: float) -> None:
    ticks = list(log_ticks(low, low * times))
    assert 1 <= len(ticks) <= 9
    assert ticks == sorted(ticks)
    assert all(low <= tick <= low * times for tick in ticks)


def test_what_is_drawn() -> None:
    sheet = Sheet(100, 50)
    sheet.fill([], "c1")
    sheet.fill([[(0, 0), (1, 0), (1, 2)]], "c1")
    sheet.line([(0, 0), (9.5, 1)], svg.INK)
    sheet.dot(1, 2, 16, "c2")
    sheet.text(3, 4, "<a> & \x1b[2J", upright=True)
    drawn = sheet.svg('a "b" <c>')
    assert drawn.startswith('<svg viewBox="0 0 100 50" role="img" aria-label="a &quot;b&quot; &lt;c&gt;">')
    assert len(re.findall("<(?:path|circle|text) ", drawn)) == 4
    assert "M0.00 0.00L1.00 0.00L1.00 2.00z" in drawn
    assert 'r="2.00" style="fill: var(--c2); stroke: var(--paper)' in drawn
    assert "&lt;a&gt; &amp; " in drawn
    assert "\x1b" not in drawn
    assert "width=" in svg.standalone(drawn)
