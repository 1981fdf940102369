from pathlib import Path

import pytest
from wsesim.levels.ask import compare, load_question
from wsesim.levels.comparison import LEVELS, Comparison
from wsesim.result import RequestMetrics

from wsesim import pipeline
from wsesim.workload import Workload

TOKEN = "model: gpt2\nphase: {phase}\ninference: {{prompt: 256, generate: 64}}\ncluster: cs-2\n"
SERVICE = (
    "model: gpt2\nphase: serving\ncluster: cs-2\n"
    "serving: {rate: 20, requests: 600, prompt: 200, output: 50, longest: 512, slo_ttft: 20 ms, slo_tpot: 1 ms}\n"
)


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    file = tmp_path_factory.mktemp("asked") / "question.yaml"
    file.write_text(TOKEN.format(phase="generate"))
    loaded = load_question(file)
    assert isinstance(loaded, Workload)
    return loaded


@pytest.fixture(scope="module")
def found(question: Workload) -> Comparison:
    return compare(question)


def test_all_levels_give_both_times(found: Comparison) -> None:
    assert [answer.level for answer in found.answers] == list(LEVELS)
    assert {tuple(answer.figures) for answer in found.answers} == {("ttft_s", "tpot_s")}


def test_the_formula_is_close_to_the_request(question: Workload, found: Comparison) -> None:
    metrics = pipeline.run(question, verify=False).metrics
    assert isinstance(metrics, RequestMetrics)
    assert found.answers[1].figures == {"ttft_s": metrics.ttft_s, "tpot_s": metrics.tpot_s}
    for figure, value in found.answers[0].figures.items():
        assert value == pytest.approx(found.answers[1].figures[figure], rel=0.05)


def test_causes_sum_to_the_differences(found: Comparison) -> None:
    _, system, cores = (answer.figures for answer in found.answers)
    for difference in found.differences:
        wanted = (cores[difference.figure] or 0.0) - (system[difference.figure] or 0.0)
        assert sum(seconds for _, seconds in difference.causes) == pytest.approx(wanted, rel=0.02)


def test_products_ran_and_ratios_are_sensible(found: Comparison) -> None:
    programs = {row.program for row in found.kernels}
    assert {"gemv", "attention-decode", "layer-norm", "gelu"} <= programs
    assert all(0.3 < row.ratio < 3 for row in found.kernels if row.program == "gemv")


def test_a_prompt_whose_weights_move_runs_as_mesh_gemm(tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(
        "model: gpt2\nphase: prefill\ninference: {prompt: 256, placement: blocks, prefill_grid: 120}\ncluster: cs-2\n"
    )
    ran = {row.name: row for row in compare(load_question(file), ("cores",)).kernels}
    assert ran["prompt: ffn.up"].program == ran["prompt: attention.scores"].program == "mesh-gemm"
    assert ran["prompt: attention.softmax"].program == "softmax"
    assert all(0.3 < row.ratio < 3 for row in ran.values() if row.program == "mesh-gemm")


@pytest.mark.parametrize(("phase", "figure"), [("prefill", "ttft_s"), ("decode", "tpot_s")])
def test_a_phase_alone_has_its_own_figure(tmp_path: Path, phase: str, figure: str) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(
        TOKEN.format(phase=phase) if phase == "decode" else TOKEN.format(phase=phase).replace(", generate: 64", "")
    )
    answers = compare(load_question(file), ("closed", "system")).answers
    assert all(list(answer.figures) == [figure] for answer in answers)


def test_a_service_is_slower_with_queues(tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(SERVICE)
    found = compare(load_question(file))
    closed, system, cores = (answer.figures for answer in found.answers)
    assert list(closed) == list(system) == list(cores)
    assert (closed["largest_rate_per_s"] or 0) >= (system["largest_rate_per_s"] or 0) > 0
    assert found.notes
