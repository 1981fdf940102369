"""Phases other than training: what each needs, what each does not read, and what is filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsesim.errors import InputError
from wsesim.workload import Workload, build_workload, load_workload, show

LLAMA = "model: llama-3-8b\ncluster: cs-3\n"


def load(folder: Path, text: str) -> Workload:
    file = folder / "question.yaml"
    file.write_text(text, "utf-8")
    return load_workload(file)


def problem(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    return " | ".join(each.message for each in caught.value.problems)


ASKED = {
    "evaluation": "batch: {sequences: 8, length: 128}\n",
    "prefill": "inference: {prompt: 4096}\n",
    "decode": "inference: {prompt: 4096, decode_grid: 420}\n",
    "generate": "inference: {prompt: 100, generate: 50, draft_tokens: 4}\n",
    "serving": "serving: {rate: 20, slo_ttft: 500 ms}\n",
}


@pytest.mark.parametrize("phase", ASKED)
def test_every_phase_resolves_to_itself(phase: str, tmp_path: Path) -> None:
    workload = load(tmp_path, f"{LLAMA}phase: {phase}\n{ASKED[phase]}")
    data = json.loads(json.dumps(workload.resolved))
    assert build_workload(data, file="x.yaml", folder=tmp_path).resolved == workload.resolved
    assert load(tmp_path, show(workload)).resolved == workload.resolved
    assert workload.resident == (phase != "evaluation")
    assert workload.precision == ("mixed" if phase == "evaluation" else "fp16")


def test_what_is_left_out_of_a_request(tmp_path: Path) -> None:
    inference = load(tmp_path, f"{LLAMA}phase: generate\ninference: {{prompt: 9}}\n").inference
    assert inference is not None
    assert (inference.generate, inference.batch, inference.placement) == (128, 1, "auto")
    serving = load(tmp_path, f"{LLAMA}phase: serving\n{ASKED['serving']}").serving
    assert serving is not None
    assert (serving.slo_ttft_s, serving.slo_tpot_s, serving.longest) == (0.5, 0.02, 8192)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phase: decode\n", "'inference' is missing: phase decode needs it"),
        ("phase: serving\n", "'serving' is missing: phase serving needs it"),
        ("phase: evaluation\n", "'batch' is missing: phase evaluation needs it"),
        ("phase: decode\ninference:\n", "inference is empty; phase decode needs it"),
        ("phase: decode\ninference: {batch: 2}\n", "'prompt' is missing in inference"),
        ("phase: prefill\ninference: {prompt: 9, reused: 9}\n", "inference.reused = 9 must be below"),
        ("phase: prefill\ninference: {prompt: 9}\nbatch: {sequences: 1}\n", "batch is not read by phase prefill"),
        ("batch: {sequences: 1}\ninference: {prompt: 9}\n", "inference is not read by phase training"),
        ("phase: serving\nserving: {}\n", "serving needs rate"),
        ("phase: serving\nserving: {rate: 0}\n", "serving.rate must be at least"),
        ("phase: serving\nserving: {trace: nowhere.csv}\n", "serving.trace = 'nowhere.csv' is not there"),
        ("phase: serving\nserving: {rate: 1, slo_ttft: 5}\n", "slo_ttft must be text; got 5"),
        ("phase: serving\nserving: {rate: 1, slo_ttft: 5 GHz}\n", "which does not measure seconds"),
        ("phase: serving\nserving: {rate: 1, slo_tpot: 0 s}\n", "slo_tpot must be above 0"),
        ("phase: decode\ninference: {prompt: 9, decode_gird: 3}\n", "did you mean 'decode_grid'?"),
        ("phase: decode\ninference: {prompt: 9, placement: hole}\n", "did you mean 'whole'?"),
    ],
)
def test_a_mistake_says_what_would_be_right(text: str, said: str, tmp_path: Path) -> None:
    assert said in problem(tmp_path, LLAMA + text)


def test_a_request_over_the_positions_of_the_model(tmp_path: Path) -> None:
    text = "model: gpt2\ncluster: cs-2\nphase: generate\ninference: {prompt: 1000, generate: 25}\n"
    assert "1,025 tokens, over the 1024 positions" in problem(tmp_path, text)
