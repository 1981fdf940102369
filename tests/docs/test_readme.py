"""Every command and example of the README is run, and the figures it quotes are those of today."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from wsesim import validation
from wsesim.cli import cli
from wsesim.cores.programs import PROGRAMS
from wsesim.questions import kinds

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [
    re.findall(r"^\$ wsesim (.+)$", block, re.MULTILINE)
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
]
"""Commands that stand together may use what those before them wrote."""
TABLE = re.compile(r"^\| (`[^|]+) \| ([^|]+) \|", re.MULTILINE)
ROWS = pytest.mark.xdist_group("kernel rows")
"""With the tests of all rows, which are then computed once."""
OF_THIS_MACHINE = ("Verification", "Simulated ")
"""Starts of paragraphs that a run without verification, or on another day, has otherwise."""


@pytest.fixture(scope="module", autouse=True)
def rows_once() -> Iterator[None]:
    """Have all rows computed once, whoever asks for them here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("report", "kernels_report"):
            patch.setattr(validation, name, _once(getattr(validation, name)))
        yield


def _once(report: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[str, Any] = {}

    def found(*asked: object, progress: object, **more: object) -> Any:
        key = repr((asked, more))
        if key not in known:
            known[key] = report(*asked, progress=progress, **more)
        return known[key]

    return found


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("workloads", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(line: str) -> str:
    """Run what follows `wsesim` in a shell; a file after `>` takes what is printed."""
    words, _, target = line.partition(" > ")
    result = CliRunner().invoke(cli, shlex.split(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    if target:
        Path(target).write_text(result.output, "utf-8")
    return result.output


def _block(commands: list[str]) -> object:
    return pytest.param(commands, marks=[ROWS] if "validate" in commands else [], id=commands[0])


@pytest.mark.parametrize("commands", [_block(commands) for commands in BLOCKS])
def test_commands_run(commands: list[str], checkout: Path) -> None:
    assert all(map(call, commands))


def test_every_command_is_told_and_run() -> None:
    table = TEXT.partition("| command |")[2].partition("```")[0]
    told = [name for cell, _ in TABLE.findall(table) for name in re.findall(r"`([a-z]+)`", cell)]
    assert sorted(told) == sorted(cli.commands)
    assert {command.split()[0] for block in BLOCKS for command in block} == set(cli.commands)


def test_every_kind_is_told_with_its_software() -> None:
    table = TEXT.partition("| a file with |")[2].partition("```")[0]
    rows = re.findall(r"^\| `(?:phase: (\w+)|(kernel): NAME)`[^|]*\|[^|]+\| (\S+) \|", table, re.MULTILINE)
    told = {phase or mark: stack.strip("`") for phase, mark, stack in rows}
    assert told == {name: kind.stack or "none" for name, kind in kinds().items()}


def test_kernels_are_counted() -> None:
    assert f"`wsesim kernel` lists {len(PROGRAMS)} kernels" in TEXT


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", TEXT))
def test_links_lead_somewhere(link: str) -> None:
    path, _, heading = link.partition("#")
    assert (ROOT / path).exists()
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text("utf-8"), re.MULTILINE) if heading else []
    assert not heading or heading in [each.lower().replace(" ", "-") for each in headings]


def test_the_first_workload_is_the_one_shown(checkout: Path) -> None:
    name, shown = re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL)[0]
    lines = [line for line in (checkout / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert shown.splitlines() == lines


def test_the_machine_of_ones_own_is_right(checkout: Path) -> None:
    name, shown = re.findall(r"```yaml\n# (\S+), [^\n]*\n(.*?)```", TEXT, re.DOTALL)[0]
    (checkout / "workloads" / name).write_text(shown, "utf-8")
    assert "96 KiB" in call(f"show workloads/cerebras-gpt-111m.yaml --set cluster={name}")


def test_python_examples_run(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for example in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("ok ")


def test_the_run_shown_is_the_run_of_today(checkout: Path) -> None:
    command, shown = re.findall(r"```console\n\$ wsesim (run [^\n]+)\n(.+?)```", TEXT, re.DOTALL)[0]
    assert _words(shown) == _words(call(f"{command} --no-verify"))


def _words(text: str) -> list[str]:
    """Return the words of all paragraphs; how wide lines are is for each terminal."""
    return [
        word for part in text.split("\n\n") if not part.strip().startswith(OF_THIS_MACHINE) for word in part.split()
    ]


@ROWS
def test_quoted_accuracy_is_that_of_today(checkout: Path) -> None:
    summary = json.loads(call("validate --json"))["summary"]
    form = r"^\| (CS-\d [^|]+?) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \| (\d+) % \| (\d+) % \|"
    quoted = re.findall(form, TEXT, re.MULTILINE)
    assert quoted
    for name, rows, *shares in quoted:
        group = summary[name]
        found = [f"{100 * group[key]:.1f}" for key in ("median", "worst")]
        found += [f"{100 * group[key]:.0f}" for key in ("naive_median", "naive_worst")]
        assert (name, group["run"], found) == (name, int(rows), shares)


@ROWS
def test_quoted_accuracy_of_kernels_is_that_of_today(checkout: Path) -> None:
    families = json.loads(call("validate --kernels --json"))["families"]
    today = {
        (each["family"], each["target"], str(each["run"]), f"{100 * each['median']:.1f}", f"{100 * each['worst']:.1f}")
        for each in families
        if each["run"]
    }
    quoted = re.findall(r"^\| (\S+) \| (simulator|silicon) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \|", TEXT, re.MULTILINE)
    assert {tuple(row) for row in quoted} == today


def test_quoted_shares_are_those_of_the_models_that_ship() -> None:
    form = r"^\| `workloads/learning/(\w+)\.yaml` \| ([^|]+) \| ([\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(form, TEXT, re.MULTILINE)
    assert [name for name, *_ in rows] == ["spam", "reviews", "world"]
    for name, *cells in rows:
        card = (ROOT / "sim" / "wsesim" / "uses" / "data" / name / "README.md").read_text("utf-8")
        assert set(re.findall(r"0\.\d+", " ".join(cells))) <= set(re.findall(r"0\.\d+", card))
