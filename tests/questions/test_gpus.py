"""GPUs beside an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim.answers import result_json
from wsesim.gpus import fleet_named
from wsesim.questions import ask, beside_gpus, run

STEP = {"model": "gpt2", "cluster": {"machine": "cs-2"}, "batch": {"sequences": 64}}
REQUEST = {
    "phase": "generate",
    "model": "gpt2",
    "cluster": {"machine": "cs-3"},
    "inference": {"prompt": 64, "generate": 8},
}
SERVED = {
    "phase": "serving", "model": "gpt2", "cluster": {"machine": "cs-3"},
    "inference": {"batch": 2, "placement": "whole"}, "serving": {"rate": 5.0, "requests": 20, "search": False},
}  # fmt: skip


def _beside(data: dict[str, Any], *gpus: str) -> dict[str, Any]:
    question = ask(data, file="question.yaml", folder=Path())
    result = run(question, level="closed", verify=False)
    return result_json(beside_gpus(question, result, [fleet_named(name) for name in gpus]))


def test_a_step_stands_beside_gpus_and_one_utilization() -> None:
    found = _beside(STEP, "h100x8", "b200x8:fp8")
    table = found["tables"]["gpus"]
    assert [row[0] for row in table["rows"]] == [
        "1 × CS-2", "8 × H100, bf16", "the same, one utilization", "8 × B200, fp8", "the same, one utilization"
    ]  # fmt: skip
    place = table["columns"].index("step_s")
    assert table["rows"][0][place] == found["figures"]["step_s"]
    assert all(row[place] > 0 for row in table["rows"])
    causes = found["tables"]["gpus_h100x8_bf16"]["rows"]
    assert sum(row[1] for row in causes) == pytest.approx(table["rows"][1][place])
    said = " ".join(found["notes"])
    assert "estimated" in said
    assert "Nearest measured" in said
    assert any(figure["name"] == "h100.chip.clock" for figure in found["provenance"]["figures"])


@pytest.mark.parametrize(("data", "figure"), [(REQUEST, "total_s"), (SERVED, "power_w")])
def test_requests_stand_beside_gpus(data: dict[str, Any], figure: str) -> None:
    table = _beside(data, "h100x2")["tables"]["gpus"]
    assert table["rows"][1][table["columns"].index(figure)] > 0


def test_prices_follow_the_same_rules_on_both_sides() -> None:
    def prices(*gpus: str, **price: float) -> list[float]:
        hardware = {f"price.{name}": value for name, value in price.items()}
        table = _beside({**STEP, "hardware": hardware}, *gpus)["tables"]["gpus"]
        place = table["columns"].index("usd_per_million_tokens")
        return [row[place] for row in table["rows"] if row[place] is not None]

    own, usual, cheap = prices("h100x8", "h100x8@0")
    later, usual_later, _ = prices("h100x8", "h100x8@0", years=6)
    assert 0 < cheap < usual
    assert later < own
    assert usual / 2 < usual_later < usual
    free, electric, _ = prices("h100x8", "h100x8@0", kwh_usd=0)
    assert (free < own, electric < usual) == (True, True)
    whole = electric - prices("h100x8@0", kwh_usd=0)[1]
    rate = 8 * 30_000 / (3 * 8766 * 3600)
    table = _beside(STEP, "h100x8")["tables"]["gpus"]
    speed = table["rows"][1][table["columns"].index("tokens_per_s")]
    assert whole == pytest.approx(1e6 * rate / speed)
    said = " ".join(_beside(STEP, "h100x8@25000", "b200")["notes"])
    assert "Price of one H100: $25,000 (override)" in said
    assert "Price of one B200: $40,000 (assumed)" in said


def test_what_does_not_fit_gpus_or_wafers_is_said() -> None:
    found = _beside({**STEP, "model": "llama-3-70b", "batch": {"sequences": 1}}, "a100-40gbx1")
    assert "does not fit" in " ".join(found["notes"])
    found = _beside({**REQUEST, "model": "llama-3-70b"}, "h100x8")
    assert found["status"] == "does_not_fit"
    assert "8 × H100, bf16, estimated" in " ".join(found["notes"])


def test_a_kernel_has_no_gpus_beside_it() -> None:
    data = {"kernel": "gemv", "grid": [4, 4], "shape": [64, 64], "cluster": {"machine": "cs-2"}}
    assert "GPUs are not asked" in " ".join(_beside(data, "h100")["notes"])
