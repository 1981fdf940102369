"""What a job costs apart from its steps."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from wsesim.hardware import load_cluster
from wsesim.model import build_graph, load_preset
from wsesim.pipeline.job import job_costs
from wsesim.report import print_summary
from wsesim.result import JobCost
from wsesim.software import load_software
from wsesim.validation import validate

TRAINING = load_software("release-2").for_training()


def costs(model: str, machine: str, *, trains: bool = True, **changes: float) -> dict[str, float]:
    shape = replace(load_preset(model), **changes)  # type: ignore[arg-type]
    cluster = load_cluster(machine).cluster
    found = job_costs(build_graph(shape, sequences=1, length=1), cluster, TRAINING, trains=trains)
    return {cost.what: cost.seconds for cost in found}


def test_a_job_by_hand() -> None:
    found = costs("llama-2-7b", "cs-3")
    assert list(found) == ["device programming", "weight upload", "checkpoint"]
    assert found["device programming"] == 240
    assert found["weight upload"] == pytest.approx(6_738_415_616 * 4 / 2.04e9)
    assert found["checkpoint"] == pytest.approx(6_738_415_616 * 12 / 0.16e9)


def test_evaluation_writes_no_checkpoint() -> None:
    assert list(costs("gpt2", "cs-2", trains=False)) == ["device programming", "weight upload"]


def test_programming_does_not_grow_with_the_model_and_zeros_are_stored() -> None:
    small, large = costs("gpt2", "cs-2"), costs("gpt2-xl", "cs-2")
    assert small["device programming"] == large["device programming"]
    assert small["checkpoint"] < large["checkpoint"]
    assert costs("gpt2", "cs-2", sparsity=0.5) == small


def test_a_billion_parameters_take_a_minute_as_the_guide_says() -> None:
    seconds = costs("gpt3-1.3b", "cs-2")["checkpoint"]
    parameters = build_graph(load_preset("gpt3-1.3b"), sequences=1, length=1).parameters()
    assert seconds / parameters * 1e9 == pytest.approx(60)


def test_measured_jobs_are_met() -> None:
    found = {score.id: score for score in validate().scores if "job" in score.group}
    assert {name for name, score in found.items() if score.simulated is None} == {
        "ALCF-JOB-L7-CS2-compile", "ALCF-JOB-ESM-CS2-compile"
    }  # fmt: skip
    assert max(abs(score.error) for score in found.values() if score.error is not None) < 0.12
    assert found["ALCF-JOB-L7-CS2-compile"].reason == "compile time is not modelled"


def test_the_summary_tells_it_apart_from_the_step() -> None:
    from pathlib import Path

    from wsesim import pipeline
    from wsesim.workload import build_workload

    data = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "cluster": "cs-2"}
    result = pipeline.run(build_workload(data, file="case.yaml", folder=Path()), verify=False)
    assert all(isinstance(cost, JobCost) for cost in result.job)
    out = StringIO()
    print_summary(result, Console(file=out, width=100))
    assert "Before and beside the steps\ndevice programming" in out.getvalue()
