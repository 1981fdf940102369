"""A training shown: files, page, terminal, and beside it what the wafer would take."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from wsesim import questions
from wsesim.trainer import Course, Learner, Report, begin, print_training, train, training_json, write_training
from wsesim.trainer.output import render_training, taken
from wsesim.trainer.wafer import on_wafer

MakeCourse = Callable[..., Course]


def reported(course: Course) -> Report:
    learner = begin(course)
    train(learner, keep=lambda _: None, tell=lambda *_: None)
    return Report(learner=learner, wafer=on_wafer(course), cpu_s=1.5, steps=course.steps)


def test_the_wafer_takes_as_many_steps(course: MakeCourse) -> None:
    made = course()
    found, figures = on_wafer(made), questions.run(made.question, verify=False).figures
    assert found.status == "ok"
    assert (found.machine, found.systems, found.steps) == ("CS-2", 1, 6)
    assert found.seconds == pytest.approx(6 * (figures["step_s"] or 0))
    assert found.seconds == pytest.approx(figures["budget_s"])
    assert found.energy_j == pytest.approx(6 * 4 * 16 * (figures["energy_per_token_j"] or 0))
    assert "On CS-2 (1 system) the same 6 steps would take" in taken(found)


def test_what_the_wafer_cannot_is_said(course: MakeCourse) -> None:
    from dataclasses import replace

    found = replace(on_wafer(course()), seconds=None, why="a core has 1 KiB", status="does_not_fit")
    assert taken(found) == "On CS-2 it cannot be trained so: a core has 1 KiB"


def test_files(course: MakeCourse, tmp_path: Path) -> None:
    report = reported(course())
    written = write_training(report, tmp_path / "out", overwrite=False)
    assert [path.name for path in written] == [
        "report.html", "result.json", "losses.csv", "checkpoint.safetensors", "checkpoint.json",
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "losses.csv").read_text())))
    assert [float(row["nats"]) for row in rows] == [one.nats for one in report.learner.progress.learned]
    form = json.loads((tmp_path / "out" / "result.json").read_text())
    assert form == json.loads(json.dumps(training_json(report)))
    assert (form["status"], form["step"], list(form)[-1]) == ("ok", 6, "cost")


def test_an_unfinished_training_says_so(course: MakeCourse) -> None:
    seen: list[str] = []

    def keep(learner: Learner) -> None:
        report = Report(learner=learner, wafer=on_wafer(learner.course), cpu_s=1.0, steps=learner.progress.step)
        seen.append(str(training_json(report)["status"]))
        assert ("--resume" in render_training(report)) == (not learner.done)

    train(begin(course()), keep=keep, tell=lambda *_: None)
    assert seen == ["unfinished", "ok"]


def test_the_page_escapes_what_a_model_writes(course: MakeCourse) -> None:
    page = render_training(reported(course(prompt="<b>&")))
    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page
    assert "<script" not in page
    assert page.count("<svg") == 1


def test_the_terminal_tells_loss_sample_and_wafer(course: MakeCourse) -> None:
    out = io.StringIO()
    print_training(reported(course(prompt="[bold]Oh")), Console(file=out, width=90), folder=Path("there"))
    for words in ("learns from sample:sotu: 6 steps of 4 sequences of 16 tokens", "bits a byte", "It writes: [bold]Oh",
                  "would take", "there/report.html"):  # fmt: skip
        assert words in out.getvalue()
