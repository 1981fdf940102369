"""Figures of machine and software in a file: nested, dotted, set, and of files of the user's own."""

from pathlib import Path

import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.questions.base import Asked
from wsesim.software import Training

MINIMAL = "model: gpt2\nbatch: {sequences: 8, length: 128}\n"


def load(folder: Path, text: str, *settings: str) -> Asked:
    (folder / "w.yaml").write_text(text, "utf-8")
    return questions.load(folder / "w.yaml", settings=settings).asked


def training_of(asked: Asked) -> Training:
    assert asked.software is not None
    return asked.software.for_training()


def stack_of(asked: Asked) -> str:
    assert asked.software is not None
    return asked.software.stack


def test_a_machine_and_a_stack_of_files_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: Mine\nextends: cs-2\ncore: {clock: 1.3 GHz}\n")
    (tmp_path / "stack.yaml").write_text("extends: release-2\ntraining.step: 1 ms\n")
    asked = load(tmp_path, MINIMAL + "cluster: {machine: mine.yaml}\nsoftware: stack.yaml\n")
    assert asked.hardware.cluster.wafer.core.clock_hz == 1.3e9
    assert training_of(asked).step_s == 1e-3
    assert asked.hardware.cluster.name == "Mine"


def test_mistakes_in_such_a_file_are_at_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: cs-2\ncore: {clok: 1.3 GHz}\n")
    with pytest.raises(InputError) as caught:
        load(tmp_path, MINIMAL + "cluster: mine.yaml\n")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "mine.yaml"), 2, 8)


def test_settings_reach_figures_nested_or_not(tmp_path: Path) -> None:
    text = MINIMAL + "cluster: cs-2\nhardware: {core: {clock: 1 GHz}}\nsoftware: release-2\n"
    given = ("hardware.core.clock=2 GHz", "software.training.step=1 ms", "software.stack=ideal")
    asked = load(tmp_path, text, *given)
    assert asked.resolved["hardware"] == {"core.clock": "2 GHz"}
    assert asked.resolved["software"] == {"stack": "ideal", "training.step": "1 ms"}
    assert training_of(asked).kernel_launch_s == 0
    assert stack_of(load(tmp_path, text, "software=ideal")) == "ideal"


def test_the_software_of_another_phase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match="has no figures of inference; ideal, served-2024-08, served-2024-10, waferengine, waferllm have",
    ):
        load(tmp_path, "model: gpt2\nphase: decode\ninference: {prompt: 8}\ncluster: cs-2\nsoftware: release-2\n")
