"""`wsesim train`: learns, is killed, goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
Refused = Callable[..., str]
FILE = """\
model: {layers: 1, width: 8, heads: 2, vocab: 300, max_length: 16}
batch: {sequences: 4, length: 16}
cluster: cs-2
learning:
  steps: 40
  evaluate_every: 4
  evaluation_sequences: 4
  sample_tokens: 4
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(FILE)
    return tmp_path / "toy.yaml"


def contents(folder: Path) -> dict[str, object]:
    """Return what must be the same whatever happened on the way."""
    form = json.loads((folder / "result.json").read_text())
    del form["cost"]
    names = ("losses.csv", "checkpoint.safetensors", "checkpoint.json")
    return {"result": form, **{name: (folder / name).read_bytes() for name in names}}


@pytest.mark.nightly
def test_a_training_killed_goes_on_to_the_same_bits(toy: Path, call: Call) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "wsesim", "train", str(toy), "--out", "killed", "--quiet"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    while not Path("killed", "checkpoint.json").exists():
        assert started.poll() is None
        time.sleep(0.005)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    step = json.loads(Path("killed", "checkpoint.json").read_text())["step"]
    assert step in range(4, 40, 4)
    resumed = call("train", toy, "--out", "killed", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert f"Here {40 - step} steps took" in resumed.stdout
    assert call("train", toy, "--quiet").stdout == ""
    assert contents(Path("killed")) == contents(Path("runs/toy-trained"))
    assert not list(Path().glob(".killed*"))


def test_what_is_done_is_shown_again(toy: Path, call: Call) -> None:
    small = ("train", toy, "--set", "learning.steps=4")
    first = json.loads(call(*small, "--json").stdout)
    before = contents(Path("runs/toy-trained"))
    again = json.loads(call(*small, "--resume", "--json").stdout)
    assert {**first, "cost": 0} == {**again, "cost": 0}
    assert (first["cost"]["steps"], again["cost"]["steps"]) == (4, 0)
    assert contents(Path("runs/toy-trained")) == before


def test_folders_are_those_of_runs(toy: Path, call: Call, refused: Refused) -> None:
    small = ("train", toy, "--set", "learning.steps=4")
    assert call(*small, "--resume").exit_code == 0  # nothing there: it begins
    assert "pass --force to replace it" in refused(*small)
    assert "another training: learning.seed was 0, now 1" in refused(*small, "--set", "learning.seed=1", "--resume")
    assert "give one of them" in call(*small, "--force", "--resume").stderr
    assert call(*small, "--set", "learning.seed=1", "--force").exit_code == 0
    Path("runs/toy-trained/mine.txt").write_text("x")
    assert "mine.txt, which no run wrote" in refused(*small, "--resume")
    assert call("run", toy, "--no-verify", "--out", "asked").exit_code == 0
    assert "holds no checkpoint to go on from" in refused(*small, "--resume", "--out", "asked")


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        (5, "  stepz: 40", "unknown key 'stepz' in learning"),
        (5, "  steps: 0", "learning.steps must be at least 1; got 0"),
        (5, "  steps: 40\n  schedule: cosin", "did you mean 'cosine'?"),
        (5, "  steps: 40\n  text: sample:sot", "learning.text 'sample:sot' is not a sample that ships with wsesim"),
        (5, "  steps: 40\n  text: data:sot", "no texts are called 'sot', did you mean 'sotu'?"),
        (5, "  steps: 40\n  text: gone.txt", "learning.text = 'gone.txt' is not there"),
        (5, "  steps: 40\n  micro_batches: 3", "learning.micro_batches = 3 does not divide batch.sequences = 4"),
        (5, "  steps: 40\n  warmup: 50", "learning.warmup = 50 is over the 40 steps"),
        (1, "model: {layers: 1, width: 8, heads: 2, vocab: 90, max_length: 16}", "model.vocab = 90 is too small"),
        (1, "model: bert-base", "only a causal language model can"),
    ],
)
def test_mistakes_are_told_at_their_line(toy: Path, refused: Refused, line: int, wrong: str, said: str) -> None:
    lines = FILE.splitlines()
    lines[line - 1] = wrong
    toy.write_text("\n".join(lines))
    found = refused("train", toy)
    assert said in found
    assert f"toy.yaml:{line + wrong.count(chr(10))}:" in found


def test_a_model_of_language_cannot_tell_texts_apart(toy: Path, refused: Refused) -> None:
    toy.write_text(FILE.replace("  steps: 40", "  steps: 40\n  text: data:spam"))
    found = refused("train", toy)
    assert "toy.yaml:1:8: error: model = toy cannot tell texts apart: it takes" in found
    assert "classes: 2" in found


def test_without_the_section_it_is_said_what_is_missing(toy: Path, refused: Refused) -> None:
    toy.write_text(FILE.partition("learning")[0])
    assert "at least `learning: {steps: 100}`" in refused("train", toy)
    assert "`wsesim data fetch sotu` brings it" in refused(
        "train", toy, "--set", "learning.steps=1", "--set", "learning.text=data:sotu"
    )
