"""What a training is to do is what the file says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.trainer import Course

MakeCourse = Callable[..., Course]


def test_the_graph_is_of_a_part_of_the_batch(course: MakeCourse) -> None:
    assert course().graph.dims["batch"] == 4
    assert course(micro_batches=2).graph.dims["batch"] == 2
    assert course().graph.dims["length"] == 16


@pytest.mark.parametrize(
    ("learning", "rates"),
    [
        ({"schedule": "constant"}, [1.0, 1.0, 1.0]),
        ({"schedule": "linear", "final_rate": 0.0}, [0.9, 0.5, 0.0]),
        ({"schedule": "linear", "final_rate": 0.0, "warmup": 5}, [0.2, 1.0, 0.0]),
        ({"final_rate": 0.1}, [0.978, 0.55, 0.1]),
    ],
)
def test_the_rate_follows_the_schedule(course: MakeCourse, learning: dict[str, Any], rates: list[float]) -> None:
    made = course(steps=10, learning_rate=0.5, **{"warmup": 0, **learning})
    found = [made.optimizer.schedule.rate(step) / 0.5 for step in (1, 5, 10)]
    assert found == pytest.approx(rates, abs=1e-3)


def test_every_setting_decides(course: MakeCourse) -> None:
    plain = course().decides()
    assert {"model.width", "batch.sequences", "learning.seed", "learning.text"} <= plain.keys()
    assert course(seed=1).decides() != plain
    assert "model.name" not in plain


def test_a_question_without_the_section_is_refused() -> None:
    asked = questions.ask({"model": "gpt2", "batch": {"sequences": 4}, "cluster": "cs-2"}, file="q.yaml", folder=Path())
    with pytest.raises(InputError, match=r"q\.yaml: error: says nothing of learning: .*section `learning`"):
        Course(question=asked)
