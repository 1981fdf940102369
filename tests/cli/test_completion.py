"""What a shell offers where Tab is pressed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from wsesim.cli import COMPLETING, cli
from wsesim.cli.shells import Bash
from wsesim.cores.programs import PROGRAMS

LONGER = ("refuse", "cut", "drop")
SERVE = "model: gpt2\ncluster: cs-2\nphase: serving\nserving: {rate: 1}\n"
STEP = "model: gpt2\ncluster: cs-2\nbatch: {sequences: 8, length: 128}\n"


def offered(*line: str) -> list[str]:
    """Return what is offered for the last word of a line."""
    found = ShellComplete(cli, {}, "wsesim", "_WSESIM_COMPLETE").get_completions([*line[:-1]], line[-1])
    return [each.value if each.type == "plain" else each.type for each in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "step.yaml").write_text(STEP, "utf-8")
    (tmp_path / "study.yaml").write_text("workload: step.yaml\nvary: {batch.sequences: [8, 16]}\n", "utf-8")
    (tmp_path / "broken.yaml").write_text("model: [", "utf-8")
    (tmp_path / "serve.yaml").write_text(SERVE, "utf-8")
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "a.csv").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (("run", "step.yaml", "--machine", "cs-2"), ["cs-2"]),
        (("run", "step.yaml", "--machine", "mine"), ["file"]),
        (("run", "step.yaml", "--software", "waferl"), ["waferllm"]),
        (("run", "step.yaml", "--level", "cl"), ["closed"]),
        (("run", "step.yaml", "--set", "batch.len"), ["batch.length="]),
        (("run", "step.yaml", "--set", "inference.pr"), []),
        (("run", "step.yaml", "--set", "cluster.machine=cs-2"), ["cluster.machine=cs-2"]),
        (("run", "broken.yaml", "--set", "inference.prom"), ["inference.prompt="]),
        (("run", "step.yaml", "--set", "hardware.core.clo"), ["hardware.core.clock="]),
        (("sweep", "study.yaml", "--set", "inference.pr"), []),
        (("sweep", "step.yaml", "--vary", "software.training.kernel_l"), ["software.training.kernel_launch="]),
        (("sweep", "step.yaml", "--figures", "mfu,tokens_per_s"), ["mfu,tokens_per_s"]),
        (("sensitivity", "step.yaml", "--figure", "tokens_per_s"), ["tokens_per_s"]),
        (("size", "step.yaml", "--machines", "cs-2,cs-3"), ["cs-2,cs-3"]),
        (("run", "step.yaml", "--gpu", "h100-p"), ["h100-pcie"]),
        (("kernel", "allreduce-ch"), ["allreduce-chain"]),
        (("kernel", "mine.p"), ["file"]),
        (("models", "gpt2-x"), ["gpt2-xl"]),
        (("machines", "andr"), ["andromeda"]),
        (("explain", "recomput"), ["recompute"]),
        (("validate", "--show", "USC-GPT3-256M-B256"), ["USC-GPT3-256M-B256"]),
        (("data", "show", "spa"), ["spam"]),
        (("run", "step.yaml", "--set", "precision=f"), ["precision=fp16", "precision=fp32"]),
        (("run", "step.yaml", "--set", "recompute="), ["recompute=auto", "recompute=never", "recompute=always"]),
        (("run", "serve.yaml", "--set", "serving.longer="), [f"serving.longer={each}" for each in LONGER]),
        (("run", "serve.yaml", "--set", "serving.search=t"), ["serving.search=true"]),
        (("run", "serve.yaml", "--set", "serving.trace=tra"), ["serving.trace=traces/"]),
        (("run", "serve.yaml", "--set", "serving.trace=traces/"), ["serving.trace=traces/a.csv"]),
        (("sweep", "step.yaml", "--vary", "cluster.machine=cs-2,cs-3"), ["cluster.machine=cs-2,cs-3"]),
        (("sweep", "step.yaml", "--vary", "recompute=never", "--together", "rec"), ["recompute"]),
        (("sweep", "study.yaml", "--together", "batch.s"), ["batch.sequences"]),
        (("sweep", "step.yaml", "--optimize", "mfu,tokens_per_s"), ["mfu,tokens_per_s"]),
        (("sweep", "step.yaml", "--sample", "lat"), ["latin:"]),
        (("size", "step.yaml", "--goal", "mf"), ["mfu"]),
        (("compare", "step.yaml", "st"), ["file"]),
        (("csl", "show", "a.csl", "--import-path", "x"), ["dir"]),
        (("csl", "run", "x.sh", "y"), ["file"]),
        (("run", "ste"), ["file"]),
        (("run", "--fail"), ["--fail-if-unfit"]),
    ],
)  # fmt: skip
def test_names_are_offered(line: tuple[str, ...], names: list[str], folder: Path) -> None:
    assert offered(*line) == names


def test_what_a_kernel_has_is_offered(folder: Path) -> None:
    program = next(each for each in PROGRAMS.values() if each.options)
    assert offered("kernel", program.name, "--option", "") == [f"{name}=" for name in program.options]
    program = next(each for each in PROGRAMS.values() if each.measures)
    assert offered("kernel", program.name, "--measure", "") == [*program.measures]


def test_every_value_of_an_option_is_completed_where_it_has_names() -> None:
    free = {"--on-cores", "--budget", "--jobs", "--scheduler", "--times", "--samples", "--seed", "--days", "--rate",
            "--ttft", "--tpot", "--grid", "--shape", "--watch", "--params", "--colors", "--lines", "--tokens",
            "--temperature", "text"}  # fmt: skip
    bare = (click.STRING, click.INT, click.FLOAT)
    for command in commands(cli):
        for each in command.params:
            if each.opts[0] in free or getattr(each, "is_flag", False):
                continue
            known = isinstance(each.type, click.Path | click.Choice) or each._custom_shell_complete is not None
            assert known, f"{command.name} {each.opts[0]} ({each.type in bare})"


def commands(group: click.Group) -> Iterator[click.Command]:
    for name in group.list_commands(click.Context(group)):
        found = group.commands[name]
        yield from commands(found) if isinstance(found, click.Group) else (found,)


SHELLS: dict[str, str] = {
    "bash": """compopt() { echo "$@"; }
for line in "sweep step.yaml --set cluster.machine=andr" "run step.yaml --set batch.le"; do
  COMP_LINE="wsesim $line"; COMP_POINT=${#COMP_LINE}
  _wsesim_completion wsesim; echo "${COMPREPLY[@]}"
done""",
    "zsh": """compdef() { :; }; compadd() { shift $(($# - 1)); print -rl -- ${(P)1}; }
for line in "sweep step.yaml --set cluster.machine=andr" "run step.yaml --set batch.le"; do
  words=(wsesim ${=line}); CURRENT=$#words; _wsesim_completion
done""",
    "fish": """complete -C"wsesim sweep step.yaml --set cluster.machine=andr"
complete -C"wsesim run step.yaml --set batch.le" """,
}  # fmt: skip
"""What each shell runs after it has loaded what we print, to complete two lines."""


@pytest.mark.parametrize(
    ("line", "said"),
    [("run step.yaml --set cluster.machine=andr", "plain,andromeda"),
     ("run step.yaml --set batch.le", "part,batch.length="),
     ("sweep step.yaml --figures mfu,tokens_per_s", "plain,mfu,tokens_per_s"), ("run ", "file,"),
     ("sweep step.yaml --sample latin", "part,latin:"), ("run step.yaml --gpu h100-p", "plain,h100-pcie")],
)  # fmt: skip
def test_bash_hears_what_follows_what_it_takes_for_the_end_of_a_word(
    line: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_WORDS", f"wsesim {line}")
    monkeypatch.setenv("COMP_CWORD", " \t\n\"'><=;|&(:")
    assert Bash(cli, {}, "wsesim", COMPLETING).complete() == said


@pytest.mark.nightly
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete(shell: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (folder / "wsesim").write_text(f'#!/bin/sh\nexec {sys.executable} -m wsesim "$@"\n')
    (folder / "wsesim").chmod(0o755)
    surroundings = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    loaded = subprocess.run(["wsesim"], env={**surroundings, "_WSESIM_COMPLETE": f"{shell}_source"}, text=True,
                            capture_output=True, check=True).stdout  # fmt: skip
    script = folder / "script"
    script.write_text(f"{loaded}\n{SHELLS[shell]}\n")
    done = subprocess.run([shell, str(script)], env=surroundings, text=True, capture_output=True, check=False)
    assert done.stderr == ""
    said = {"bash": ["andromeda", "-o nospace", "batch.length="]}
    assert done.stdout.split("\n")[:-1] == said.get(shell, ["cluster.machine=andromeda", "batch.length="])
