"""The command line called in this process, and what stands behind it replaced by functions that only note the call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

import wsesim
from wsesim import answers, questions
from wsesim.answer import Verification
from wsesim.cli import cli

MINIMAL = "model: gpt2\nbatch: {sequences: 4, length: 64}\ncluster: cs-2\n"
Call = Callable[..., Result]
Refused = Callable[..., str]
Python = Callable[..., subprocess.CompletedProcess[str]]


def _call(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, [str(argument) for argument in arguments], prog_name="wsesim")


@pytest.fixture(scope="session")
def call() -> Call:
    """Return a function that calls the command line."""
    return _call


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Return a function that gives what stderr says, having seen that it is a message and nothing else went wrong."""

    def refuse(*arguments: object, code: int = 2) -> str:
        found = _call(*arguments)
        assert found.exit_code == code, found.output
        assert isinstance(found.exception, SystemExit)
        assert "Traceback" not in found.output
        assert not found.stdout
        return found.stderr

    return refuse


@pytest.fixture(scope="session")
def python() -> Python:
    """Return a function that runs another Python."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
        )

    return run


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """Return the file of a small question."""
    file = tmp_path / "question.yaml"
    file.write_text(MINIMAL)
    return file


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Stages(SimpleNamespace):
    """Stands for all that the command line calls; notes what it was called with."""

    calls: list[tuple[Any, ...]]


class Table(SimpleNamespace):
    """Stands for a study and for what it finds."""

    def __len__(self) -> int:
        """Have few points."""
        return 3


def _module(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Any) -> None:
    module = SimpleNamespace(**functions)
    monkeypatch.setitem(sys.modules, f"wsesim.{name}", module)
    monkeypatch.setattr(wsesim, name, module, raising=False)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    """Replace running, verifying, writing, sweeps and validation by functions that note their call."""
    made = Stages(calls=[], agrees=True, raises=None, right=None, said=[])

    def run(question: Any, *, level: Any, verify: bool, explain: bool, say: Any) -> Any:
        made.calls.append(("run", question.asked.name, level, verify))
        say("working")
        if made.raises is not None:
            raise made.raises
        answer = SimpleNamespace(right=made.right, wrong_words=("WRONG",) if made.right is False else ())
        outcome = SimpleNamespace(why="too large for a core") if made.right is None else answer
        return SimpleNamespace(broken=(), answer=None if made.right is None else answer, outcome=outcome)

    def verify(question: Any, *, say: Any) -> Verification:
        return Verification(
            ok=made.agrees, max_error=1e-6, tolerance=1e-3, loss=10.8, tokens=64, layers=2, worst="logits",
            reduced="2 of 12 layers",
        )  # fmt: skip

    def write_result(result: Any, out: Path, *, overwrite: bool) -> None:
        made.calls.append(("write", out, overwrite))
        answers.publish({"report.html": b"report"}, out, overwrite=overwrite)

    monkeypatch.setattr(questions, "run", run)
    monkeypatch.setattr(questions, "verify", verify)
    monkeypatch.setattr(answers, "write_result", write_result)
    monkeypatch.setattr(answers, "result_json", lambda result: {"status": "does_not_fit"})
    monkeypatch.setattr(
        answers,
        "print_result",
        lambda result, console, folder=None, whole=True: console.print(f"does not fit; report in {folder}"),
    )
    _replace_tables(monkeypatch, made)
    return made


def _replace_tables(monkeypatch: pytest.MonkeyPatch, made: Stages) -> None:
    table = Table(
        name="grid", to_dict=lambda: {"status": "ok", "points": 3}, known=0, rows=(), said=made.said, wrong=tuple
    )  # fmt: skip

    def sweep(study: Any, *, jobs: int | None, executor: Any, journal: Path | None, progress: Any) -> Any:
        made.calls.append(("sweep", study.name, jobs))
        return table

    def write_sweep(found: Any, out: Path, *, overwrite: bool) -> None:
        made.calls.append(("write_sweep", out, overwrite))

    def load_study(path: Path, settings: tuple[str, ...] = (), level: Any = None) -> Any:
        return table

    monkeypatch.setattr(questions, "is_study", lambda path: Path(path).name == "study.yaml")

    def report(rows: Path | None, *, sensitivity: bool, progress: Any) -> Any:
        made.calls.append(("validate", rows, sensitivity))
        return table

    def write_report(found: Any, out: Path, *, overwrite: bool) -> tuple[Path, ...]:
        return answers.publish({"validation.md": b"three points"}, out, overwrite=overwrite)

    def show(found: Any, console: Any) -> None:
        console.print("three points")

    _module(
        monkeypatch,
        "study",
        load_study=load_study,
        journal_place=lambda: None,
        asked_by=lambda study: {},
        sweep=sweep,
        write_sweep=write_sweep,
        print_table=show,
    )
    _module(
        monkeypatch, "validation", report=report, kernels_report=report, print_report=show, write_report=write_report,
        show_row=lambda row, rows: f"# {row}\n", why_none_run=lambda found: "",
    )  # fmt: skip
