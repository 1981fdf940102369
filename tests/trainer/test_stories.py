"""A made-up world is learned by its questions; what the test asks is not learned from."""

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.errors import InputError
from wsesim.learning import EASY, PLACES
from wsesim.numerics import IGNORED
from wsesim.trainer import Course, begin, train
from wsesim.trainer.output import winner
from wsesim.trainer.stories import Stories, _begun, _thinned

MakeCourse = Callable[..., Course]
EASY_WORLD = {"text": "data:easy-world", "length": 48}


def test_what_is_learned_is_the_answer_after_each_question(course: MakeCourse) -> None:
    made = course(**EASY_WORLD)
    stories = Stories.of("easy-world", made)
    word = {number: name for name, number in stories.number_of.items()}
    ids, labels = stories.batch(1, made)
    assert ids.shape == labels.shape == (4, 48)
    rows, places = np.nonzero(labels != IGNORED)
    assert {word[int(ids[row, place - 1])] for row, place in zip(rows, places, strict=True)} == {"?"}
    assert {word[int(labels[row, place])] for row, place in zip(rows, places, strict=True)} <= set(PLACES)
    assert int((ids == stories.number_of["?"]).sum()) == len(rows)
    np.testing.assert_array_equal(ids, stories.batch(1, made)[0])
    assert not np.array_equal(ids, stories.batch(2, made)[0])


def test_beginnings_of_a_story_are_what_a_test_would_ask() -> None:
    story = next(one for one in EASY.stories(3, asked=True) if len(one.answers) == 2)
    first, second = _begun(story)
    assert first.split()[-4:] == [*story.words[6:9], "?"]
    assert second.count("?") == 1
    assert second.startswith(first.partition("Where")[0])


def test_some_questions_are_left_out_but_never_the_last() -> None:
    story = next(one for one in EASY.stories(3, asked=True) if len(one.answers) == 4)
    found = {_thinned(story, np.random.default_rng(seed)) for seed in range(60)}
    assert len(found) == 8
    for one in found:
        assert [one.words[place] for place, _ in one.answers] == ["?"] * len(one.answers)
        assert one.words.count("?") == len(one.answers)
        assert one.answers[-1][1] == story.answer
        assert list(_begun(one))[-1] == list(_begun(story))[-1]


def test_no_story_of_the_test_is_learned_from(course: MakeCourse) -> None:
    made = course(**EASY_WORLD)
    stories = Stories.of("easy-world", made)
    fresh = (one for step in range(1, 40) for one in EASY.stories(step, asked=True).__next__().words)
    assert set(fresh) <= stories.number_of.keys()
    learned = [" ".join(text) for step in range(1, 100) for text in _texts(stories, step, made)]
    assert len(learned) > 400
    assert stories.tested.isdisjoint(learned)


def _texts(stories: Stories, step: int, made: Course) -> list[list[str]]:
    """Return what is asked of each beginning in a batch, read back from its tokens."""
    word = {number: name for name, number in stories.number_of.items()}
    found = []
    for row in stories.batch(step, made)[0]:
        events: list[str] = []
        for sentence in " ".join(word[int(one)] for one in row if one).replace("?", "?|").replace(".", ".|").split("|"):
            if sentence.strip().endswith("?"):
                found.append([*events, *sentence.split()])
            events += sentence.split() if sentence.strip().endswith(".") else []
    return found


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
