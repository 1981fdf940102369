"""What a job costs apart from its steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.hardware import load_cluster
from wsesim.model import build_graph, load_preset
from wsesim.questions.shared.job import job_figures, job_table
from wsesim.software import load_software

TRAINING = load_software("release-2").for_training()


def costs(model: str, machine: str, *, trains: bool = True, sparsity: float = 0.0) -> dict[str, float]:
    shape, cluster = replace(load_preset(model), sparsity=sparsity), load_cluster(machine).cluster
    parameters = build_graph(shape, sequences=1, length=1).parameters()
    figures = job_figures(parameters, parameters, cluster, TRAINING, trains=trains)
    table = job_table(figures, TRAINING, trains=trains)
    assert [row[1] for row in table.rows] == list(figures.values())
    return figures


def test_a_job_by_hand() -> None:
    found = costs("llama-2-7b", "cs-3")
    assert list(found) == ["programming_s", "weight_upload_s", "checkpoint_s"]
    assert found["programming_s"] == 240
    assert found["weight_upload_s"] == pytest.approx(6_738_415_616 * 4 / 2.04e9)
    assert found["checkpoint_s"] == pytest.approx(6_738_415_616 * 12 / 0.16e9)


def test_evaluation_writes_no_checkpoint() -> None:
    assert list(costs("gpt2", "cs-2", trains=False)) == ["programming_s", "weight_upload_s"]


def test_programming_does_not_grow_with_the_model_and_zeros_are_stored() -> None:
    small, large = costs("gpt2", "cs-2"), costs("gpt2-xl", "cs-2")
    assert small["programming_s"] == large["programming_s"]
    assert small["checkpoint_s"] < large["checkpoint_s"]
    assert costs("gpt2", "cs-2", sparsity=0.5) == small


def test_a_billion_parameters_take_a_minute_as_the_guide_says() -> None:
    seconds = costs("gpt3-1.3b", "cs-2")["checkpoint_s"]
    parameters = build_graph(load_preset("gpt3-1.3b"), sequences=1, length=1).parameters()
    assert seconds / parameters * 1e9 == pytest.approx(60)


def test_an_answer_has_them_beside_the_step() -> None:
    data = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "cluster": "cs-2"}
    answer = questions.run(questions.ask(data, file="case.yaml", folder=Path()), verify=False).answer
    assert answer is not None
    table = answer.tables[0]
    assert (table.title, table.rows[0][0]) == ("Before and beside the steps", "device programming")
    assert answer.figures["checkpoint_s"] == table.rows[2][1]


def figures_of(**changes: Any) -> dict[str, Any]:
    data = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "cluster": "cs-2"}
    question = questions.ask({**data, **changes}, file="case.yaml", folder=Path())
    answer = questions.run(question, verify=False, level="closed").answer
    assert answer is not None
    return {**answer.figures, "rows": answer.tables[0].rows}


def test_a_whole_job_is_the_sum_of_what_it_does() -> None:
    between = {"checkpoint_every": 30, "evaluate_every": 25, "evaluate_steps": 2}
    bare, full = (figures_of(token_budget=8 * 128 * 100, job=job) for job in (None, between))
    once = sum(bare[name] for name in ("programming_s", "weight_upload_s", "budget_s"))
    assert bare["job_s"] == pytest.approx(once)
    looks = 4 * 2 * figures_of(phase="evaluation")["step_s"]
    assert full["job_s"] == pytest.approx(once + 3 * full["checkpoint_s"] + looks)
    assert full["rows"][-1][2] == "100 steps, 3 checkpoints, 4 evaluations of 2 steps"
    assert [row[0] for row in bare["rows"]] == ["device programming", "weight upload", "checkpoint"]
