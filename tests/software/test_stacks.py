"""Software stacks: what each gives, what it lacks, and that the machine does not choose it."""

import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from wsesim import questions
from wsesim.cli import cli
from wsesim.errors import SpecError
from wsesim.hardware import load_cluster, machine_names
from wsesim.questions.base import Asked, Question
from wsesim.software import SoftwareStack, load_software, software_names

IDEAL = load_software("ideal")
PARTS: list[Any] = [IDEAL.for_training(), IDEAL.for_inference()]
SIZES = {
    "partial_sum_bytes", "attention_value_bytes", "token_bytes", "strip_keys", "layers_in_flight", "log_every",
    "state_bytes_per_parameter", "master_bytes_per_parameter", "vectors_at_work", "fills",
}  # fmt: skip
TRAINING = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "verification": {"enabled": False}}
DECODE = {
    "model": "cerebras-gpt-1.3b",
    "phase": "decode",
    "inference": {"prompt": 512},
    "verification": {"enabled": False},
}


def question_of(data: dict[str, Any], **changes: Any) -> Question:
    return questions.ask({"cluster": "cs-2", **data, **changes}, file="test", folder=Path())


def asked_of(data: dict[str, Any], **changes: Any) -> Asked:
    return question_of(data, **changes).asked


def test_names() -> None:
    assert software_names() == ("ideal", "release-2", "served-2024-08", "served-2024-10", "waferengine", "waferllm")


def test_groups() -> None:
    groups = {name: load_software(name).software for name in software_names()}
    assert {name for name, stack in groups.items() if stack.training} == {"ideal", "release-2"}
    assert {name for name, stack in groups.items() if stack.inference} == set(software_names()) - {"release-2"}


def test_a_missing_group_is_refused_with_the_stacks_that_have_it() -> None:
    with pytest.raises(SpecError) as caught:
        load_software("waferllm").for_training()
    assert (caught.value.name, caught.value.message) == (
        "software", "= 'waferllm' has no figures of training; ideal, release-2 have",
    )  # fmt: skip
    with pytest.raises(
        SpecError,
        match="has no figures of inference; ideal, served-2024-08, served-2024-10, waferengine, waferllm have",
    ):
        load_software("release-2").for_inference()
    with pytest.raises(SpecError, match="neither trains nor serves"):
        SoftwareStack(name="nothing", training=None, inference=None)


def test_engines_differ_in_their_loops_alone() -> None:
    llm, engine = (load_software(name).for_inference() for name in ("waferllm", "waferengine"))
    assert replace(engine, element_loop_cycles=llm.element_loop_cycles, round_cycles=llm.round_cycles) == llm
    assert (llm.element_loop_cycles, engine.element_loop_cycles) == (0, 14)
    assert (llm.round_cycles, engine.round_cycles) == (45, 36)


@pytest.mark.parametrize(
    ("part", "name"), [(part, field.name) for part in PARTS for field in fields(part)],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_no_number_is_negative_or_endless_and_sizes_are_not_zero(part: Any, name: str) -> None:
    for value in (-1, math.nan, math.inf):
        with pytest.raises(SpecError):
            replace(part, **{name: value})
    if name in SIZES:
        with pytest.raises(SpecError, match="must be positive"):
            replace(part, **{name: 0})
    else:
        assert getattr(replace(part, **{name: 0}), name) == 0


def test_ideal_software_costs_nothing() -> None:
    costs = {
        "kernel_launch_s", "step_s", "log_s", "weight_launch_cycles", "token_turn_s", "element_loop_cycles",
        "round_cycles", "vector_setup_cycles", "step_scalar_cycles", "align_scalar_cycles", "step_jitter",
        "part_launches",
    }  # fmt: skip
    found = {field.name: getattr(part, field.name) for part in PARTS for field in fields(part)}
    others = {"even_passes", "update_waits", "masked_skipped"}
    assert {name for name, value in found.items() if value == 0} == costs | others
    assert (IDEAL.for_inference().pads_vectors, load_software("waferllm").for_inference().pads_vectors) == (1, 0)
    stacks: dict[str, Any] = {"release-2": IDEAL.for_training(), "waferllm": IDEAL.for_inference()}
    for name, part in stacks.items():
        other = load_software(name).software
        usual: Any = other.training or other.inference
        assert all(getattr(part, f.name) == getattr(usual, f.name) for f in fields(part)
                   if f.name not in costs | {"pads_vectors"})  # fmt: skip


@pytest.mark.parametrize("machine", machine_names())
def test_the_default_is_the_same_on_every_machine(machine: str) -> None:
    systems = load_cluster(machine).cluster.systems
    batch = {"sequences": systems, "length": 128}
    streams, stays = asked_of(TRAINING, cluster=machine, batch=batch), asked_of(DECODE, cluster=machine)
    assert (streams.software, stays.software) == (load_software("release-2"), load_software("waferllm"))
    assert streams.resolved["software"] == {"stack": "release-2"}
    said = {default.name: (default.text, default.source) for default in stays.defaults}
    assert said["software.stack"] == ("waferllm", "the same for every machine unless told otherwise")


def test_a_workload_names_its_stack_and_changes_figures_of_it() -> None:
    workload = asked_of(DECODE, software={"stack": "waferengine", "inference": {"token_turn": "50 us"}})
    assert workload.software is not None
    assert workload.software.for_inference().token_turn_s == pytest.approx(50e-6)
    assert workload.resolved["software"] == {"stack": "waferengine", "inference.token_turn": "50 us"}
    again = asked_of(dict(workload.resolved))
    assert (again.software, again.resolved) == (workload.software, workload.resolved)


def test_software_decides_and_is_part_of_the_sum_of_inputs() -> None:
    def asked(software: object) -> Any:
        return questions.run(question_of(DECODE, cluster="cs-3", software=software), verify=False)

    vectors, loops, free = asked("waferllm"), asked("waferengine"), asked("ideal")
    assert free.figures["tpot_s"] < vectors.figures["tpot_s"] < loops.figures["tpot_s"]
    sums = [result.provenance.inputs_sha256 for result in (vectors, loops, free, asked({"inference.round_cycles": 44}))]
    assert len(set(sums)) == 4
    assert "inference.token_turn" in {figure.name for figure in vectors.provenance.figures}


def test_the_command_lists_stacks() -> None:
    told = CliRunner().invoke(cli, ["software"]).output
    assert all(name in told for name in software_names())
    assert "training, inference" in told
    listed = CliRunner().invoke(cli, ["software", "--json"]).output
    assert '"name": "waferengine"' in listed
