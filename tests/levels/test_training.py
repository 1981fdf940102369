from pathlib import Path

import pytest

from wsesim import pipeline
from wsesim.levels.comparison import LEVELS, Comparison
from wsesim.levels.training import compare_step
from wsesim.workload import Workload, load_workload

CLOSE = 0.03
"""How far a step may be from the longest of its kernels and transfers, where kernels set the time."""
HELD = ("softmax", "gelu", "scores")
"""Ops whose closed forms count what their core programs do."""


def asked(folder: Path, *, phase: str = "training", more: str = "") -> Workload:
    file = folder / "question.yaml"
    file.write_text(
        f"model: cerebras-gpt-111m\nphase: {phase}\nbatch: {{sequences: 60, length: 1024}}\ncluster: cs-2\n{more}"
    )
    return load_workload(file)


def silent(done: int, total: int, now: str) -> None:
    pass


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return asked(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def found(workload: Workload) -> Comparison:
    return compare_step(workload, LEVELS, silent)


def test_levels_come_in_order_with_the_same_figures(found: Comparison) -> None:
    assert [answer.level for answer in found.answers] == list(LEVELS)
    assert {tuple(answer.figures) for answer in found.answers} == {("step_s", "tokens_per_s")}
    assert found.finest is found.answers[-1]


def test_the_formula_is_close_to_the_played_step(found: Comparison) -> None:
    closed, system, _ = (answer.figures["step_s"] for answer in found.answers)
    assert closed == pytest.approx(system, rel=CLOSE)


def test_the_played_step_is_that_of_a_run(workload: Workload, found: Comparison) -> None:
    metrics = pipeline.run(workload, verify=False).metrics
    assert found.answers[1].figures["step_s"] == getattr(metrics, "step_s")  # noqa: B009 - which of the metrics is known


def test_more_detail_takes_more_events(found: Comparison) -> None:
    closed, system, cores = (answer.events for answer in found.answers)
    assert 0 == closed < system < cores


def test_causes_sum_to_the_differences(found: Comparison) -> None:
    steps = {answer.level: answer.figures["step_s"] or 0.0 for answer in found.answers}
    for difference in found.differences:
        coarse, fine = difference.levels
        assert sum(seconds for _, seconds in difference.causes) == pytest.approx(steps[fine] - steps[coarse], abs=1e-7)


def test_every_second_of_kernels_is_in_a_row(found: Comparison) -> None:
    assert sum(row.share for row in found.kernels) == pytest.approx(1)
    assert all((row.program != "") != (row.note == "no core program") for row in found.kernels)


def test_ratios_are_positive_and_near_one_where_forms_count_what_programs_do(found: Comparison) -> None:
    ran = [row for row in found.kernels if row.program]
    assert all(row.ratio > 0 for row in ran)
    for row in ran:
        if row.name.endswith(HELD):
            assert 0.8 < row.ratio < 1.6, row.name


def test_the_same_question_has_the_same_answer(workload: Workload, found: Comparison) -> None:
    again = compare_step(workload, LEVELS, silent).to_json()
    first = found.to_json()
    assert {**first, "cost": None} == {**again, "cost": None}


def test_one_level_alone(workload: Workload, found: Comparison) -> None:
    alone = compare_step(workload, ("closed",), silent)
    assert [answer.figures for answer in alone.answers] == [found.answers[0].figures]
    assert not alone.differences
    assert not alone.kernels


def test_an_evaluation_has_all_levels(tmp_path: Path) -> None:
    found = compare_step(asked(tmp_path, phase="evaluation"), LEVELS, silent)
    assert all(answer.figures for answer in found.answers)


def test_what_does_not_fit_says_why_at_all_levels(tmp_path: Path) -> None:
    found = compare_step(asked(tmp_path, more="hardware: {memoryx.capacity: 1 GB}\n"), LEVELS, silent)
    assert found.finest is None
    assert all("MemoryX" in answer.why_not for answer in found.answers)
    assert found.to_json()["status"] == "none"
