"""What a constant does to rows, and what the other rows would set it to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.answers.keeping import keeps_to

from wsesim.answers.plain import plain_data
from wsesim.validation import report, schemas
from wsesim.validation.calibrate import MARK, ConstantTrial, best, leave_out, otherwise, section, shifts
from wsesim.validation.constants import load_constants, read_constants
from wsesim.validation.rows import read_table
from wsesim.validation.score import RowScore, validate, validate_rows

WriteTable = Callable[..., Path]
BERT = {"model": "BERT-base", "layers": "12", "vocab": "30522", "seq_len": "128", "batch_global": "128"}


@pytest.fixture
def table(write_table: WriteTable) -> Path:
    return write_table({"id": "gpt"}, {"id": "bert", **BERT}, {"id": "claim", "phase": "inference (served)"})


def test_shifts_are_the_differences_of_two_runs(table: Path) -> None:
    found = {(shift.constant, shift.group): shift for shift in shifts(read_table(table))}
    acting = {constant.name for constant in load_constants().calibrated if "training" in constant.acts_on}
    assert found.keys() == {(name, group) for name in acting for group in ("CS-2 BERT", "CS-2 GPT small")}
    launch = found["training.kernel_launch", "CS-2 BERT"]
    assert launch.at_high < 0 < launch.at_low
    assert abs(launch.at_low) > abs(found["training.kernel_launch", "CS-2 GPT small"].at_low)


def test_a_report_shows_shifts_if_asked(table: Path) -> None:
    asked, plain = report(table, sensitivity=True), report(table)
    assert "sensitivity" in asked.to_dict()
    assert keeps_to(plain_data(asked.to_dict()), schemas()["validate"])
    assert "sensitivity" not in plain.to_dict()
    for made, words in ((asked, "| CS-2 BERT | +"), (plain, "Not asked for: `wsesim validate --sensitivity`")):
        assert words in made.files()["validation.md"].decode()


def test_what_is_simulated_alone_is_what_rows_are_scored_by(table: Path) -> None:
    rows, settings = read_table(table), {"training.kernel_launch": "147 us"}
    whole, alone = (validate_rows(rows, settings=settings, alone=alone).scores for alone in (False, True))
    assert [(each.id, each.simulated, each.reason) for each in alone] == [
        (each.id, each.simulated, each.reason) for each in whole
    ]
    assert {each.naive is None and each.nearest is None for each in alone} == {True}
    assert None not in {each.naive for each in whole if each.simulated}


def _trial(number: float, *scores: tuple[str, float]) -> ConstantTrial:
    return ConstantTrial(value=str(number), number=number, scores=tuple(
        RowScore(id=group, group=group, metric="m", unit="s", measured=1.0, simulated=simulated, naive=None)
        for group, simulated in scores
    ))  # fmt: skip


def test_the_best_value_is_that_of_the_other_groups() -> None:
    trials = [_trial(1, ("a", 1.0), ("b", 2.0)), _trial(2, ("a", 3.0), ("b", 1.1))]
    assert best(trials, without="a").number == 2
    assert best(trials, without="b").number == 1
    assert trials[0].miss(without="b") == 0


def test_what_no_other_group_shows_is_nothing() -> None:
    trials = [_trial(number, ("a", 1 + number), ("b", 2.0)) for number in (5.0, 0.0, 3.0)]
    assert best(trials, without="a").number == 0


def test_a_group_left_out_is_predicted_by_the_others(write_table: WriteTable) -> None:
    """Rows made with another launch: either group alone finds it again for the other."""
    made = {"training.kernel_launch": "147 us"}
    rows = [{"id": "gpt"}, {"id": "bert", **BERT}]
    truth = {score.id: score.simulated for score in validate_rows(read_table(write_table(*rows)), settings=made).scores}
    told: list[str] = []
    table = write_table(*({**row, "value": str(truth[row["id"]])} for row in rows))
    left = {each.group: each for each in leave_out(read_table(table), progress=told.append)}
    assert left.keys() == {"CS-2 BERT", "CS-2 GPT small"}
    assert left["CS-2 GPT small"].values["training.kernel_launch"] == "147 us"
    assert all(each.median_in_view > 0 for each in left.values())
    assert any(text.startswith("training.kernel_launch = ") for text in told)
    text = section(tuple(left.values()))
    assert text.startswith(MARK)
    assert read_constants(f"calibrated: []\nchosen: []\n{text}").left_out[0].values == left["CS-2 BERT"].values


def test_the_baseline_does_not_depend_on_constants(table: Path) -> None:
    assert validate(table).scores[0].naive is not None


def test_what_was_chosen_is_told_beside_the_other_choice(write_table: WriteTable) -> None:
    rows = read_table(write_table({"id": "gpt", "value": "500"}))
    found = {each.choice.where: each.groups for each in otherwise(rows)}
    now, then = found["training.partial_sum"]["CS-2 GPT small"]
    assert (now.median, then.median) != (None, None)
    assert now.median != then.median
    assert not found["silicon.scalar_slowdown"]  # a training step has no scalar code
