"""Questions about stories of the made-up world, each word a token. Nothing of the world is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex

from wsesim.errors import InputError, nearest
from wsesim.model import ModelSpec
from wsesim.numerics import Weights
from wsesim.uses.reading import Ids, Scores, logits, require_text, shares

NOTHING = 0
"""The token that fills up; words follow from 1."""
_WORD = regex.compile(r"\w+|[^\w\s]")
_ASKS = "ask as in 'Mary goes to the garden. Where is Mary?'"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answerer:
    """Answers where somebody or something is."""

    model: ModelSpec
    weights: Weights | None = None
    """None: to spell stories only."""
    words: tuple[str, ...]
    """In the order of their tokens."""
    places: tuple[str, ...]
    """The words that are answers."""

    def number(self, word: str) -> int:
        """Return the token of a word."""
        return self.words.index(word) + 1

    def ids(self, stories: Sequence[Sequence[str]], length: int | None = None) -> Ids:
        """Return the tokens of stories, [stories, length], filled up to *length*, or to the longest."""
        number = {word: at for at, word in enumerate(self.words, start=NOTHING + 1)}
        found = np.full((len(stories), length or max(map(len, stories))), NOTHING, dtype=np.int64)
        for row, story in zip(found, stories, strict=True):
            row[: len(story)] = [number[word] for word in story]
        return found

    def scores(self, stories: Sequence[Sequence[str]]) -> Scores:
        """Return the logits of the places at the word that each story asks about: [stories, places]."""
        said = logits(self.model, self.weights, self.ids(stories))
        asked = [len(story) - 2 for story in stories]
        found: Scores = said[np.arange(len(stories)), asked][:, [self.number(place) for place in self.places]]
        return found

    def answer(self, text: str) -> dict[str, float]:
        """Return how likely each place is the answer to the question that ends *text*, the likeliest first.

        Raises:
            InputError: no text, a word that was never learned, no question, or a story longer than there are positions.
        """
        story = story_words(text, self.words)
        if len(story) > self.model.max_length:
            raise InputError.at(f"the story has {len(story)} words, this model reads {self.model.max_length} at most")
        _require_question(story)
        likely = dict(zip(self.places, shares(self.scores([story])[0]).tolist(), strict=True))
        return dict(sorted(likely.items(), key=lambda one: -one[1]))


def story_words(text: str, known: Sequence[str]) -> list[str]:
    """Return the words of a story as they were learned; large and small letters are alike.

    Raises:
        InputError: there is none, or one that is not known.
    """
    spelled = {word.lower(): word for word in known}
    found = _WORD.findall(require_text(text))
    for word in found:
        if word.lower() not in spelled:
            hint = nearest(word, known) or f"; it knows: {' '.join(known)}"
            raise InputError.at(f"this model never saw the word {word!r}: its world is made up and small{hint}")
    return [spelled[word.lower()] for word in found]


def _require_question(story: list[str]) -> None:
    if story[-1] != "?" or "Where" not in story[-5:]:
        raise InputError.at(f"the story does not end in a question; {_ASKS}")
    asked = story[-2]
    if asked not in story[:-2]:
        raise InputError.at(f"the story tells nothing of {asked}, so there is no answer; {_ASKS}")
