"""Standard input stands for a file: of a question, a study, a trace; it can be read more than once."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from wsesim import piped
from wsesim.cli import cli

STEP = "model: gpt2\ncluster: cs-2\nbatch: {sequences: 8, length: 128}\n"
SERVICE = "model: gpt2\nphase: serving\nserving: {trace: '-'}\ncluster: cs-2\n"
TRACE = "arrival_s,prompt,output\n0,100,20\n1,200,30\n"


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(piped.KEPT, "")
    (tmp_path / "step.yaml").write_text(STEP, "utf-8")
    (tmp_path / "service.yaml").write_text(SERVICE, "utf-8")


def asked(given: str, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, [*words, "--json"], input=given, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_a_question_is_read_from_it() -> None:
    found = asked(STEP, "run", "-", "--no-verify", "--level", "closed")
    assert found["title"].startswith("One training step of gpt2")
    assert Path("runs/workload-closed").is_dir()


def test_a_study_is() -> None:
    study = "workload: step.yaml\nvary: {batch.sequences: [8, 16]}\nlevel: closed\n"
    assert len(asked(study, "sweep", "-", "--jobs", "1")["rows"]) == 2


def test_a_trace_is_and_is_kept() -> None:
    asked(TRACE, "check", "service.yaml")
    asked("", "check", "service.yaml", "--set", "serving.trace=-")
    assert piped.piped("-").read_text("utf-8") == TRACE


def test_a_question_and_its_trace_cannot_both_be() -> None:
    (problem,) = asked(SERVICE, "check", "-", code=2)["problems"]
    assert problem["message"] == "serving.trace = '-' and the question cannot both be standard input"


def test_no_more_is_kept_than_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x" * 5000)))
    assert piped.piped("-", most=1000).read_bytes() == b"x" * 1000


def test_other_paths_stay_what_they_are() -> None:
    assert piped.piped("a/-") == Path("a/-")
    assert piped.named_file(Path("a"), "b") == Path("a/b")
