"""What failures leave of a long training."""

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer
from wsesim.errors import InputError
from wsesim.questions.base import Question
from wsesim.questions.shared.failures import Failures, failures_of

SECTION = {"system_every": "100 h", "restart": "10 min", "checkpoint_every": "1 h"}


def _failures(systems: int = 1, **changes: str) -> Failures:
    return failures_of({**SECTION, **changes}, systems=systems, restart_s=300.0, checkpoint_s=60.0)


def test_few_failures_cost_what_they_lose_and_what_checkpoints_take() -> None:
    """Of 100 h a restart of 10 min and half an hour of steps; a minute for each hour is a checkpoint."""
    assert _failures().goodput == pytest.approx((1 - (10 + 30) / 6000) / (1 + 1 / 60), rel=1e-3)


def test_more_systems_fail_more_often_and_the_best_interval_leaves_most() -> None:
    shares = [_failures(systems).goodput for systems in (1, 10, 100, 1000, 100_000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.0
    best = _failures(64, checkpoint_every="auto", restart="auto")
    assert best.restart_s == 300.0
    others = [_failures(64, checkpoint_every=f"{factor * best.interval_s} s", restart="auto") for factor in (0.5, 2)]
    assert all(best.goodput > other.goodput for other in others)


def _figures(question: Question) -> dict[str, Any]:
    answer = question.solve("system", lambda text: None)
    assert isinstance(answer, Answer)
    return dict(answer.figures)


def _asked(**changes: Any) -> Question:
    data = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "cluster": {"machine": "cs-2", "systems": 8},
            "verification": {"enabled": False}, **changes}  # fmt: skip
    return questions.ask(data, file="case.yaml", folder=Path())


@pytest.mark.parametrize(("stated", "message"), [
    ({}, "failures"), ({"system_every": 30}, "time with its unit"), ({"system_every": "0 s"}, "must be above 0"),
    ({"system_every": "30 d", "restart": "soon"}, "restart"),
])  # fmt: skip
def test_nonsense_is_refused(stated: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _asked(failures=stated)


def test_a_sub_batch_is_a_part_of_a_micro_batch() -> None:
    with pytest.raises(InputError, match=r"sub_batch = 4 is more than batch\.micro_batch = 2"):
        _asked(batch={"sequences": 8, "length": 128, "micro_batch": 2, "sub_batch": 4})


def test_nothing_fails_unless_it_is_stated() -> None:
    found, never = (_figures(_asked(**stated)) for stated in ({"failures": {"system_every": "30 d"}}, {}))
    assert never["goodput"] == 1.0
    assert never["budget_with_failures_s"] == never["budget_s"]
    assert 0.9 < found["goodput"] < 1.0
