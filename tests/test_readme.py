"""Every command and example of the README is run, and the figures it quotes are those of today."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from wsesim.cli import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wsesim (.+)$", TEXT, re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "workloads", tmp_path / "workloads")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(arguments: str) -> str:
    result = CliRunner().invoke(cli, shlex.split(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str, checkout: Path) -> None:
    assert call(command)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


def test_the_first_workload_is_the_one_shown(checkout: Path) -> None:
    name, shown = re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL)[0]
    lines = [line for line in (checkout / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert shown.splitlines() == lines


def test_python_examples_run(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for example in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("ok ")


def test_the_run_shown_is_the_run_of_today(checkout: Path) -> None:
    shown = re.findall(r"```console\n\$ wsesim (run [^\n]+)\n(.+?)```", TEXT, re.DOTALL)[0]
    today = call(f"{shown[0]} --no-verify --force")
    for figure in ("one step", "tokens per second", "MFU", "energy per token"):
        line = next(line for line in shown[1].splitlines() if line.startswith(figure))
        assert line.rstrip() in [line.rstrip() for line in today.splitlines()]


def test_quoted_accuracy_is_that_of_today(checkout: Path) -> None:
    summary = json.loads(call("validate --json"))["summary"]
    quoted = re.findall(r"^\| (CS-\d [^|]+?) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \|", TEXT, re.MULTILINE)
    assert quoted
    for name, rows, median, worst in quoted:
        group = summary[name]
        found = (group["run"], f"{100 * group['median']:.1f}", f"{100 * group['worst']:.1f}")
        assert found == (int(rows), median, worst)


@pytest.mark.xdist_group("kernel rows")  # with the tests of all rows, which are then computed once
def test_quoted_accuracy_of_kernels_is_that_of_today(checkout: Path) -> None:
    families = json.loads(call("validate --kernels --json"))["families"]
    today = {
        (each["family"], each["target"], str(each["run"]), f"{100 * each['median']:.1f}", f"{100 * each['worst']:.1f}")
        for each in families
        if each["run"]
    }
    quoted = re.findall(r"^\| (\S+) \| (simulator|silicon) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \|", TEXT, re.MULTILINE)
    assert {tuple(row) for row in quoted} == today
