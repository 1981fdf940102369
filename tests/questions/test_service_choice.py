"""What a service chooses by its largest rate: the chunk, and the placement where the objective binds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.base import Question
from wsesim.questions.shared import service_choice
from wsesim.questions.shared.choosing import plan_words
from wsesim.questions.shared.service import (
    drained_placement,
    open_service,
    placed_service,
    quick_placements,
    service_of,
    service_times,
)
from wsesim.questions.shared.service_choice import Judged, holds_as_much, judge, judge_placements, searched_of
from wsesim.system import requests_of


def asked_for(tpot: str, **inference: Any) -> Question:
    return questions.ask(
        {
            "model": "gpt2", "phase": "serving", "cluster": "cs-2", "verification": {"enabled": False},
            "outputs": {"timeline": False}, "inference": inference,
            "serving": {"rate": 1, "requests": 50, "slo_tpot": tpot},
        },
        file="case.yaml", folder=Path(),
    )  # fmt: skip


def answer(tpot: str, **inference: Any) -> Answer:
    found = questions.run(asked_for(tpot, **inference)).answer
    assert found is not None
    return found


def rate(found: Answer) -> float:
    return float(found.figures["largest_rate_per_s"] or 0)


@pytest.mark.nightly
def test_the_chunk_is_chosen_and_one_by_hand_is_no_better() -> None:
    tight = "400 us"
    found = answer(tight)
    (choice,) = (choice for choice in found.choices if choice.what == "chunk")
    assert choice.chosen == f"{found.figures['chunk']} tokens"
    assert choice.value == rate(found) > choice.others[0][1]
    least = answer(tight, chunk=64)
    assert rate(found) == pytest.approx(rate(least))
    assert all(choice.what != "chunk" for choice in least.choices)


@pytest.mark.nightly
def test_where_the_objective_binds_the_placement_is_chosen_by_the_largest_rate() -> None:
    found = answer("170 us")
    choice = found.choices[0]
    assert (choice.what, choice.figure) == ("placement", "largest_rate_per_s")
    assert choice.value == rate(found) > 0
    service = service_of(asked_for("170 us").asked)
    usual = placed_service(service)
    assert isinstance(usual, ResidentPlan)
    assert (plan_words(usual), 0.0) in choice.others
    assert len(answer("20 ms").choices[0].others) < len(choice.others)


@pytest.mark.nightly
def test_of_prompts_that_keep_the_pipeline_and_prompts_that_are_soon_through_the_better_is_taken() -> None:
    service = service_of(asked_for("20 ms").asked)
    requests = requests_of(service.arrivals)
    searched = searched_of(service, requests)
    plans = [placed_service(service), drained_placement(service)]
    rates = []
    for plan in plans:
        assert isinstance(plan, ResidentPlan)
        rates.append(judge(service, requests, searched, plan, service_times(service, plan), lambda _: None).per_s)
    assert rate(answer("20 ms")) == max(rates)


def test_the_next_best_of_another_kind_is_tried_and_taken_where_it_holds_more(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of(asked_for("20 ms").asked)
    plan = placed_service(service)
    assert isinstance(plan, ResidentPlan)
    assert plan.next_best is not None

    def judged(_: Any, __: Any, ___: Any, tried: ResidentPlan, times: Any, ____: Any) -> Judged:
        rate = SimpleNamespace(per_s=9.0 if tried == plan.next_best else 5.0, full_per_s=10.0)
        return Judged(plan=tried, times=times, found=(rate,))  # type: ignore[arg-type]

    monkeypatch.setattr(service_choice, "judge", judged)
    monkeypatch.setattr(service_choice, "drained_placement", lambda _: plan)
    requests = requests_of(service.arrivals)
    assert judge_placements(service, requests, requests, plan, lambda _: None).plan == plan.next_best


def unsearched(tpot: str) -> Question:
    """Ask a small model for few requests, and for no largest rate."""
    return questions.ask(
        {
            "model": {"layers": 2, "width": 256, "heads": 4, "vocab": 1000, "max_length": 512}, "phase": "serving",
            "cluster": "cs-2", "verification": {"enabled": False}, "outputs": {"timeline": False},
            "serving": {"rate": 10, "requests": 30, "prompt": 200, "output": 30, "slo_tpot": tpot, "search": False},
        },
        file="case.yaml", folder=Path(),
    )  # fmt: skip


def test_where_no_rate_is_looked_for_the_most_good_answers_choose() -> None:
    question = unsearched("100 us")
    service = service_of(question.asked)
    requests, usual = requests_of(service.arrivals), placed_service(service)
    assert isinstance(usual, ResidentPlan)
    alone = judge(service, requests, None, usual, service_times(service, usual), lambda _: None)
    found = questions.run(question).answer
    assert found is not None
    assert alone.score < service.objective.share <= (found.figures["met_share"] or 0)
    assert (found.choices[0].what, found.choices[0].figure) == ("placement", "met_share")
    assert (plan_words(usual), alone.score) in found.choices[0].others
    holds = questions.run(unsearched("20 ms")).answer
    assert holds is not None
    assert holds.choices[0].figure != "met_share", "nothing else is tried where enough are good"


def test_where_too_few_answers_are_good_what_was_tried_is_said() -> None:
    found = questions.run(unsearched("90 us")).answer
    assert found is not None
    placement, chunk = found.choices
    assert chunk.what == "chunk"
    assert chunk.value > chunk.others[0][1]
    (words,) = (words for words in found.sentences if "No placement that was tried" in words)
    assert all(each in words for each in (placement.chosen, *(other for other, _ in placement.others)))


@pytest.mark.nightly
def test_words_of_no_rate_name_what_was_tried_and_the_limit_in_full() -> None:
    found = answer("1.265 us")
    (words,) = (words for words in found.sentences if "No rate holds" in words)
    assert "with the placements tried" in words
    assert "each further token in 1.265 us" in words
    (choice,) = (choice for choice in found.choices if choice.what == "placement")
    assert all(words.count(each) == 1 for each in (choice.chosen, *(other for other, _ in choice.others)))
    assert "1.265 us" in found.headline["largest_rate_per_s"]


@pytest.mark.nightly
def test_nobody_is_sent_to_a_placement_that_holds_less() -> None:
    service = service_of(asked_for("170 us", stages=1).asked)
    requests = requests_of(service.arrivals)
    searched = searched_of(service, requests)
    by_hand, opened = list(quick_placements(service))[-1], open_service(service)
    assert isinstance(opened, ResidentPlan)
    judged = judge(service, requests, searched, by_hand, service_times(service, by_hand), lambda _: None)
    assert judged.per_s > 0
    assert service.goal(opened) < 0.9 * service.goal(by_hand), "else the note would not be said anyway"
    assert not holds_as_much(service, requests, searched, judged, opened)
    assert holds_as_much(service, requests, searched, judged, by_hand)
    assert not any("Left open" in note for note in answer("170 us", stages=1).notes)
