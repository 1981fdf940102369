"""Stories of the made-up world as tokens, a word each; what is learned is the answer to each question in them.

Nothing of the world is real. In the first half of a training a question stands after each event, which teaches most; in
the second some are left out, so that some stories have one at the end alone, as those of the test. No beginning of a
story that is learned from is one of the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError
from wsesim.learning import (
    PLACES,
    WORLDS,
    Example,
    Examples,
    Story,
    World,
    last_place_right,
    learn,
    world_examples,
    world_words,
)
from wsesim.model import build_graph
from wsesim.numerics import IGNORED, NamedArrays, execute
from wsesim.trainer.course import Course
from wsesim.trainer.lessons import Ids, Verdict

KEPT = 0.5
"""Share of questions before the last that are asked in the second half. Assumed: enough of them to teach, few enough to
be like the test."""
NOTHING = 0
"""The token that fills up, after the last word."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stories:
    """Stories without end to learn from, and a test."""

    world: World
    examples: Examples
    """What simple readers learn from, and the test."""
    number_of: dict[str, int]
    """Token of each word."""
    tested: frozenset[str]
    """Stories that are not learned from."""

    @classmethod
    def of(cls, name: str, course: Course) -> Stories:
        """Return the stories of a world by its name.

        Raises:
            InputError: they are longer than the sequences of *course*.
        """
        world, sizes = WORLDS[name]
        examples = world_examples(world, **sizes)
        longest = 1 + max(len(one.text.split()) for one in (*examples.dev, *examples.test))
        if longest > course.length:
            raise InputError.at(f"stories of {name} have up to {longest} words with their answer; make batch.length as "
                                f"long, it is {course.length}", file=course.question.asked.file)  # fmt: skip
        numbers = {word: number for number, word in enumerate(world_words(), start=NOTHING + 1)}
        return cls(world=world, examples=examples, number_of=numbers,
                   tested=frozenset(one.text for one in (*examples.dev, *examples.test)))  # fmt: skip

    @property
    def sha256(self) -> str:
        """The sum of the test: all else follows from it and the seed."""
        return sha256("\n".join(one.text for one in self.examples.test).encode()).hexdigest()

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        dev, test = len(self.examples.dev), len(self.examples.test)
        others = f"others, {dev:,} to judge by and {test:,} for the test, are not learned from"
        return f"Synthetic: a made-up world, asked after each event, later after some; {others}."

    def batch(self, step: int, course: Course) -> tuple[Ids, Ids]:
        """Return ids and labels of a step (from 1), [sequences, length] each; stories that are longer are left out."""
        fresh = self.world.stories(int(course.learning["seed"]) * 2**32 + step, asked=True)
        fitting = (one for one in fresh if len(one.words) < course.length and self.tested.isdisjoint(_begun(one)))
        draw = np.random.default_rng((int(course.learning["seed"]), step))
        some = list(islice(fitting, course.sequences))
        if 2 * step > course.steps:
            some = [_thinned(one, draw) for one in some]
        ids = np.stack([self.ids(one.words, course.length) for one in some])
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

    def bits_a_byte(self, nats: float, ids: Ids) -> None:
        """Return nothing: no text is learned."""

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* by the stories that choices are made by."""
        scores = self._scores(course, weights, self.examples.dev)
        labels = np.array([one.label for one in self.examples.dev])
        largest = scores.max(axis=1, keepdims=True)
        logs = scores - largest - np.log(np.exp(scores - largest).sum(axis=1, keepdims=True))
        first = f"{self.examples.dev[0].text} {PLACES[scores[0].argmax()]}"
        return Verdict(nats=float(-logs[np.arange(len(labels)), labels].mean()),
                       right=float((scores.argmax(axis=1) == labels).mean()), sample=first)  # fmt: skip

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return what is right of the test: the model, then simple readers."""
        test = self.examples.test
        labels = np.array([one.label for one in test])
        return {
            "this model": float((self._scores(course, weights, test).argmax(axis=1) == labels).mean()),
            "bag of words": learn(self.examples).accuracy(test), "most frequent label": self.examples.majority,
            "last place named": last_place_right(test),
        }  # fmt: skip

    def _scores(self, course: Course, weights: NamedArrays, some: tuple[Example, ...]) -> NDArray[np.float64]:
        """Return the logits of the places after each question, [examples, places]."""
        graph = build_graph(course.model, sequences=len(some), length=course.length, loss=False)
        words = [one.text.split() for one in some]
        ids = np.stack([self.ids(each, course.length) for each in words])
        (logits,) = execute(graph, weights, {"ids": ids}).logits.values()
        places = [self.number_of[place] for place in PLACES]
        found: NDArray[np.float64] = logits[np.arange(len(some)), [len(each) - 1 for each in words]][:, places]
        return found.astype(np.float64)


def _thinned(story: Story, draw: np.random.Generator) -> Story:
    """Return a story without some of its questions, but with the last: else none would be like those of the test."""
    words: list[str] = []
    answers: list[tuple[int, str]] = []
    start = 0
    for (place, answer), kept in zip(story.answers, draw.random(len(story.answers)) < KEPT, strict=True):
        question = story.words.index("Where", start)
        words += story.words[start:question]
        if kept or place == story.answers[-1][0]:
            words += story.words[question : place + 1]
            answers.append((len(words) - 1, answer))
        start = place + 1
    return Story(words=tuple(words), answers=tuple(answers))


def _begun(story: Story) -> Iterator[str]:
    """Yield what a test would ask of each beginning of a story: its events, and a question at the end alone."""
    events: list[str] = []
    start = 0
    for place, _ in story.answers:
        question = story.words.index("Where", start)
        events += story.words[start:question]
        yield " ".join((*events, *story.words[question : place + 1]))
        start = place + 1
