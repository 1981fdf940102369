"""What a step says of what was chosen, shared unevenly or taken otherwise than stated, and what would do better."""

from pathlib import Path

import pytest

from wsesim import questions
from wsesim.answer import Answer
from wsesim.units import show_share


def answer(
    sequences: int, *, sub_batch: int | str = "auto", parts: int | str = "auto", systems: int = 1,
    model: object = "cerebras-gpt-1.3b", machine: str = "cs-2", length: int = 2048, **changes: object,
) -> Answer:  # fmt: skip
    data = {
        "model": model, "batch": {"sequences": sequences, "length": length, "sub_batch": sub_batch, "parts": parts},
        "cluster": {"machine": machine, "systems": systems}, "outputs": {"timeline": False},
        "verification": {"enabled": False}, **changes,
    }  # fmt: skip
    found = questions.run(questions.ask(data, file="case.yaml", folder=Path()), verify=False).answer
    assert found is not None
    return found


def step_s(found: Answer) -> float:
    return float(found.figures["step_s"] or 0.0)


def test_a_prime_batch_takes_what_its_neighbours_do() -> None:
    below, prime, above = (answer(sequences) for sequences in (126, 127, 128))
    assert step_s(below) < step_s(prime) < step_s(above) < 1.02 * step_s(below)
    assert prime.figures["passes"] == 2
    assert prime.figures["micro_batch"] == 64
    assert prime.facts["placement"]["passes"] == "2 passes of 64 and 63 sequences, layers computed again"


def test_what_was_chosen_is_said_with_the_next_best() -> None:
    found = answer(127)
    (choice,) = found.choices
    assert (choice.what, choice.figure, choice.value) == ("passes and recompute", "step_s", step_s(found))
    assert choice.chosen == "2 passes of 64 and 63 sequences, layers computed again"
    ((words, value),) = choice.others
    assert words == "3 passes of 43 and 42 sequences, layers computed again"
    assert value == pytest.approx(step_s(answer(127, sub_batch=43)))


def test_what_is_stated_is_not_chosen() -> None:
    assert [choice.what for choice in answer(120, sub_batch=40).choices] == ["recompute"]
    assert [choice.what for choice in answer(120, recompute="always").choices] == ["passes and recompute"]
    assert answer(120, sub_batch=40, recompute="never", model="cerebras-gpt-111m").choices == ()
    assert [choice.what for choice in answer(1).choices] == ["recompute"]
    assert answer(1, phase="evaluation").choices == ()


def test_a_fixed_batch_on_any_number_of_systems() -> None:
    """The fullest system has as many as it would of a batch that divides; the others compute less."""
    uneven, even = (answer(sequences, systems=7, model="cerebras-gpt-111m") for sequences in (120, 126))
    assert step_s(uneven) == step_s(even)
    assert uneven.figures["samples_per_s"] == pytest.approx(120 / step_s(uneven))
    assert uneven.figures["flops_per_step"] == pytest.approx(120 / 126 * float(even.figures["flops_per_step"] or 0))
    assert float(uneven.figures["power_w"] or 0) < float(even.figures["power_w"] or 0)
    assert uneven.facts["batch"] == {"sequences": 120, "length": 2048, "per_system": 18}
    note = "120 sequences do not divide by 7 systems: 1 computes 18, the others 17 and wait."
    assert note in uneven.notes
    assert even.notes == ()


def test_systems_without_a_sequence_are_named() -> None:
    found, full = (answer(sequences, systems=7, model="cerebras-gpt-111m") for sequences in (3, 7))
    assert step_s(found) == pytest.approx(step_s(full), rel=0.01)  # fewer are waited for
    assert "Systems without a sequence, which take no part: 4 of 7." in found.notes
    working, all_working = (
        float(each.figures["power_w"] or 0) - float(each.figures["idle_w"] or 0) for each in (found, full)
    )
    assert working == pytest.approx(3 / 7 * all_working, rel=0.01)


@pytest.mark.parametrize(
    ("stated", "note"),
    [
        (50, "sub_batch = 50 came to 3 passes of 40 sequences, layers computed again: as few, as even as can be."),
        (40, ""),
        (59, "sub_batch = 59 came to 3 passes of 40 sequences, layers computed again: as few, as even as can be."),
    ],
)
def test_a_micro_batch_that_does_not_divide_is_the_most_of_a_pass(stated: int, note: str) -> None:
    found = answer(120, sub_batch=stated)
    assert step_s(found) == pytest.approx(1.393, abs=0.003)
    assert found.figures["micro_batch"] == 40
    assert [said for said in found.notes if said.startswith("sub_batch =")] == ([note] if note else [])


def test_a_micro_batch_over_the_batch_is_all_of_it() -> None:
    found = answer(60, sub_batch=100, model="cerebras-gpt-111m")
    assert (found.figures["passes"], found.figures["micro_batch"]) == (1, 60)
    assert any("sub_batch = 100 came to 1 pass of 60 sequences" in note for note in found.notes)


def test_much_better_settings_are_named() -> None:
    found = answer(60, sub_batch=1, model="cerebras-gpt-111m", recompute="always")
    best = step_s(answer(60, model="cerebras-gpt-111m"))
    (note,) = [note for note in found.notes if ": auto" in note]
    assert note.startswith("sub_batch: auto and recompute: auto would take ")
    assert f"{show_share(1 - best / step_s(found), digits=0)} less." in note
    alone = answer(60, model="cerebras-gpt-111m", sub_batch=1)
    assert any(note.startswith("sub_batch: auto would take ") for note in alone.notes)
    assert not any(": auto" in note for note in answer(60, sub_batch=60, model="cerebras-gpt-111m").notes)
    assert answer(60, phase="evaluation", model="cerebras-gpt-111m").notes == ()


def test_a_much_better_batch_nearby_is_named() -> None:
    """One sequence too many for one pass; a few too few for a second token on every core."""

    def slow(sequences: int) -> Answer:
        launch = {"training.kernel_launch": "500 us"}
        return answer(sequences, model="cerebras-gpt-111m", software=launch, parts=1)

    fits = [sequences for sequences in (309, 310, 311, 312) if slow(sequences).figures["passes"] == 1]
    most = max(fits)
    over = slow(most + 1)
    assert over.figures["passes"] == 2
    *freer, note = over.notes
    assert all(said.startswith("parts: auto would take ") for said in freer)
    full = step_s(slow(most))
    less = 1 - full / most * (most + 1) / step_s(over)
    assert note.startswith(f"{most} sequences would take ")
    assert note.endswith(f"{show_share(less, digits=0)} less for each.")
    assert less > 0.1
    assert slow(most).notes == ()


def test_a_batch_of_one_sequence_more_a_system_is_named() -> None:
    long = {"preset": "gpt2", "max_length": 32768}
    found, full = (answer(sequences, systems=8, model=long, length=32768) for sequences in (9, 8))
    assert any(note.startswith("8 sequences would take ") for note in found.notes)
    assert full.notes == ()


@pytest.mark.parametrize("level", ["closed", "system"])
def test_choices_and_notes_stand_at_every_level(level: str) -> None:
    data = {
        "model": "cerebras-gpt-111m", "batch": {"sequences": 120}, "cluster": {"machine": "cs-2", "systems": 7},
    }  # fmt: skip
    question = questions.ask(data, file="case.yaml", folder=Path())
    found = questions.run(question, level=level, verify=False).answer  # type: ignore[arg-type]
    assert found is not None
    assert found.choices
    assert any("do not divide" in note for note in found.notes)
