"""A made-up world is learned by its questions; what the test asks is not learned from."""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from wsesim.errors import InputError
from wsesim.learning import EASY, PLACES, world_words
from wsesim.numerics import IGNORED
from wsesim.trainer import Course, begin, train
from wsesim.trainer.output import winner
from wsesim.trainer.progress import Learned
from wsesim.trainer.stories import Stories, _begun, _one_after_the_other, _subjects, _thinned

MakeCourse = Callable[..., Course]
WORD = dict(enumerate(world_words(), start=1))
NUMBER = {word: number for number, word in WORD.items()}
EASY_WORLD = {"text": "data:easy-world", "length": 48}


def test_what_is_learned_is_the_answer_after_each_question(course: MakeCourse) -> None:
    made = course(**EASY_WORLD)
    stories = Stories.of("easy-world", made)
    ids, labels = stories.batch(1, made, 0).values()
    assert ids.shape == labels.shape == (4, 48)
    rows, places = np.nonzero(labels != IGNORED)
    told = [[WORD[int(one)] for one in (ids[row, place], labels[row, place])] for row, place in
            zip(rows, places, strict=True)]  # fmt: skip
    assert {mark for mark, _ in told} == {"?", "."}
    assert {label for mark, label in told if mark == "?"} <= set(PLACES)
    assert {label for mark, label in told if mark == "."} == {"Mary", "John"}
    assert int(np.isin(ids, [NUMBER["?"], NUMBER["."]]).sum()) == len(rows)
    np.testing.assert_array_equal(ids, stories.batch(1, made, 0)["ids"])
    assert not np.array_equal(ids, stories.batch(2, made, 0)["ids"])


def test_a_sequence_holds_story_after_story_and_each_answer_is_that_of_its_own() -> None:
    fresh = list(islice(EASY.stories(3, asked=True), 20))
    words, answers = _one_after_the_other(iter(fresh), 60)
    assert 40 < len(words) < 60
    whole, start = [word for story in fresh for word in story.words], 0
    assert words == whole[: len(words)]
    wanted = list[tuple[int, str]]()
    for story in fresh:
        wanted += [(start + place, answer) for place, answer in story.answers]
        start += len(story.words)
    assert answers == [one for one in wanted if one[0] + 1 < 60]
    assert len(words) == answers[-1][0] + 1


def test_whom_an_event_is_about_is_told_at_its_end() -> None:
    text = "Mary goes to the park . Where is Mary ? John takes the ball . Anna puts down the book ."
    assert list(_subjects(text.split())) == [(5, "Mary"), (14, "John"), (20, "Anna")]


def test_larger_worlds_are_met_as_simpler_ones_are_mastered(course: MakeCourse) -> None:
    made = course(text="data:world", length=64, steps=1200)
    stories = Stories.of("world", made)
    met = [{WORD[int(one)] for step in range(4) for one in stories.batch(step + 1, made, stage)["ids"].flat if one}
           for stage in range(3)]  # fmt: skip
    assert ["Peter" in words for words in met] == [False, True, True]
    assert ["takes" in words for words in met] == [False, False, True]
    worse, better = learned(0, nats=1.0), learned(0, nats=0.1)
    assert stories.stage([], made) == 0
    assert stories.stage(better[:-1], made) == 0
    assert stories.stage(better, made) == 1
    assert stories.stage(better[:50] + worse[:50], made) == 0
    assert stories.stage([*better, *learned(1, nats=0.1)], made) == 2
    assert stories.stage([*better, *learned(2, nats=0.1)], made) == 2
    assert stories.stage(worse * 5, made) == 0
    assert stories.stage(worse * 6, made) == 2  # late


def learned(stage: int, *, nats: float) -> list[Learned]:
    """Return 100 steps."""
    return [
        Learned(step=1, nats=nats, bits_a_byte=None, norm=1.0, learning_rate=1.0, loss_scale=1.0, stage=stage)
    ] * 100


def test_beginnings_of_a_story_are_what_a_test_would_ask() -> None:
    story = next(one for one in EASY.stories(3, asked=True) if len(one.answers) == 2)
    first, second = _begun(story)
    assert first.split()[-4:] == [*story.words[6:9], "?"]
    assert second.count("?") == 1
    assert second.startswith(first.partition("Where")[0])


def test_some_questions_are_left_out_but_never_the_last() -> None:
    story = next(one for one in EASY.stories(3, asked=True) if len(one.answers) == 4)
    found = {_thinned(story, np.random.default_rng(seed)) for seed in range(200)}
    assert len(found) == 8
    assert min(len(one.answers) for one in found) == 1
    for one in found:
        assert [one.words[place] for place, _ in one.answers] == ["?"] * len(one.answers)
        assert one.words.count("?") == len(one.answers)
        assert one.answers[-1][1] == story.answer
        assert list(_begun(one))[-1] == list(_begun(story))[-1]


def test_no_beginning_that_the_test_asks_about_is_learned_from(course: MakeCourse) -> None:
    made = course(**EASY_WORLD)
    stories = Stories.of("easy-world", made)
    fresh = islice(stories._fresh(EASY, 5, np.random.default_rng(0)), 3000)
    assert stories.tested.isdisjoint(begun for story in fresh for begun in _begun(story))
    some = islice(EASY.stories(5, asked=True), 3000)
    assert not stories.tested.isdisjoint(begun for story in some for begun in _begun(story))


def test_a_training_ends_with_a_test_beside_simple_readers(course: MakeCourse) -> None:
    learner = begin(course(**EASY_WORLD, steps=2, evaluate_every=1))
    train(learner, keep=lambda _: None, tell=lambda *_: None)
    assert list(learner.progress.test) == ["this model", "bag of words", "most frequent label", "last place named"]
    assert learner.progress.test["bag of words"] > 0.3
    last = learner.progress.evaluations[-1]
    assert last.bits_a_byte is None
    assert last.sample.split()[-1] in PLACES
    assert last.shown == f"{last.right:.3f} right"


def test_what_a_world_does_not_read_is_said(course: MakeCourse) -> None:
    notes = course(**EASY_WORLD).question.asked.notes
    assert "learning.sample_tokens has no effect: it is read where learning.text is a text." in notes
    assert not any("learning.seed" in note for note in notes)


def test_who_wins_is_said_in_words() -> None:
    test = {"this model": 0.9, "bag of words": 0.7, "most frequent label": 0.2}
    said = (
        "this model is right more often than any simple reader: 0.900, bag of words 0.700; most frequent label 0.200."
    )
    assert winner(test) == said
    assert "less often than" in winner({**test, "this model": 0.3})
    assert winner({}) == ""


def test_stories_must_have_room(course: MakeCourse) -> None:
    with pytest.raises(
        InputError, match=r"stories of easy-world have up to \d+ words with their answer; make batch.len"
    ):
        begin(course(text="data:easy-world"))
