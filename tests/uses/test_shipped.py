"""The models that ship: small, with a card, and as right as it says."""

from importlib import resources
from itertools import islice

import pytest

from wsesim.learning import FULL
from wsesim.uses import SHIPPED, USES, shipped

DATA = resources.files("wsesim.uses").joinpath("data")


@pytest.mark.parametrize("name", SHIPPED)
def test_each_has_a_card_and_can_be_asked(name: str) -> None:
    model = shipped(name)
    card = DATA.joinpath(name, "README.md").read_text("utf-8")
    assert card.startswith(f"# {name}: {SHIPPED[name]}\n")
    for words in (USES[model.about.use], "Learned from", f"wsesim train workloads/learning/{name}.yaml", "Licence"):
        assert words in card
    assert ("Synthetic" in card) == (name == "world")
    files = sorted(file.name for file in DATA.joinpath(name).iterdir())
    plain = ["README.md", "model.json", "model.safetensors"]
    assert files == sorted(plain if name == "world" else [*plain, "config.json"])


def test_all_together_are_small() -> None:
    sizes = [len(file.read_bytes()) for name in SHIPPED for file in DATA.joinpath(name).iterdir()]
    assert sum(sizes) < 3e6


def test_questions_about_new_stories_are_answered() -> None:
    stories = list(islice(FULL.stories(987654), 150))
    answerer = shipped("world").answerer()
    found = answerer.scores([story.words for story in stories]).argmax(axis=1)
    right = [answerer.places[at] == story.answer for at, story in zip(found, stories, strict=True)]
    assert sum(right) / len(right) > 0.8
