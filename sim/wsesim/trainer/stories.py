"""Stories of the made-up world as tokens, a word each; what is learned is the answer to each question in them.

Nothing of the world is real. A question stands after each event, so that a story teaches several times. No beginning of
a story that is learned from is a story of the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wsesim.learning import PLACES, Example, Examples, Story, World, world_words
from wsesim.numerics import IGNORED

NOTHING = 0
"""The token that fills up, after the last word."""
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stories:
    """Stories without end to learn from, and a test."""

    world: World
    examples: Examples
    """What simple readers learn from, and the test."""
    number_of: dict[str, int]
    """Token of each word."""
    tested: frozenset[str]

    @classmethod
    def of(cls, world: World, examples: Examples) -> Stories:
        """Return the stories of a world."""
        numbers = {word: number for number, word in enumerate(world_words(), start=NOTHING + 1)}
        return cls(world=world, examples=examples, number_of=numbers,
                   tested=frozenset(one.text for one in examples.test))  # fmt: skip

    def batch(self, step: int, seed: int, sequences: int, length: int) -> tuple[Ids, Ids]:
        """Return ids and labels of a step (from 1), [sequences, length] each; stories that are longer are left out."""
        fresh = self.world.stories(seed * 2**32 + step, asked=True)
        fitting = (one for one in fresh if len(one.words) < length and self.tested.isdisjoint(_begun(one)))
        some = list(islice(fitting, sequences))
        ids = np.stack([self.ids(one.words, length) for one in some])
        labels = np.full_like(ids, IGNORED)
        for row, story in enumerate(some):
            for place, answer in story.answers:
                labels[row, place + 1] = self.number_of[answer]
        return ids, labels

    def ids(self, words: tuple[str, ...] | list[str], length: int) -> Ids:
        """Return the tokens of *words*, filled up to *length*."""
        found = np.full(length, NOTHING, dtype=np.int64)
        found[: len(words)] = [self.number_of[word] for word in words]
        return found

    def asked(self, some: tuple[Example, ...], length: int) -> tuple[Ids, Ids, Ids]:
        """Return ids [examples, length], the place of each question mark, and the place that is the answer."""
        words = [one.text.split() for one in some]
        return (np.stack([self.ids(each, length) for each in words]), np.array([len(each) - 1 for each in words]),
                np.array([one.label for one in some]))  # fmt: skip

    @property
    def answers(self) -> Ids:
        """Tokens of the places, in the order of labels."""
        return np.array([self.number_of[place] for place in PLACES])


def _begun(story: Story) -> Iterator[str]:
    """Yield what a test would ask of each beginning of a story: events without the questions between, and a question."""
    events: list[str] = []
    start = 0
    for place, _ in story.answers:
        question = next(at for at in range(place, start - 1, -1) if story.words[at] == "Where")
        events += story.words[start:question]
        yield " ".join((*events, *story.words[question : place + 1]))
        start = place + 1
