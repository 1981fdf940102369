"""Trainings of several seeds, side by side: each as it is alone, together their mean, their range and who wins."""

import io
import json
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console
from tests.answers.keeping import keeps_to

from wsesim.errors import InputError
from wsesim.trainer import Course, Report, SeedsReport, learn_by, print_seeds, schemas, seeds_json
from wsesim.uses import load

MakeCourse = Callable[..., Course]
EASY = {"text": "data:easy-world", "length": 48, "steps": 2, "evaluate_every": 1}


@pytest.fixture(autouse=True)
def no_bag_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the simple reader, which takes longer than all these trainings."""
    monkeypatch.setattr("wsesim.trainer.stories._bag_of_words", lambda _examples: 0.4)


def learned(course: Course, out: Path, *, again: bool = False) -> Report | SeedsReport:
    return learn_by(course.question, out, force=False, again=again, tell=lambda *_: None)


@pytest.mark.nightly
def test_each_seed_is_what_it_is_alone(course: MakeCourse, tmp_path: Path) -> None:
    found = learned(course(**EASY, seeds=2), tmp_path / "all")
    alone = learned(course(**EASY, seed=1), tmp_path / "one")
    assert isinstance(found, SeedsReport)
    assert isinstance(alone, Report)
    assert found.seeds == (0, 1)
    assert keeps_to(json.loads(json.dumps(seeds_json(found))), schemas()["train_seeds"])
    assert found.reports[1].learner.progress == alone.learner.progress
    for name in ("checkpoint.json", "checkpoint.safetensors", "model.safetensors"):
        assert (tmp_path / "all-seed-1" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    form = json.loads((tmp_path / "all" / "result.json").read_text())
    shares = [one["test"]["this model"] for one in form["seeds"]]
    assert form["test"]["this model"] == {"mean": sum(shares) / 2, "least": min(shares), "most": max(shares)}
    assert form["said"].startswith("Of 2 seeds this model is right ")
    assert form["best"] == max(form["seeds"], key=lambda one: one["held_out"]["right"])["seed"]
    best = (tmp_path / f"all-seed-{form['best']}" / "model.safetensors").read_bytes()
    assert (tmp_path / "all" / "model.safetensors").read_bytes() == best
    assert load(tmp_path / "all").about.use == "question answering"
    page = (tmp_path / "all" / "report.html").read_text()
    assert form["said"] in unescape(page)
    assert "Synthetic" in page
    out = io.StringIO()
    print_seeds(found, Console(file=out, width=200), folder=tmp_path / "all")
    told = " ".join(out.getvalue().split())
    assert form["said"] in told
    assert "An answer (" in told
    again = learned(course(**EASY, seeds=2), tmp_path / "all", again=True)
    assert [one.steps for one in again.reports] == [0, 0] if isinstance(again, SeedsReport) else False


def test_seeds_may_be_listed(course: MakeCourse, tmp_path: Path) -> None:
    found = learned(course(seeds=[3, 7]), tmp_path / "text")
    assert isinstance(found, SeedsReport)
    assert found.seeds == (3, 7)
    assert found.said.startswith("On what is held out: ")
    assert "bits a byte" in found.said
    notes = course(seeds=[3, 7], seed=1).question.asked.notes
    assert "learning.seed has no effect: learning.seeds lists them." in notes


def test_a_folder_of_a_seed_that_is_there_is_not_replaced(course: MakeCourse, tmp_path: Path) -> None:
    (tmp_path / "all-seed-1").mkdir()
    (tmp_path / "all-seed-1" / "mine").write_text("x")
    with pytest.raises(InputError, match="holds mine, which no run wrote"):
        learned(course(**EASY, seeds=2), tmp_path / "all")
    assert not (tmp_path / "all-seed-0").exists()


@pytest.mark.parametrize("seeds", [[], [1, 1], 0, [-1], "two"])
def test_seeds_that_are_none_are_refused(course: MakeCourse, seeds: object) -> None:
    with pytest.raises(InputError, match="seeds"):
        course(seeds=seeds)
