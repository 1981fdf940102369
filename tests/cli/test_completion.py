"""What a shell offers where Tab is pressed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from wsesim.cli import cli

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
        (("run", "ste"), ["file"]),
        (("run", "--fail"), ["--fail-if-unfit"]),
    ],
)  # fmt: skip
def test_names_are_offered(line: tuple[str, ...], names: list[str], folder: Path) -> None:
    assert offered(*line) == names
