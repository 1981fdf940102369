"""Texts with labels are learned, as many tokens of each as a sequence has, and judged beside simple readers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.learning import Example, Examples, LabelledTexts, divided
from wsesim.trainer import Course, begin, train
from wsesim.trainer.labelled import Labelled

WORDS = ("prize", "money", "winner", "offer"), ("lunch", "meeting", "report", "thanks")


def texts(count: int = 300) -> Examples:
    draw = np.random.default_rng(0)
    found = []
    for number in range(count):
        label = number % 2
        words = [WORDS[1 - label][draw.integers(4)] for _ in range(4)]
        found.append(Example(f"{number} {' '.join(words)}", label))
    return divided("toy", ("wanted", "spam"), found)


@pytest.fixture
def spam(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Course]:
    """Return a function that makes a course of texts as small as the model."""
    monkeypatch.setattr(LabelledTexts, "examples", lambda _self, _archive: texts())

    def made(**learning: Any) -> Course:
        model = {"layers": 1, "width": 8, "heads": 2, "vocab": 300, "max_length": 24, "task": "classify", "classes": 2}
        asked = {"text": "data:spam", "steps": 4, "evaluate_every": 2, "learning_rate": 0.02, **learning}
        data = {"name": "toy", "cluster": "cs-2", "batch": {"sequences": 8, "length": 24}, "model": model}
        return Course(question=questions.ask({**data, "learning": asked}, file="toy.yaml", folder=Path()))

    return made


def test_each_text_comes_once_before_any_comes_again(spam: Callable[..., Course]) -> None:
    course = spam()
    lessons = begin(course).lessons
    assert isinstance(lessons, Labelled)
    batches = [lessons.batch(step, course) for step in range(1, 1 + len(lessons.rows) // 8)]
    seen = [tuple(row[mask == 1]) for one in batches for row, mask in zip(one["ids"], one["mask"], strict=True)]
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(lessons.rows)
    assert max(map(len, lessons.rows)) <= 24
    first, again = lessons.batch(1, course), lessons.batch(1, course)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    number = {row: one.label for row, one in zip(lessons.rows, lessons.examples.train, strict=True)}
    assert [number[row] for row in seen[:8]] == first["classes"].tolist()


def test_tokens_are_left_out_but_never_all(spam: Callable[..., Course]) -> None:
    course = spam(left_out=0.9)
    lessons = begin(course).lessons
    some = [lessons.batch(step, course, 0)["mask"].sum(axis=1) for step in range(1, 9)]
    assert np.min(some) == 1
    assert np.mean(some) < 4


def test_texts_are_told_apart_after_a_while(spam: Callable[..., Course]) -> None:
    learner = begin(spam(steps=60, evaluate_every=60))
    train(learner, keep=lambda _: None, tell=lambda *_: None)
    test, now = learner.progress.test, learner.progress.evaluations[-1]
    assert list(test) == ["this model", "bag of words", "most frequent label"]
    assert test["this model"] > 0.9
    assert test["bag of words"] == 1.0
    assert now.right is not None
    assert now.right > 0.9
    assert now.sample.startswith(("wanted: ", "spam: "))
    reads, writes = learner.lessons.asked(learner.course)
    assert 10 < reads <= 24
    assert writes == 0


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"task": "lm"},
            r"cannot tell texts apart: it takes model.task: classify and model.classes: 2, for wanted",
        ),
        ({"task": "classify", "classes": 3}, r"classes = 3 does not go with the texts: model.task: classify"),
    ],
)
def test_a_model_of_other_classes_is_refused(model: dict[str, Any], message: str) -> None:
    shape = {"layers": 1, "width": 8, "heads": 2, "vocab": 300, "max_length": 16, **model}
    data = {"model": shape, "cluster": "cs-2", "batch": {"sequences": 4, "length": 16}}
    with pytest.raises(InputError, match=message):
        questions.ask({**data, "learning": {"text": "data:spam", "steps": 4}}, file="q.yaml", folder=Path())


def test_texts_that_are_not_there_are_named_with_what_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WSESIM_DATA", str(tmp_path))
    shape = {"layers": 1, "width": 8, "heads": 2, "vocab": 300, "max_length": 16, "task": "classify", "classes": 2}
    data = {"model": shape, "cluster": "cs-2", "batch": {"sequences": 4, "length": 16}}
    asked = questions.ask({**data, "learning": {"text": "data:spam", "steps": 4}}, file="q.yaml", folder=Path())
    with pytest.raises(InputError, match=r"cannot read it: No such file or directory; `wsesim data fetch spam` brings"):
        begin(Course(question=asked))
