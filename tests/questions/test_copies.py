"""Copies of a model; decode and serving agree; what was chosen for a placement is said."""

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer, Level
from wsesim.errors import InputError


def answered(phase: str, cluster: object, level: Level = "system", **more: Any) -> Answer:
    data = {"phase": phase, "model": "llama-3-8b", "cluster": cluster, **more}
    question = questions.ask(data, file="case", folder=Path())
    found = questions.run(question, verify=False, level=level).answer
    assert found is not None
    return found


@pytest.mark.parametrize(("model", "machine"), [("llama-3-8b", "cs-2"), ("cerebras-gpt-1.3b", "cs-3")])
@pytest.mark.every(2)
def test_decode_and_serving_agree_about_users_who_write_all_the_time(model: str, machine: str) -> None:
    """Eight users in steady state; what is left is the reading of their prompts, and the first and the last of all."""
    users = {"prompt": 16, "output": 1000, "prompt_spread": 0, "output_spread": 0, "longest": 1100, "search": False}
    served = answered(
        "serving", machine, model=model, inference={"batch": 8}, serving={"rate": 100, "requests": 400, **users}
    )
    decoded = answered("decode", machine, model=model, inference={"prompt": 516, "batch": 8})
    rates = [float(found.figures["tokens_per_s"] or 0) for found in (served, decoded)]
    assert 0.93 < rates[0] / rates[1] < 1.0


@pytest.mark.nightly
def test_four_systems_serve_four_times_what_one_does() -> None:
    one, four = (
        answered("serving", {"machine": "cs-2", "systems": systems}, "closed", serving={"rate": 5, "requests": 10})
        for systems in (1, 4)
    )
    rates = [float(found.figures["largest_rate_per_s"] or 0) for found in (one, four)]
    assert rates[1] >= 4 * rates[0] * (1 - 1e-9) > 0
    assert "4 copies of 1 wafer" in four.choices[0].chosen


def test_a_batch_is_shared_by_copies_and_its_energy_counts_all_wafers() -> None:
    found = answered("decode", {"machine": "cs-2", "systems": 2}, inference={"prompt": 500, "batch": 64, "wafers": 1})
    assert (found.figures["replicas"], found.figures["wafers"]) == (2, 2)
    half = answered("decode", "cs-2", inference={"prompt": 500, "batch": 32})
    assert found.figures["tpot_s"] == pytest.approx(half.figures["tpot_s"])
    assert found.figures["tokens_per_s"] == pytest.approx(2 * float(half.figures["tokens_per_s"] or 0))
    assert found.figures["power_w"] == pytest.approx(2 * float(half.figures["power_w"] or 0))
    assert found.figures["mfu"] == pytest.approx(half.figures["mfu"])


def test_what_was_chosen_is_said_and_what_one_by_hand_costs() -> None:
    asked = {"prompt": 512, "generate": 8}
    found = answered("generate", "cs-2", inference=asked)
    choice = found.choices[0]
    assert (choice.what, choice.figure, choice.value) == ("placement", "total_s", found.figures["total_s"])
    assert choice.others[0][1] >= choice.value
    slow = answered("generate", {"machine": "cs-2", "systems": 3}, inference={**asked, "decode_grid": 300, "wafers": 1})
    assert any(note.startswith("Left open, the placement would be") for note in slow.notes)
    assert "2 systems of 3 are not in use." in slow.notes
    assert not any(note.startswith("Left open") for note in found.notes)


@pytest.mark.parametrize("inference", [{"replicas": 3}, {"replicas": 2, "wafers": 2}])
def test_more_copies_than_systems_are_refused(inference: dict[str, int]) -> None:
    with pytest.raises(InputError, match="replicas"):
        answered("decode", {"machine": "cs-2", "systems": 2}, inference={"prompt": 100, "batch": 4, **inference})


def test_copies_without_a_sequence_take_no_part() -> None:
    """Of four copies two have one of two sequences each: all is as with two copies of as many wafers."""
    asked = {"prompt": 500, "batch": 2, "wafers": 1}
    four, two = (
        answered("decode", {"machine": "cs-2", "systems": 4}, inference={**asked, "replicas": copies})
        for copies in (4, 2)
    )
    assert dict(four.figures) == dict(two.figures)
    assert four.figures["wafers"] == 2
    assert "Copies without a sequence, which take no part: 2 of 4." in four.notes
    assert not any("Copies without" in note for note in two.notes)


@pytest.mark.parametrize("given", [{}, {"batch": 3}])
@pytest.mark.every(2)
def test_the_next_best_is_the_best_with_its_wafers(given: dict[str, int]) -> None:
    service = {"rate": 1, "requests": 10, "prompt": 300, "output": 50, "longest": 1000, "search": False}
    model = {"preset": "llama-3-8b", "layers": 8}

    def choice(**more: int) -> Any:
        found = answered("serving", {"machine": "cs-2", "systems": 2}, "closed", model=model, serving=service,
                         inference={**given, **more})  # fmt: skip
        return found.choices[0]

    best = choice(stages=4)
    words, seconds = best.others[0]
    wafers = int(words.partition(" wafer")[0].split()[-1])
    assert best.value <= seconds
    by_hand = choice(stages=4, wafers=wafers)
    told = dict([(by_hand.chosen, by_hand.value), *by_hand.others])
    assert told[words] == pytest.approx(seconds)
