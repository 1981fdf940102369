"""A training shown: files, page, terminal, and beside it what the wafer would take."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.answers.keeping import keeps_to

from wsesim import questions
from wsesim.trainer import Course, Learner, Report, begin, print_training, train, training_json, write_training
from wsesim.trainer.forms import schemas
from wsesim.trainer.output import answered, render_training, taken
from wsesim.trainer.wafer import answering_on_wafer, on_wafer

MakeCourse = Callable[..., Course]


def reported(course: Course) -> Report:
    learner = begin(course)
    train(learner, keep=lambda _: None, tell=lambda *_: None)
    return shown(learner, course.steps)


def shown(learner: Learner, steps: int) -> Report:
    course = learner.course
    answering = answering_on_wafer(course, *learner.lessons.asked(course))
    return Report(learner=learner, wafer=on_wafer(course), answering=answering, cpu_s=1.5, steps=steps)


def asked(data: dict[str, Any]) -> Mapping[str, Any]:
    return questions.run(questions.ask(data, file="q.yaml", folder=Path()), verify=False).figures


def test_the_wafer_takes_as_many_steps(course: MakeCourse) -> None:
    made = course()
    found, figures = on_wafer(made), questions.run(made.question, verify=False).figures
    assert found.status == "ok"
    assert (found.machine, found.systems, found.steps) == ("CS-2", 1, 6)
    assert found.seconds == pytest.approx(6 * (figures["step_s"] or 0), rel=1e-3)
    assert found.seconds == pytest.approx(figures["budget_s"])
    assert found.energy_j == pytest.approx(6 * 4 * 16 * (figures["energy_per_token_j"] or 0), rel=1e-3)
    assert "On CS-2 (1 system) the same 6 steps would take" in taken(found)


def test_the_wafer_answers_as_the_questions_of_answering_say(course: MakeCourse) -> None:
    made = course()
    found = answering_on_wafer(made, 3, 5)
    shared = {"model": {"layers": 1, "width": 8, "heads": 2, "vocab": 300, "max_length": 16}, "cluster": "cs-2"}
    one = asked({**shared, "phase": "generate", "inference": {"prompt": 3, "generate": 5}})
    many = asked({**shared, "phase": "evaluation", "batch": {"sequences": 4, "length": 3}})
    assert found.answer_s == pytest.approx(one["total_s"])
    assert found.answer_energy_j == pytest.approx(5 * (one["energy_per_token_j"] or 0))
    assert found.batch_s == pytest.approx(many["step_s"])
    assert found.batch_energy_j == pytest.approx(12 * (many["energy_per_token_j"] or 0))
    said = answered(found, "CS-2")
    assert "An answer (3 tokens read, 5 written) would take" in said
    assert f"{4 / (found.batch_s or 1):,.0f} texts a second" in said
    read = answering_on_wafer(made, 3, 0)
    assert read.answer_s == pytest.approx(asked({**shared, "phase": "prefill", "inference": {"prompt": 3}})["ttft_s"])


def test_what_the_wafer_cannot_is_said(course: MakeCourse) -> None:
    from dataclasses import replace

    found = replace(on_wafer(course()), seconds=None, why="a core has 1 KiB", status="does_not_fit")
    assert taken(found) == "On CS-2 it cannot be trained so: a core has 1 KiB"


def test_files(course: MakeCourse, tmp_path: Path) -> None:
    report = reported(course())
    written = write_training(report, tmp_path / "out", overwrite=False)
    assert [path.name for path in written] == [
        "report.html", "result.json", "losses.csv", "model.safetensors", "model.json", "config.json",
        "checkpoint.safetensors", "checkpoint.json",
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "losses.csv").read_text())))
    assert [float(row["nats"]) for row in rows] == [one.nats for one in report.learner.progress.learned]
    form = json.loads((tmp_path / "out" / "result.json").read_text())
    assert form == json.loads(json.dumps(training_json(report)))
    assert keeps_to(form, schemas()["train"])
    assert (form["status"], form["step"], list(form)[-1]) == ("ok", 6, "cost")


def test_an_unfinished_training_says_so(course: MakeCourse) -> None:
    seen: list[str] = []

    def keep(learner: Learner) -> None:
        report = shown(learner, learner.progress.step)
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
