"""Words, causes, figures, keys and names are explained; presets are listed whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from wsesim._version import __version__
from wsesim.cli import cli
from wsesim.cli.terms import folded
from wsesim.figures.docs import field_docs
from wsesim.hardware import Core


def said(*given: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("recompute", "recompute (word): forward kernels run again"),
        ("fmac", "FMAC (cause of time)"),
        ("MFU", "mfu (figure of answers)"),
        ("core.sram", "core.sram (figure of a machine): Private memory, bytes. More is better."),
        ("kernel_launch", "training.kernel_launch (figure of software)"),
        ("batch.sequences", "batch.sequences (key of files)"),
        ("hop latency", "hop latency (limit)"),
        ("gemv", "gemv (kernel): y = x W"),
        ("cs-3", "cs-3 (machine)"),
        ("llama-3-8b", "llama-3-8b (model)"),
    ],
)  # fmt: skip
@pytest.mark.every(3)
def test_everything_that_has_a_name_is_explained(term: str, told: str) -> None:
    assert told in said("explain", term)


@pytest.mark.parametrize(
    ("many", "one"),
    [("wavelets", "wavelet"), ("Micro batches", "micro-batch"), ("CACHES", "cache"), ("core sram", "core.sram"),
     ("queries", "query"), ("losses", "loss")],
)  # fmt: skip
def test_one_is_looked_for_as_many_are(many: str, one: str) -> None:
    assert folded(many) == folded(one)
    assert [folded(word) for word in ("bus", "basis", "loss")] == ["bus", "basis", "loss"]


def test_plurals_and_capitals_are_found() -> None:
    assert said("explain", "Wavelets").startswith("wavelet (word)")


def test_what_nobody_knows_names_the_nearest() -> None:
    assert "did you mean 'recompute'?" in said("explain", "recompuet", code=2)
    assert said("explain", "weight", "streaming").startswith("weight streaming, stream (word): weights come in")


def test_a_preset_is_listed_with_every_figure_and_its_source() -> None:
    assert "core.clock 1.1 GHz" in said("machines", "cs-3")
    found = json.loads(said("software", "waferengine", "--json"))
    loop = next(each for each in found["figures"] if each["name"] == "inference.element_loop_cycles")
    assert (loop["text"], loop["before"], loop["source"]) == ("14", "0", "WENG")
    assert "did you mean 'cs-3'" in said("machines", "cs-33", code=2)


def test_a_model_is_listed_with_its_shape() -> None:
    assert json.loads(said("models", "gpt2", "--json"))["width"] == 768
    assert "did you mean 'gpt2'" in said("models", "gtp2", code=2)


def test_fields_say_what_they_hold() -> None:
    assert field_docs(Core)["sram_bytes"] == "Private memory, bytes."


def test_short_and_whole_answers_and_an_exit_code_for_what_does_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "step.yaml"
    file.write_text("phase: training\nmodel: gpt2\ncluster: cs-2\nbatch: {sequences: 8, length: 128}\n", "utf-8")
    given = ("run", str(file), "--no-verify", "--level", "closed", "--out", str(tmp_path / "out"), "--force")
    short, whole = said(*given), said(*given, "-v")
    assert "-v prints all" in short
    assert "Longest ops" in whole
    assert "Longest ops" not in short
    unfit = (*given, "--set", "hardware.core.sram=2100 B", "--fail-if-unfit")
    assert "does not fit" in said(*unfit, code=1).lower()
    assert __version__ in said("-V")
