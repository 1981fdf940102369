"""Requests and services at three levels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import LEVELS, Answer, Comparison, Level
from wsesim.questions.base import Question


def asked(phase: str, **sections: object) -> Question:
    data = {"model": "gpt2", "phase": phase, "cluster": "cs-2", **sections}
    return questions.ask(data, file="question.yaml", folder=Path())


@pytest.fixture(scope="module")
def question() -> Question:
    return asked("generate", inference={"prompt": 256, "generate": 64})


@pytest.fixture(scope="module")
def found(question: Question) -> Comparison:
    return questions.compare(question)


def figures(found: Comparison, level: Level) -> Mapping[str, Any]:
    outcome = found.outcomes[level]
    assert isinstance(outcome, Answer), outcome
    return outcome.figures


def rows(found: Comparison) -> list[Mapping[str, Any]]:
    outcome = found.outcomes["cores"]
    assert isinstance(outcome, Answer)
    table = next(table for table in outcome.tables if table.name == "kernels")
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.mark.nightly
def test_the_formula_is_close_to_the_request(question: Question, found: Comparison) -> None:
    assert figures(found, "system") == questions.run(question, verify=False).figures
    for name in ("ttft_s", "tpot_s"):
        assert figures(found, "closed")[name] == pytest.approx(figures(found, "system")[name], rel=0.05)


@pytest.mark.nightly
def test_causes_sum_to_the_differences(found: Comparison) -> None:
    assert {each.figure for each in found.differences if each.fine == "cores"} == {"ttft_s", "tpot_s"}
    for each in found.differences:
        wanted = figures(found, each.fine)[each.figure] - figures(found, each.coarse)[each.figure]
        assert sum(seconds for _, seconds in each.causes) == pytest.approx(wanted)


@pytest.mark.nightly
def test_work_is_the_same_at_every_level(found: Comparison) -> None:
    system = figures(found, "system")
    for level in LEVELS:
        here = figures(found, level)
        assert here["mfu"] * here["total_s"] == pytest.approx(system["mfu"] * system["total_s"], rel=0.01)


@pytest.mark.parametrize(("phase", "where"), [
    ("prefill", {"prompt": 100, "batch": 40}),
    ("decode", {"prompt": 100, "generate": 100, "draft_tokens": 8, "acceptance": 0.0}),
])  # fmt: skip
def test_prompts_side_by_side_and_guesses_count_in_the_formula_too(phase: str, where: dict[str, object]) -> None:
    found = questions.compare(asked(phase, inference=where), ("closed", "system"))
    assert figures(found, "closed")["total_s"] == pytest.approx(figures(found, "system")["total_s"], rel=0.05)


@pytest.mark.nightly
def test_products_ran_and_ratios_are_sensible(found: Comparison) -> None:
    programs = {row["program"] for row in rows(found)}
    assert {"gemv", "attention-decode", "layer-norm", "gelu"} <= programs
    assert all(0.3 < row["ratio"] < 3 for row in rows(found) if row["program"] == "gemv")


@pytest.mark.nightly
def test_a_prompt_whose_weights_move_runs_as_mesh_gemm() -> None:
    where = {"prompt": 256, "placement": "blocks", "prefill_grid": 120}
    ran = {row["ops"]: row for row in rows(questions.compare(asked("prefill", inference=where), ("cores",)))}
    mesh = {ops: row for ops, row in ran.items() if row["program"] == "mesh-gemm"}
    assert any("up" in ops for ops in mesh)
    assert any("scores" in ops for ops in mesh)
    assert all(0.3 < row["ratio"] < 3 for row in mesh.values())
    assert any(row["program"] == "softmax" for row in ran.values())


@pytest.mark.parametrize(("phase", "figure"), [("prefill", "ttft_s"), ("decode", "tpot_s")])
def test_a_phase_alone_has_its_own_figure(phase: str, figure: str) -> None:
    found = questions.compare(asked(phase, inference={"prompt": 256}), ("closed", "system"))
    for level in ("closed", "system"):
        outcome = found.outcomes[level]
        assert isinstance(outcome, Answer)
        assert next(iter(outcome.headline)) == figure


@pytest.mark.nightly
def test_a_service_with_queues_is_near_its_formula() -> None:
    serving = {"rate": 20, "requests": 200, "prompt": 200, "output": 50, "longest": 320, "slo_ttft": "20 ms",
               "slo_tpot": "1 ms"}  # fmt: skip
    found = questions.compare(asked("serving", serving=serving))
    assert tuple(found.outcomes) == LEVELS
    closed, system = (figures(found, level)["largest_rate_per_s"] for level in ("closed", "system"))
    assert system == pytest.approx(closed, rel=0.1)
    cores = found.outcomes["cores"]
    assert isinstance(cores, Answer)
    assert any("By the cores a prompt takes" in note for note in cores.notes)
