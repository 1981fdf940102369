"""A step at three levels: close to each other, and why they differ."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import LEVELS, Answer, Comparison, Level, NotAnswered
from wsesim.kernels import Region
from wsesim.questions.base import Question
from wsesim.questions.shared.step import Step
from wsesim.questions.training import TrainingStep
from wsesim.software import load_software
from wsesim.system import fastest
from wsesim.trials import Tried, first_that_runs, streamed
from wsesim.trials.streamed import part_of

TRAINING = load_software("release-2").for_training()
CLOSE = 0.03
"""How far a step may be from the longest of its kernels and transfers, where kernels set the time."""
HELD = ("softmax", "gelu", "scores")
"""Ops whose closed forms count what their core programs do."""


def asked(**changes: object) -> Question:
    data = {
        "model": "cerebras-gpt-111m", "batch": {"sequences": 60, "length": 1024}, "cluster": "cs-2", **changes,
    }  # fmt: skip
    return questions.ask(data, file="question.yaml", folder=Path())


def step_of(**changes: object) -> Step:
    question = asked(**changes)
    assert isinstance(question, TrainingStep)
    return question.step


@pytest.fixture(scope="module")
def found() -> Comparison:
    return questions.compare(asked())


def answers(found: Comparison) -> list[Answer]:
    return [outcome for outcome in found.outcomes.values() if isinstance(outcome, Answer)]


def rows(found: Comparison) -> list[Mapping[str, Any]]:
    table = next(table for table in answers(found)[-1].tables if table.name == "kernels")
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_levels_come_in_order_with_the_same_figures(found: Comparison) -> None:
    assert tuple(found.outcomes) == LEVELS
    assert [answer.level for answer in answers(found)] == list(LEVELS)
    names = [spec.name for spec in found.specs]
    assert all(list(answer.figures) == names for answer in answers(found))
    assert found.finest is answers(found)[-1]
    assert found.cpu_s.keys() == set(LEVELS)


def test_the_formula_is_close_to_the_played_step(found: Comparison) -> None:
    closed, system, _ = (answer.spent.total_s for answer in answers(found) if answer.spent)
    assert closed == pytest.approx(system, rel=CLOSE)
    assert closed <= system


def test_the_played_step_is_that_of_a_run(found: Comparison) -> None:
    assert questions.run(asked(), verify=False).figures == answers(found)[1].figures


def test_more_detail_takes_more_events(found: Comparison) -> None:
    closed, system, cores = (answer.events for answer in answers(found))
    assert 0 == closed < system < cores


def test_causes_sum_to_the_differences(found: Comparison) -> None:
    steps = {answer.level: float(answer.figures["step_s"] or 0.0) for answer in answers(found)}
    assert [(each.coarse, each.fine, each.figure) for each in found.differences] == [
        ("closed", "system", "step_s"), ("system", "cores", "step_s"),
    ]  # fmt: skip
    for each in found.differences:
        assert sum(seconds for _, seconds in each.causes) == pytest.approx(
            steps[each.fine] - steps[each.coarse], abs=1e-7
        )
        assert [seconds for _, seconds in each.causes] == sorted((seconds for _, seconds in each.causes), reverse=True)


def test_every_second_of_kernels_is_in_a_row(found: Comparison) -> None:
    assert sum(row["share"] for row in rows(found)) == pytest.approx(1)
    assert all((row["program"] != "") != (row["note"] == "no core program") for row in rows(found))


def test_ratios_are_positive_and_near_one_where_forms_count_what_programs_do(found: Comparison) -> None:
    ran = [row for row in rows(found) if row["program"]]
    assert all(row["ratio"] > 0 for row in ran)
    for row in ran:
        if row["ops"].endswith(HELD):
            assert 0.8 < row["ratio"] < 1.6, row["ops"]


def test_the_same_question_has_the_same_answer(found: Comparison) -> None:
    again = questions.compare(asked())
    assert (again.outcomes, again.differences, again.notes) == (found.outcomes, found.differences, found.notes)


def test_one_level_alone(found: Comparison) -> None:
    alone = questions.compare(asked(), ("closed",))
    assert alone.outcomes == {"closed": found.outcomes["closed"]}
    assert not alone.differences


def test_progress_is_told_level_by_level() -> None:
    told: list[tuple[int, int, str]] = []
    questions.compare(asked(), ("system", "closed"), tell=lambda *now: told.append(now))
    assert [now for now in told if now[2] in LEVELS] == [(0, 2, "closed"), (1, 2, "system")]


def test_what_does_not_fit_says_why_at_all_levels() -> None:
    found = questions.compare(asked(hardware={"memoryx.capacity": "1 GB"}))
    assert found.finest is None
    assert all("MemoryX" in outcome.why for outcome in found.outcomes.values() if not isinstance(outcome, Answer))
    assert not found.differences


@pytest.mark.parametrize("level", ["closed", "system"])
def test_an_evaluation_has_these_levels(level: Level) -> None:
    answer = questions.run(asked(phase="evaluation"), level=level, verify=False).answer
    assert answer is not None
    assert answer.level == level


def _cases(step: Step) -> dict[str, Tried | str]:
    graph = step.graph()
    ways = fastest(step.request(graph))
    assert isinstance(ways, tuple)
    program = ways[0].program
    placed = program.placement
    region = Region(
        software=TRAINING, cluster=program.cluster, sequences=placed.micro_batch, length=step.length, precision="mixed",
    )  # fmt: skip
    graph = graph.with_dims(batch=placed.micro_batch)
    layer = next(block for block in graph.blocks if block.name == "layer")
    cases = {op.name: streamed(graph, layer, op, region) for op in layer.ops}
    return {
        name: first_that_runs(case.trials(), program.cluster.wafer) for name, case in cases.items() if case is not None
    }


def test_sparse_weights_and_experts_have_trials() -> None:
    found = _cases(step_of(model={"preset": "cerebras-gpt-111m", "sparsity": 0.75}))
    up = found["ffn.up"]
    assert isinstance(up, Tried)
    assert up.trial.options["nonzeros"] == "1"
    assert "ffn.up.weight.backward" not in found


def test_a_part_holds_the_tokens_it_was_asked_for() -> None:
    cluster = step_of().asked.hardware.cluster
    region = Region(software=TRAINING, cluster=cluster, sequences=60, length=1024, precision="mixed")
    part = part_of(region, 8, 4, 31)
    assert (part.columns, part.rows, part.tokens_per_core) == (8, 4, 31)


def test_uncompiled_the_cores_are_refused_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.cores.jit.COMPILED", False)
    found = questions.compare(asked(), ("closed", "cores")).outcomes
    assert isinstance(found["closed"], Answer)
    assert isinstance(refused := found["cores"], NotAnswered)
    assert "takes too long without numba: pip install numba" in refused.why
