"""Each kind of question: what it needs, what it does not read, and what is filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.questions.base import Question

LLAMA = "model: llama-3-8b\ncluster: cs-3\n"


def load(folder: Path, text: str) -> Question:
    file = folder / "question.yaml"
    file.write_text(text, "utf-8")
    return questions.load(file)


def problem(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    assert all(each.line is not None for each in caught.value.problems)
    return " | ".join(each.message for each in caught.value.problems)


ASKED = {
    "training": "batch: {sequences: 8}\n",
    "evaluation": "batch: {sequences: 8, length: 128}\n",
    "prefill": "inference: {prompt: 4096, chunk: 64, must_fit: false}\n",
    "decode": "inference: {prompt: 4096, decode_grid: 420, ends: false}\n",
    "generate": "inference: {prompt: 100, generate: 50, draft_tokens: 4}\n",
    "serving": "serving: {rate: 20, slo_ttft: 500 ms}\n",
}


@pytest.mark.parametrize("phase", ASKED)
def test_every_kind_resolves_to_itself(phase: str, tmp_path: Path) -> None:
    question = load(tmp_path, f"{LLAMA}phase: {phase}\n{ASKED[phase]}")
    data = json.loads(json.dumps(question.asked.resolved))
    assert questions.ask(data, file="x.yaml", folder=tmp_path).asked.resolved == question.asked.resolved
    assert load(tmp_path, questions.show(question)).asked.resolved == question.asked.resolved
    assert question.kind == phase
    assert question.asked.resolved["precision"] == ("mixed" if "batch" in ASKED[phase] else "fp16")


def test_what_is_left_out_of_a_request(tmp_path: Path) -> None:
    resolved = load(tmp_path, f"{LLAMA}phase: generate\ninference: {{prompt: 9}}\n").asked.resolved
    assert {key: resolved["inference"][key] for key in ("generate", "batch", "placement", "ends", "must_fit")} == {
        "generate": 128, "batch": 1, "placement": "auto", "ends": True, "must_fit": True,
    }  # fmt: skip
    serving = load(tmp_path, f"{LLAMA}phase: serving\n{ASKED['serving']}").asked.resolved["serving"]
    assert (serving["slo_ttft"], serving["slo_tpot"], serving["longest"]) == ("500 ms", "20 ms", 8192)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phase: decode\n", "'inference' is missing: phase decode needs it"),
        ("phase: serving\n", "'serving' is missing: phase serving needs it"),
        ("phase: evaluation\n", "'batch' is missing: phase evaluation needs it"),
        ("phase: decode\ninference:\n", "inference is empty; phase decode needs it"),
        ("phase: serving\nserving: {rate: 1}\ninference:\n", "inference is empty; give a value, or leave the key out"),
        ("phase: decode\ninference: {batch: 2}\n", "'prompt' is missing in inference"),
        ("phase: prefill\ninference: {prompt: 9, reused: 9}\n", "inference.reused = 9 must be below"),
        ("phase: prefill\ninference: {prompt: 9}\nbatch: {sequences: 1}\n", "batch is not read by phase prefill"),
        ("phase: serving\nserving: {rate: 1}\nbatch: {sequences: 1}\n", "batch is not read by phase serving; leave it "
         "out, or change the phase"),
        ("phase: evaluation\nbatch: {sequences: 1}\ntoken_budget: 9\n", "token_budget is not read by phase evaluation"),
        ("batch: {sequences: 1}\ninference: {prompt: 9}\n", "inference is not read by phase training"),
        ("phase: prefill\ninference: {prompt: 9, generate: 2}\n", "unknown key 'generate' in inference"),
        ("phase: serving\nserving: {}\n", "serving needs rate"),
        ("phase: serving\nserving: {rate: 0}\n", "serving.rate must be at least"),
        ("phase: serving\nserving: {rate: .nan}\n", "serving.rate must be a finite number"),
        ("phase: serving\nserving: {trace: nowhere.csv}\n", "serving.trace = 'nowhere.csv' is not there"),
        ("phase: serving\nserving: {rate: 1, slo_ttft: 5}\n", "slo_ttft must be a time with its unit, for exampl"),
        ("phase: serving\nserving: {rate: 1, slo_ttft: 5 GHz}\n", "which does not measure seconds"),
        ("phase: serving\nserving: {rate: 1, slo_tpot: 0 s}\n", "slo_tpot must be above 0"),
        ("phase: decode\ninference: {prompt: 9, decode_gird: 3}\n", "did you mean 'decode_grid'?"),
        ("phase: decode\ninference: {prompt: 9, placement: hole}\n", "did you mean 'whole'?"),
        ("phase: decode\ninference: {prompt: 9}\nprecision: fp32\n",
         "precision must be one of fp16, bf16, cb16; got 'fp32'"),
        ("phase: decode\ninference: {prompt: 9}\nsoftware: release-2\n", "software = 'release-2' has no figures of "
         "inference; ideal, served-2024-08, served-2024-10, waferengine, waferllm have"),
        ("phase: decode\ninference: {prompt: 9, decode_grid: 4000}\n", "inference.decode_grid must be at most"),
        ("phase: generate\ninference: {prompt: 9, prefill_grid: 4000}\n", "inference.prefill_grid must be at most"),
        ("phase: decode\ninference: {prompt: 9, stages: 99}\n", "inference.stages must be at most 32"),
        ("phase: decode\ninference: {prompt: 9, wafers: 99999}\n", "inference.wafers must be at most"),
        ("phase: decode\ninference: {prompt: 9, placement: rectangles, decode_grid: 9}\n", "rectangles must fit and"),
        ("phase: serving\nserving: {rate: 1}\ninference: {stages: 99}\n", "inference.stages must be at most 32"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_would_be_right(text: str, said: str, tmp_path: Path) -> None:
    assert said in problem(tmp_path, LLAMA + text)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("model: bert-large\n", "bert-large is an encoder (model.causal: false), so it writes no tokens: ask for"),
        ("model: {preset: gpt2, task: classify, classes: 2}\n", "is trained to classify, not to continue a text"),
    ],
)
@pytest.mark.parametrize("phase", ["decode", "generate", "serving"])
def test_a_model_that_writes_no_tokens(model: str, said: str, phase: str, tmp_path: Path) -> None:
    text = f"{model}cluster: cs-2\nphase: {phase}\n{ASKED[phase].replace('4096', '64')}"
    assert said in problem(tmp_path, text)


def test_a_request_over_the_positions_of_the_model(tmp_path: Path) -> None:
    text = "model: gpt2\ncluster: cs-2\nphase: generate\ninference: {prompt: 1000, generate: 25}\n"
    assert "1,025 tokens, over the 1024 positions" in problem(tmp_path, text)
    text = "model: gpt2\ncluster: cs-2\nphase: serving\nserving: {rate: 1, longest: 1025}\n"
    assert "serving.longest = 1025 is over the 1024 positions" in problem(tmp_path, text)
