"""Commands that answer one question: where they write, what they print, how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from wsesim import answers
from wsesim.errors import InputError

Call = Callable[..., Result]
Refused = Callable[..., str]


def test_run_writes_to_a_folder_of_its_name(call: Call, question: Path, in_tmp: Path, stages: Any) -> None:
    found = call("run", question, "--set", "name=mine")
    assert found.exit_code == 0  # it does not fit: that is an answer
    assert found.stdout == "does not fit; report in runs/mine\n"
    assert stages.calls == [("run", "mine", None, True), ("write", Path("runs/mine"), False)]


def test_another_level_has_a_folder_of_its_own(call: Call, question: Path, in_tmp: Path, stages: Any) -> None:
    call("run", question, "--level", "closed")
    call("run", question, "--level", "system")
    assert [out for what, out, *_ in stages.calls if what == "write"] == [
        Path("runs/question-closed"), Path("runs/question"),
    ]  # fmt: skip


def test_a_bad_level_names_the_nearest(refused: Refused, question: Path, stages: Any) -> None:
    said = refused("run", question, "--level", "core")
    assert said == "error: --level must be one of closed, system, cores; got 'core', did you mean 'cores'?\n"
    assert stages.calls == []


def test_run_json_is_one_document(call: Call, question: Path, in_tmp: Path, stages: Any) -> None:
    assert json.loads(call("run", question, "--json").stdout) == {"status": "does_not_fit"}


def test_run_can_leave_the_numbers_out(call: Call, question: Path, in_tmp: Path, stages: Any) -> None:
    call("run", question, "--no-verify")
    assert stages.calls[0] == ("run", "question", None, False)


@pytest.mark.parametrize(("right", "code"), [(None, 0), (True, 0), (False, 1)])
def test_values_that_are_wrong_end_in_1(
    call: Call, question: Path, in_tmp: Path, stages: Any, right: bool | None, code: int
) -> None:
    stages.right = right
    assert call("run", question).exit_code == code


def test_a_former_run_is_kept_before_any_work(
    call: Call, refused: Refused, question: Path, in_tmp: Path, stages: Any
) -> None:
    call("run", question)
    stages.calls.clear()
    assert "runs/question is an existing run folder; pass --force" in refused("run", question)
    assert stages.calls == []
    assert call("run", question, "--force").exit_code == 0
    assert stages.calls[-1] == ("write", Path("runs/question"), True)


def test_an_answer_that_cannot_be_written_is_at_least_shown(
    call: Call, question: Path, in_tmp: Path, stages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise InputError.at("cannot write it: no space left on device")

    monkeypatch.setattr(answers, "write_result", full)
    found = call("run", question)
    assert (found.exit_code, found.stdout) == (2, "does not fit; report in None\n")
    assert found.stderr == "error: cannot write it: no space left on device\n"


def test_a_file_in_the_way_is_seen_before_any_work(
    refused: Refused, question: Path, tmp_path: Path, stages: Any
) -> None:
    assert f"{question} is a file" in refused("run", question, "--out", question)
    assert f"{question}: error: is a file" in refused("run", question, "--out", question / "a" / "b")
    assert "file name too long" in refused("run", question, "--out", tmp_path / ("x" * 300))
    assert f"{question}: error: is a file" in refused("sweep", "study.yaml", "--out", question / "a")
    assert stages.calls == []


@pytest.mark.parametrize("command", ["run", "levels", "show", "verify", "forward", "graph"])
def test_a_study_is_sent_to_the_sweep(refused: Refused, in_tmp: Path, command: str) -> None:
    (in_tmp / "study.yaml").write_text("workload: question.yaml\nvary: {batch.sequences: [4, 8]}\n")
    assert "is a study; `wsesim sweep study.yaml` runs it, point by point" in refused(command, "study.yaml")


def test_verify(call: Call, question: Path, stages: Any) -> None:
    found = call("verify", question)
    assert found.exit_code == 0
    assert found.stdout.startswith("question: agrees: largest difference 1e-06, allowed 0.001")
    stages.agrees = False
    quiet = call("verify", question, "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (1, "")
    assert quiet.stderr == "wsesim: question differs, most in logits\n"
    found = call("verify", question, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["status"] == "differs"
    assert "differs, most in logits" in call("verify", question).stdout


def test_forward(call: Call, refused: Refused, question: Path) -> None:
    small = [word for key in ("layers=2", "width=64", "heads=2", "vocab=300") for word in ("--set", f"model.{key}")]
    found = call("forward", question, *small, "--set", "verification.length=8")
    assert found.stdout.startswith("question: 8 tokens through 2 layers, 184,832 weights: loss 5."), found.output
    assert "no effect" not in found.stdout
    said = call("forward", question, *small, "--set", "verification.layers=1", "--json").stdout
    assert json.loads(said)["forward"]["losses"].keys() == {"head.loss.out"}
    assert "verification.layers has no effect here" in call(
        "forward", question, *small, "--set", "verification.layers=1"
    ).stdout  # fmt: skip
    large = ("--set", "verification.length=1024", "--set", "verification.sequences=4096")
    assert "this would take 1.53 TiB; make verification.sequences or" in refused("forward", question, *large)


def test_graph(call: Call, refused: Refused, question: Path, in_tmp: Path) -> None:
    assert call("graph", question).stdout.startswith("digraph")
    assert json.loads(call("graph", question, "--json").stdout)["name"] == "gpt2"
    assert call("graph", question, "-o", "graph.svg").stdout == "wrote graph.svg\n"
    assert "<svg" in (in_tmp / "graph.svg").read_text()
    assert "is already there" in refused("graph", question, "-o", "graph.svg")
    assert call("graph", question, "-o", "graph.svg", "--force", "--format", "json").exit_code == 0
    assert json.loads((in_tmp / "graph.svg").read_text())["name"] == "gpt2"
    assert call("graph", question, "-o", "graph.0.et").exit_code == 0
    assert (in_tmp / "graph.0.et").read_bytes().startswith(b"\x07\x0a\x051.0.0")
    assert "is not text" in refused("graph", question, "--format", "chakra")
    assert "did you mean 'h100'" in refused("run", question, "--gpu", "h10x8")
    assert "must end in one of .dot, .svg, .json, .et, or --format" in refused("graph", question, "-o", "graph.xyz")
    assert "is the question itself" in refused("graph", question, "-o", question, "--force")


def test_what_does_not_fit_is_an_answer(call: Call, question: Path, in_tmp: Path) -> None:
    found = call("run", question, "--set", "hardware.memoryx.capacity=1 MB", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["status"] == "does_not_fit"
    assert (in_tmp / "runs/question/report.html").exists()


def test_levels_write_page_and_json(call: Call, question: Path, in_tmp: Path) -> None:
    found = call("levels", question)
    assert found.exit_code == 0, found.output
    for words in ("closed", "system", "cores", "from system to cores"):
        assert words in found.stdout
    folder = in_tmp / "runs/question-levels"
    assert {"levels.html", "levels.json"} <= {file.name for file in folder.iterdir()}
    page = (folder / "levels.html").read_text()
    assert "stream-gemm" in page
    assert "<script" not in page
    assert json.loads((folder / "levels.json").read_text())["kind"] == "training"
    again = call("levels", question)
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_names_are_escaped_on_pages(call: Call, question: Path, in_tmp: Path) -> None:
    question.write_text(question.read_text().replace("gpt2", "{preset: gpt2, source: '<b>x</b>'}"))
    assert call("run", question, "--no-verify", "--quiet").exit_code == 0
    assert "<b>x</b>" not in (in_tmp / "runs/question/report.html").read_text()


def test_precision_says_errors_and_time_of_each_format(call: Call, question: Path) -> None:
    small = [f"--set=model.{name}={size}" for name, size in (("width", 96), ("heads", 4), ("ffn_width", 200))]
    document = json.loads(call("precision", question, *small, "--json").stdout)
    ways = {(way["name"], way["loss_scale"]): way for way in document["ways"]}
    assert ways["fp32", 1]["closed_s"] >= ways["fp16", 1]["closed_s"] == ways["cb16", 1]["closed_s"]
    errors = {key: max(one["error"] for one in way["lost"]) for key, way in ways.items()}
    assert errors["fp32", 1] < errors["fp16", 2**15] < errors["cb16", 1] < errors["bf16", 1]
    forward = {key: max(one["error"] for one in way["lost"] if not one["backward"]) for key, way in ways.items()}
    assert forward["fp16", 1] < forward["fp16, level 1", 1] < 1.5 * forward["fp16, level 2", 1]
    assert ways["fp16", 1]["closed_s"] >= ways["fp16, level 1", 1]["closed_s"]
    assert any("no subnormals" in way["name"] for way in document["ways"])
    assert document["reduced"]


def test_precision_of_a_kernel_is_refused(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "sum.yaml"
    file.write_text("kernel: allreduce-chain\ncluster: cs-2\ngrid: [4, 1]\nshape: [4]\n")
    found = call("precision", file)
    assert found.exit_code == 2
    assert "has no model whose numbers could be kept in any format" in found.stderr


def test_a_step_as_mapped_is_compared_with_the_plain_one_and_told(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "step.yaml"
    file.write_text("phase: training\nmodel: {preset: cerebras-gpt-111m, width: 16, heads: 2, ffn_width: 32}\n"
                    "batch: {sequences: 4, length: 8}\ncluster: {machine: cs-2, systems: 2}\n")  # fmt: skip
    said = call("verify", file, "--as-mapped")
    assert said.exit_code == 0, said.output
    for words in ("agrees with the plain graph", "4 sequences over 2 wafers, in 2 passes", "features of a token over"):
        assert words in said.stdout


def test_resident_weights_are_computed_where_they_lie(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "prompt.yaml"
    file.write_text("phase: generate\nmodel: {preset: llama-2-7b, layers: 2, width: 64, heads: 4, ffn_width: 96}\n"
                    "inference: {prompt: 64, generate: 4, decode_grid: 12, prefill_grid: 12}\n"
                    "cluster: cs-2\n")  # fmt: skip
    said = call("verify", file, "--as-mapped")
    assert said.exit_code == 0, said.output
    for words in ("agrees with the plain graph", "rectangles of 12 x 12 cores", "groups of 4 cores along y"):
        assert words in said.stdout


def test_of_a_latent_vector_it_is_said_which_sums_are_computed(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "latent.yaml"
    file.write_text("phase: generate\nmodel: {preset: llama-2-7b, layers: 2, width: 64, heads: 4, ffn_width: 96, "
                    "kv_heads: 4, head_width: 16, rotary_width: 4, latent_rank: 8, value_width: 12}\n"
                    "inference: {prompt: 64, generate: 4, decode_grid: 12, prefill_grid: 12}\n"
                    "cluster: cs-2\n")  # fmt: skip
    said = call("verify", file, "--as-mapped")
    assert said.exit_code == 0, said.output
    for words in ("agrees with the plain graph", "keys and values are never made of the latent vector"):
        assert words in " ".join(said.stdout.split())


def test_a_service_is_not_computed_as_mapped(refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("phase: serving\nmodel: gpt2\nserving: {rate: 5}\ncluster: cs-2\n")
    assert "asks of neither a step nor a request" in refused("verify", file, "--as-mapped")


def test_a_step_on_cores_tells_cycles_of_each_op(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "step.yaml"
    small = "{preset: cerebras-gpt-111m, width: 8, heads: 1, layers: 1, ffn_width: 8, vocab: 9, max_length: 4}"
    file.write_text(
        f"phase: training\nbatch: {{sequences: 4, length: 4}}\ncluster: {{machine: cs-2}}\nmodel: {small}\n"
    )
    said = call("verify", file, "--on-cores", "4x4")
    assert said.exit_code == 0, said.output
    for words in ("on 4 x 4 cores agrees with the executor", "attention.softmax.backward", "cycles in all; loss"):
        assert words in said.stdout


def test_what_cannot_run_on_cores_is_told(refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "step.yaml"
    file.write_text("phase: training\nbatch: {sequences: 4, length: 8}\ncluster: {machine: cs-2}\nmodel: llama-2-7b\n")
    assert "of the kind rms_norm, on simulated cores is not modelled" in refused("verify", file, "--on-cores", "8x8")
    assert "must be COLUMNSxROWS, for example 8x8; got '8'" in refused("verify", file, "--on-cores", "8")
    assert "exclude each other" in refused("verify", file, "--on-cores", "8x8", "--as-mapped")
