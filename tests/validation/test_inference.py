"""Measured rows of inference against what the simulator makes of them, with the errors that are accepted."""

from collections import defaultdict
from dataclasses import replace
from statistics import median

import pytest

from wsesim.validation.groups import group_of
from wsesim.validation.inference import predict
from wsesim.validation.rows import NotRunnable
from wsesim.validation.table import Measurement, read_table

GOALS = {
    "prefill": (0.06, 0.12), "decode": (0.03, 0.06), "teacher-forced": (0.05, 0.06), "end to end": (0.08, 0.10),
    "operator": (0.04, 0.05), "host I/O": (0.02, 0.03),
}  # fmt: skip
"""Median and worst error that is accepted."""


def rows() -> list[Measurement]:
    return [row for row in read_table() if row.id.startswith(("WLLM", "WENG"))]


def test_every_measured_row_is_predicted_within_the_goals() -> None:
    errors = defaultdict(list)
    for row in rows():
        prediction = predict(row)
        errors[group_of(row).partition(" ")[2]].append(abs(prediction.value / row.value - 1))
    assert set(errors) == set(GOALS)
    for group, found in errors.items():
        assert median(found) <= GOALS[group][0], group
        assert max(found) <= GOALS[group][1], group


def test_no_id_is_looked_up() -> None:
    for row in rows():
        if "teacher-forced" not in row.cells["phase"]:
            assert predict(replace(row, id="x")).value == predict(row).value


@pytest.mark.parametrize(
    ("start", "changes", "reason"),
    [
        ("WLLM-prefill", {"notes": "heads simplified"}, "not on which cores"),
        ("WLLM-prefill", {"layers": ""}, "gives no layers"),
        ("WLLM-prefill", {"seq_len": ""}, "gives no seq_len"),
        ("WLLM-prefill", {"phase": "training on the moon"}, "not a phase"),
        ("WLLM-gemv", {"model": "GEMM"}, "not an operator"),
        ("VEN-L31-70B-oct", {}, "guessed ahead"),
        ("VEN-K26", {}, "gives no layers"),
    ],
)
def test_what_cannot_be_run_says_why(start: str, changes: dict[str, str], reason: str) -> None:
    row = next(row for row in read_table() if row.id.startswith(start))
    with pytest.raises(NotRunnable, match=reason):
        predict(replace(row, cells={**row.cells, **changes}))


def test_an_unknown_unit_says_so() -> None:
    row = next(row for row in rows() if row.cells["phase"] == "decode")
    with pytest.raises(NotRunnable, match="is not a figure of inference"):
        predict(replace(row, unit="joule"))


def test_served_speed_is_predicted_with_what_was_assumed() -> None:
    row = next(row for row in read_table() if row.id == "VEN-L31-8B")
    found = predict(row)
    assert found.value > 0
    assert "positions cached" in found.note


def test_the_baseline_of_a_token_by_hand() -> None:
    """Weights of the layers, 2 bytes each, at 16 bytes a core and cycle."""
    row = next(row for row in rows() if row.id == "WLLM-decode-LLaMA3-8B-420")
    weights = 32 * 4096 * (4 * 4096 + 3 * 14336)
    assert predict(row).naive_cycles == pytest.approx(2 * weights / (16 * 420**2))


def test_the_baseline_of_a_prompt_by_hand() -> None:
    """A quarter of four multiply-accumulates a core and cycle."""
    row = next(row for row in rows() if row.id == "WLLM-prefill-LLaMA3-8B-480")
    products = 32 * 4096 * 4096 * (4 * 4096 + 3 * 14336)
    naive = predict(row).naive_cycles
    assert naive is not None
    assert 1 < naive / (products / (4 * 480**2) / 0.25) < 1.2


def test_other_figures_of_a_machine_change_what_they_should() -> None:
    token, layers = (next(row for row in rows() if row.id.startswith(name)) for name in ("WENG-E1", "WLLM-decode"))
    slow = {"inference.token_turn": "150 us"}
    assert predict(token, slow).value - predict(token).value == pytest.approx(75)
    assert predict(layers, slow).value == predict(layers).value


def test_down_to_a_host_is_another_way_than_up() -> None:
    row = next(row for row in rows() if row.id == "WENG-kvin-4096")
    assert predict(replace(row, metric="wafer-to-host KV download")).value > predict(row).value
