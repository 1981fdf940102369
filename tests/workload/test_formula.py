"""Arithmetic over settings and figures: what it comes to, and what is none or decides nothing."""

from __future__ import annotations

import pytest

from wsesim.errors import SpecError
from wsesim.workload import Formula

KNOWN = {"mfu": 0.5, "power_w": 20e3, "hardware.core.sram": 48 * 1024}


@pytest.mark.parametrize(("text", "value"), [
    ("2 * mfu + 1", 2), ("floor(750 * 48 KiB / hardware.core.sram)", 750), ("min(power_w, 10 kW) / 1 kW", 10),
    ("power_w < 25 kW and not mfu > 0.6", True), ("0 < mfu < 0.4", False), ("-mfu < 0 or mfu > 1", True),
])  # fmt: skip
def test_what_it_comes_to(text: str, value: float) -> None:
    assert Formula.read(text).value(KNOWN.get) == value


@pytest.mark.parametrize("text", ["power_w", "mfu + 1", "power_w and mfu > 0", "min(mfu, 1)", "-power_w", "1"])
def test_what_compares_nothing_is_no_condition(text: str) -> None:
    with pytest.raises(SpecError, match="compares nothing"):
        Formula.comparison(text)
    assert Formula.comparison(f"({text}) > 1 and not ({text}) < 3").names == Formula.read(text).names


@pytest.mark.parametrize("text", ["", "mfu >", "__import__('os')", "mfu.__class__()", "[mfu]", "'a' < mfu", 5, None])
def test_what_is_no_arithmetic_is_refused(text: object) -> None:
    with pytest.raises(SpecError, match="formula"):
        Formula.read(text)
