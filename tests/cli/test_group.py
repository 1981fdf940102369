"""What every command shares: help, errors, exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import wsesim
from wsesim.cli import cli

Call = Callable[..., Result]
Refused = Callable[..., str]
Python = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = ["numpy", "pandas", "matplotlib", "simpy", "scipy", "numba", "jinja2", "rich"]
"""What no command imports that answers at once."""


def test_help(call: Call, golden: Callable[[str, str], None]) -> None:
    golden("cli/help.txt", call("--help").stdout)


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_has_a_short_help_that_is_not_cut(call: Call, name: str) -> None:
    assert call(name, "--help").exit_code == 0
    (line,) = (line for line in call("--help").stdout.splitlines() if line.startswith(f"  {name} "))
    assert line.endswith(".")
    assert not line.endswith("...")


def test_version(call: Call) -> None:
    assert call("--version").stdout == f"wsesim {wsesim.__version__}\n"


def test_help_imports_next_to_nothing(python: Python) -> None:
    early = [*HEAVY, "pydantic", "ruamel", "wsesim.answer", "wsesim.cli.simulate"]
    done = python("-c", f"import sys, wsesim.cli\nprint([name for name in {early} if name in sys.modules])")
    assert done.stdout == "[]\n", done.stderr


ANSWERED = 178
"""Modules of ours that answering a step of training may import: they were 235 before kinds, commands and requests that
nobody asked for stayed away."""


def test_a_step_is_answered_without_what_others_need(python: Python, tmp_path: Path) -> None:
    file = tmp_path / "step.yaml"
    file.write_text("model: gpt2\ncluster: cs-2\nbatch: {sequences: 4}\n")
    idle = [
        "numpy", "pandas", "matplotlib", "numba", "rich.progress", "wsesim.numerics", "wsesim.mapping.resident",
        "wsesim.questions.serving", "wsesim.system.serving", "wsesim.workload.zoo.tables", "wsesim.model.hf",
        "wsesim.cores", "wsesim.gpus", "wsesim.study", "wsesim.graph.svg",
    ]  # fmt: skip
    program = (
        "import sys, wsesim.cli\n"
        f"try: wsesim.cli.cli(['run', {str(file)!r}, '--no-verify', '--quiet', '--out', {str(tmp_path / 'out')!r}])\n"
        "except SystemExit as ended: assert not ended.code\n"
        f"print([name for name in {idle} if name in sys.modules])\n"
        "print(len([name for name in sys.modules if name.startswith('wsesim')]))\n"
    )
    done = python("-c", program)
    found, count = done.stdout.splitlines()
    assert found == "[]", done.stderr
    assert int(count) <= ANSWERED


def test_what_else_is_installed_is_not_looked_through(python: Python, question: Path) -> None:
    program = (
        "import importlib.metadata, sys\n"
        "def looked(): raise AssertionError('looked through all that is installed')\n"
        "importlib.metadata.distributions = looked\n"
        "from wsesim.__main__ import main\n"
        f"sys.argv = ['wsesim', 'check', {str(question)!r}]\n"
        "main()\n"
    )
    done = python("-c", program)
    assert done.returncode == 0, done.stderr


def test_what_is_left_at_the_end_is_not_looked_through(python: Python) -> None:
    program = (
        "import atexit, gc, sys\n"
        "from wsesim.__main__ import main\n"
        "atexit.register(lambda: print(len(gc.get_objects())))\n"
        "sys.argv = ['wsesim', '--version']\n"
        "main()\n"
    )
    assert int(python("-c", program).stdout.splitlines()[-1]) < 1000


ASKED = {"training": "batch: {sequences: 4}", "generate": "inference: {prompt: 4}", "serving": "serving: {rate: 1}"}


@pytest.mark.parametrize("command", ["check", "show"])
def test_commands_that_answer_at_once_import_nothing_heavy(python: Python, tmp_path: Path, command: str) -> None:
    calls = [["models"], ["machines"], ["software"], ["schema"]]
    for phase, section in ASKED.items():
        file = tmp_path / f"{phase}.yaml"
        file.write_text(f"model: gpt2\ncluster: cs-2\nphase: {phase}\n{section}\n")
        calls.append([command, str(file)])
    program = (
        "import sys, wsesim.cli\n"
        f"for arguments in {calls!r}:\n"
        "    try: wsesim.cli.cli([*arguments, '--quiet'])\n"
        "    except SystemExit as ended: assert not ended.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = python("-c", program)
    assert done.stdout == "[]\n", done.stderr


def test_python_m_is_the_command_line(python: Python) -> None:
    assert python("-m", "wsesim", "--version").stdout == f"wsesim {wsesim.__version__}\n"


def test_an_unknown_command_or_option_names_the_nearest(refused: Refused) -> None:
    assert "no such command 'chek', did you mean 'check'?" in refused("chek")
    assert "no such command 'zzz'; there are: run, check, explain" in refused("zzz")
    assert "--force" in refused("run", "x.yaml", "--forc")


def test_an_unexpected_error_asks_for_a_report(stages: Any, refused: Refused, question: Path, tmp_path: Path) -> None:
    stages.raises = ZeroDivisionError("division by zero")
    said = refused("run", question, "--out", tmp_path / "out", code=70)
    assert said.startswith("error: unexpected ZeroDivisionError: division by zero\n")
    assert f"wsesim {wsesim.__version__}" in said
    assert "--debug" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(errno.ENOSPC, "full"), "error: cannot write: no space left on device\n"),
     (OSError(errno.EROFS, "x", "/cache"), "/cache: error: cannot write: read-only file system\n")],
)  # fmt: skip
def test_a_full_disk_is_not_a_mistake_of_ours(
    stages: Any, refused: Refused, question: Path, tmp_path: Path, error: OSError, said: str
) -> None:
    stages.raises = error
    assert refused("run", question, "--out", tmp_path / "out") == said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_answers_that_cannot_be_printed_are_no_mistake_of_ours(question: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wsesim", "run", str(question), "--no-verify", "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (2, "error: cannot write: no space left on device\n")
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where(stages: Any, call: Call, question: Path, tmp_path: Path, place: str) -> None:
    stages.raises = ZeroDivisionError("division by zero")
    arguments = ["run", question, "--out", tmp_path / "out"]
    found = call(*(["--debug", *arguments] if place == "before" else [*arguments, "--debug"]))
    assert found.exit_code == 70
    assert "Traceback" in found.stderr


def test_an_interrupt_is_one_line(stages: Any, refused: Refused, question: Path, tmp_path: Path) -> None:
    stages.raises = KeyboardInterrupt()
    assert refused("run", question, "--out", tmp_path / "out", code=130) == "interrupted\n"


def test_a_value_object_that_refuses_is_a_message(
    stages: Any, refused: Refused, question: Path, tmp_path: Path
) -> None:
    stages.raises = wsesim.WsesimError("width must be positive")
    assert refused("run", question, "--out", tmp_path / "out") == "error: width must be positive\n"


def test_errors_are_json_too(call: Call, question: Path) -> None:
    question.write_text(question.read_text() + "precision: mixd\n")
    found = call("check", question, "--json")
    assert found.exit_code == 2
    assert found.stderr.startswith(f"{question}:4:12: error: precision must be")
    assert json.loads(found.stdout) == {
        "status": "error",
        "problems": [
            {
                "message": "precision must be one of mixed, fp16, fp32, bf16, cb16; got 'mixd', did you mean 'mixed'?",
                "file": str(question),
                "line": 4,
                "column": 12,
            }
        ],
    }


@pytest.mark.parametrize("arguments", [("run", "--json"), ("run", "a.yaml", "--json", "--bogus"),
                                       ("sweep", "a.yaml", "--jobs", 0, "--json")])  # fmt: skip
def test_a_command_that_cannot_be_read_is_json_too_if_asked(call: Call, arguments: tuple[object, ...]) -> None:
    found = call(*arguments)
    assert found.exit_code == 2
    assert json.loads(found.stdout)["status"] == "error"
    assert "Traceback" not in found.output


def test_quiet_is_quiet(call: Call, question: Path, in_tmp: Path, stages: Any) -> None:
    for arguments in (["check", question], ["show", question], ["models"], ["machines"], ["software"], ["schema"],
                      ["run", question], ["verify", question], ["init", "new.yaml"], ["sweep", "study.yaml"],
                      ["validate"]):  # fmt: skip
        found = call(*arguments, "--quiet")
        assert (found.exit_code, found.output) == (0, ""), arguments


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as on POSIX")
def test_a_reader_that_goes_away_is_not_an_error() -> None:
    program = f"{sys.executable} -m wsesim schema | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
