"""Stories mean what they say: an answer is what a reader finds who follows everybody and everything."""

from itertools import islice

import pytest

from wsesim.errors import SpecError
from wsesim.learning import EASY, FULL, World, last_place, lessons_for, world_examples
from wsesim.learning.world import PEOPLE, PLACES, THINGS, world_words


def followed(text: str) -> str:
    """Return the answer, from the text alone, by another way: whole sentences, each thing where its bearer is."""
    *events, question = text.split(" . ")
    places, bearers = dict[str, str](), dict[str, str]()
    for event in events:
        who, verb, *rest = event.split()
        if verb == "goes":
            places[who] = rest[-1]
        elif verb == "takes":
            bearers[rest[-1]] = who
        else:
            places[rest[-1]] = places[bearers.pop(rest[-1])]
    what = question.split()[-2]
    return places[bearers.get(what, what)]


@pytest.mark.parametrize("world", [EASY, FULL, World(people=6, things=4, least=8, most=30)])
def test_answers_are_what_a_reader_finds(world: World) -> None:
    for story in islice(world.stories(1), 500):
        assert followed(story.text) == story.answer


def test_every_question_of_a_story_has_its_answer() -> None:
    for story in islice(FULL.stories(2, asked=True), 100):
        *before, (at, answer) = story.answers
        assert at == len(story.words) - 1
        assert len(before) + 1 >= FULL.least
        told = [word for place, word in enumerate(story.words) if not _asked(story.words, place)]
        assert followed(" ".join([*told, *story.words[_start(story.words, at) : at + 1]])) == answer


def _start(words: tuple[str, ...], at: int) -> int:
    return max(place for place in range(at) if words[place] == "Where")


def _asked(words: tuple[str, ...], place: int) -> bool:
    """Return whether a word belongs to a question."""
    before = [word for word in words[: place + 1] if word in ("Where", ".", "?")]
    return words[place] == "?" or (bool(before) and before[-1] == "Where")


def test_a_seed_tells_the_same_stories_and_all_words_are_known() -> None:
    one, other, third = ([story.text for story in islice(FULL.stories(seed), 50)] for seed in (3, 3, 4))
    assert one == other != third
    assert {word for text in one for word in text.split()} <= set(world_words())
    assert len(world_words()) == len(set(world_words())) == 10 + len(PLACES) + len(PEOPLE) + len(THINGS)


def test_the_last_place_named_is_seldom_right_in_the_full_world() -> None:
    found = world_examples(FULL, train=500, dev=50, test=500)
    right = sum(last_place(one.text) == one.label for one in found.test) / len(found.test)
    assert right < 0.45
    assert found.labels == PLACES


def test_stories_are_different_and_not_more_than_there_are() -> None:
    found = world_examples(EASY, train=300, dev=50, test=100)
    texts = [one.text for part in (found.train, found.dev, found.test) for one in part]
    assert len(texts) == len(set(texts)) == 450
    with pytest.raises(SpecError, match="this world has about"):
        world_examples(World(people=1, things=0, least=1, most=1), train=100, dev=10, test=10)


@pytest.mark.parametrize("wrong", [{"people": 0}, {"people": 9}, {"things": 7}, {"least": 0}, {"least": 5, "most": 4}])
def test_a_world_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SpecError, match="must be"):
        World(**wrong)


def test_worlds_grow_to_the_one_that_is_asked_about() -> None:
    assert [(one.people, one.things) for one in lessons_for(FULL)] == [(2, 0), (4, 0), (4, 2)]
    assert lessons_for(FULL)[-1] is FULL
    assert lessons_for(EASY) == (EASY,)
    assert [(one.people, one.things) for one in lessons_for(World(people=3, things=1))] == [(2, 0), (3, 1)]
