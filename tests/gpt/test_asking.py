"""What a machine would do with the model is what the file with the same keys is answered."""

from pathlib import Path

import pytest

import wsesim
from wsesim.gpt import CerebrasGPT
from wsesim.gpt.asking import STEP_SEQUENCES

MODEL = CerebrasGPT(2, 2, vocab_size=64, max_position_embeddings=32)
SHAPE = "model: {layers: 2, width: 128, heads: 2, vocab: 64, max_length: 32, name: cerebras-gpt-2x128}\n"


def answered(folder: Path, rest: str) -> wsesim.Result:
    file = folder / "question.yaml"
    file.write_text(f"name: cerebras-gpt-2x128\n{SHAPE}{rest}")
    return wsesim.run(file)


def test_a_step_is_that_of_the_file(tmp_path: Path) -> None:
    found = MODEL.simulate("cs-2", systems=2, batch=8, length=16)
    wanted = answered(tmp_path, "batch: {sequences: 8, length: 16}\ncluster: {machine: cs-2, systems: 2}")
    assert (found.title, found.outcome, found.verification) == (wanted.title, wanted.outcome, wanted.verification)
    usual = MODEL.simulate(verify=False)
    assert f"{STEP_SEQUENCES} sequences of 32 tokens" in usual.title


@pytest.mark.parametrize(("precision", "said"), [("cb16", "cb16"), ("fp16", "mixed")])
@pytest.mark.every(2)
def test_the_precision_is_that_of_the_file(precision: str, said: str, tmp_path: Path) -> None:
    model = CerebrasGPT(2, 2, vocab_size=64, max_position_embeddings=32, precision=precision)
    found = model.simulate(batch=8, verify=False)
    wanted = answered(tmp_path, f"batch: {{sequences: 8}}\ncluster: {{machine: cs-2, systems: 1}}\nprecision: {said}")
    assert (found.title, found.outcome) == (wanted.title, wanted.outcome)


def test_a_classifier_is_that_of_the_file(tmp_path: Path) -> None:
    model = CerebrasGPT(2, 2, 5, vocab_size=64, max_position_embeddings=32)
    found = model.simulate(batch=8, verify=False, phase="evaluation")
    rest = "batch: {sequences: 8}\ncluster: {machine: cs-2, systems: 1}\nphase: evaluation"
    wanted = answered(tmp_path, rest.replace("cluster", "verification: {enabled: false}\ncluster"))
    file = tmp_path / "question.yaml"
    file.write_text(file.read_text().replace("heads: 2,", "heads: 2, task: classify, classes: 5,"))
    assert wsesim.run(file).outcome == found.outcome
    assert wanted.outcome != found.outcome


def test_a_request_is_that_of_the_file(tmp_path: Path) -> None:
    found = MODEL.simulate("cs-3", batch=2, length=12, phase="generate", inference={"generate": 6}, software="ideal")
    rest = "inference: {batch: 2, prompt: 12, generate: 6}\nsoftware: ideal\nphase: generate\n"
    wanted = answered(tmp_path, f"{rest}cluster: {{machine: cs-3, systems: 1}}")
    assert (found.title, found.outcome) == (wanted.title, wanted.outcome)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"machine": "cs-9"}, "cs-9"),
        ({"phase": "trainig"}, "did you mean 'training'"),
        ({"batch": -1}, "sequences"),
        ({"length": 64}, "length"),
        ({"bacth": {}}, "bacth"),
        ({"phase": "prefill"}, "prompt"),
    ],
)
def test_a_question_that_is_not_right_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(wsesim.InputError, match=message):
        MODEL.simulate(**arguments)  # type: ignore[arg-type]
