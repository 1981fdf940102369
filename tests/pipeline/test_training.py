"""From a workload to a result: what is there, what is not, and that the same asks for the same."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from wsesim import pipeline
from wsesim.errors import InputError
from wsesim.model import model_names
from wsesim.result import Metrics, Result, Status
from wsesim.workload import Workload, build_workload

BASE: dict[str, object] = {
    "model": "cerebras-gpt-111m",
    "batch": {"sequences": 24, "length": 512},
    "cluster": "cs-2",
    "verification": {"enabled": False},
}


def workload_of(**changes: object) -> Workload:
    return build_workload({**BASE, **changes}, file="case.yaml", folder=Path())


def answer(**changes: object) -> Result:
    return pipeline.run(workload_of(**changes), verify=False)


def test_an_answer_is_whole() -> None:
    result = answer()
    assert (result.status, result.why) == (Status.OK, "")
    assert result.metrics is not None
    assert result.placement is not None
    assert result.batch == {"sequences": 24, "length": 512, "per_system": 24}
    assert result.model["parameters"] == 111_050_496
    assert result.machine["name"] == "CS-2"
    assert {op.phase for op in result.ops} <= {"forward", "backward", "recompute"}
    assert {interval.track for interval in result.timeline} >= {"wafer", "host", "swarmx down", "swarmx up", "memoryx"}
    assert sum(line.bytes_per_core for line in result.memory) <= result.core_sram_bytes == 48 * 1024
    assert result.not_modelled
    assert result.verification is None


def test_an_answer_is_as_good_if_it_does_not_fit() -> None:
    result = answer(batch={"sequences": 9600, "length": 2048, "micro_batch": 9600})
    assert result.status is Status.DOES_NOT_FIT
    assert "a core has 48 KiB" in result.why
    assert (result.metrics, result.placement, result.ops, result.timeline) == (None, None, (), ())
    assert sum(line.bytes_per_core for line in result.memory) > result.core_sram_bytes == 48 * 1024
    assert result.provenance.inputs_sha256
    assert result.cost is not None
    assert result.cost.events == 0


def test_a_model_over_the_store_has_no_memory_table() -> None:
    result = answer(hardware={"memoryx.capacity": "1 GB"})
    assert (result.status, result.memory) == (Status.DOES_NOT_FIT, ())
    assert "memoryx.capacity" in result.why


@pytest.mark.parametrize("model", model_names())
def test_every_model_is_answered(model: str) -> None:
    result = answer(model=model, batch={"sequences": 2, "length": 128})
    assert isinstance(result.metrics, Metrics)
    assert result.metrics.step_s > result.metrics.bound_s > 0


@pytest.mark.parametrize("machine", ["cs-1", "cs-2", "cs-3", "andromeda", "cg-1"])
def test_every_machine_answers(machine: str) -> None:
    result = answer(batch={"sequences": 64, "length": 512}, cluster=machine)
    assert result.status is Status.OK


def test_the_timeline_can_be_left_out() -> None:
    assert answer(outputs={"timeline": False}).timeline == ()


def test_the_same_asks_for_the_same() -> None:
    first, second = answer(), answer()
    assert first.cost is not None
    assert replace(first, cost=None) == replace(second, cost=None)
    assert json.dumps(asdict(replace(first, cost=None)), default=str) == json.dumps(
        asdict(replace(second, cost=None)), default=str
    )


def test_the_file_leaves_no_trace_in_the_result() -> None:
    elsewhere = build_workload({**BASE, "name": "case"}, file="/some/where/else.yaml", folder=Path("/some/where"))
    here = pipeline.run(workload_of(name="case"), verify=False)
    there = pipeline.run(elsewhere, verify=False)
    assert replace(here, cost=None) == replace(there, cost=None)


CHANGES: dict[str, dict[str, object]] = {
    "model": {"model": "gpt2"},
    "layers": {"model": {"preset": "cerebras-gpt-111m", "layers": 11}},
    "batch": {"batch": {"sequences": 48, "length": 512}},
    "micro-batch": {"batch": {"sequences": 24, "length": 512, "micro_batch": 12}},
    "precision": {"precision": "fp16"},
    "machine": {"cluster": "cs-3"},
    "systems": {"cluster": {"machine": "cs-2", "systems": 2}},
    "a figure of the hardware": {"hardware": {"core.clock": "1 GHz"}},
    "recompute": {"recompute": "always"},
    "token budget": {"token_budget": 10**9},
    "seed": {"verification": {"enabled": False, "seed": 1}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_changes_with_every_input(change: str) -> None:
    assert answer(**CHANGES[change]).provenance.inputs_sha256 != answer().provenance.inputs_sha256


def test_the_hash_changes_with_a_figure_of_the_machine_nobody_asked_about() -> None:
    workload = workload_of()
    first, *rest = workload.hardware.figures
    figures = (replace(first, text="2 GHz"), *rest)
    other = replace(workload, hardware=replace(workload.hardware, figures=figures))
    assert pipeline.run(other, verify=False).provenance.inputs_sha256 != answer().provenance.inputs_sha256


def test_the_hash_does_not_change_with_what_was_left_out_and_is_now_said() -> None:
    said = answer(precision="mixed", recompute="auto", cluster={"machine": "cs-2", "systems": 1})
    assert said.provenance.inputs_sha256 == answer().provenance.inputs_sha256
    assert len(said.provenance.defaults) < len(answer().provenance.defaults)


def test_a_result_can_be_run_again_from_itself() -> None:
    first = answer(model="gpt2", hardware={"core.clock": "1 GHz"})
    again = build_workload(first.provenance.workload, file="again.yaml", folder=Path())
    second = pipeline.run(again, verify=False)
    assert second.metrics == first.metrics
    assert second.provenance.inputs_sha256 == first.provenance.inputs_sha256


def test_progress_is_told() -> None:
    told: list[str] = []
    pipeline.run(workload_of(), verify=False, progress=told.append)
    assert told == ["building the graph", "mapping it to the wafer", "simulating a training step"]


def test_numbers_are_verified_only_if_asked() -> None:
    tiny: dict[str, object] = {"layers": 1, "width": 16, "heads": 2, "vocab": 64}
    asked = {"model": tiny, "batch": {"sequences": 1, "length": 8}, "verification": {"enabled": True, "length": 8}}
    result = pipeline.run(workload_of(**asked))
    assert result.verification is not None
    assert result.verification.ok
    assert answer(**asked).verification is None
    off = asked | {"verification": {"enabled": False}}
    assert pipeline.run(workload_of(**off)).verification is None


def test_more_systems_share_a_batch_with_little_loss() -> None:
    """Weak scaling: the share of a system stays, only the tree grows."""
    one = answer(model="cerebras-gpt-13b", batch={"sequences": 90, "length": 2048})
    many = answer(
        model="cerebras-gpt-13b", batch={"sequences": 1440, "length": 2048},
        cluster={"machine": "andromeda", "systems": 16},
    )  # fmt: skip
    assert isinstance(one.metrics, Metrics)
    assert isinstance(many.metrics, Metrics)
    assert 0.99 < many.metrics.tokens_per_s / (16 * one.metrics.tokens_per_s) <= 1


def test_numbers_are_not_checked_where_there_is_no_answer() -> None:
    result = pipeline.run(workload_of(verification={"enabled": True}, hardware={"core.sram": "2100 B"}))
    assert (result.status, result.verification) == (Status.DOES_NOT_FIT, None)
    assert result.notes == ("Not verified: the step does not fit.",)


def test_checking_numbers_never_takes_more_memory_than_said() -> None:
    workload = workload_of(model="gpt3-175b", verification={"enabled": True}, recompute="always")
    result = pipeline.run(workload)
    assert (result.status, result.verification) == (Status.OK, None)
    assert result.notes[0].startswith("Not verified: that takes ")
    with pytest.raises(InputError, match=r"case\.yaml: error: verification would take .* GiB; make"):
        pipeline.verify_numbers(workload)
