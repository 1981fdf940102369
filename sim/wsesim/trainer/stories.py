"""Stories of the made-up world as tokens, a word each; what is learned is the answer to each question in them.

Nothing of the world is real. A sequence holds story after story, each in a world where nobody was anywhere before.
Worlds become larger as they are mastered: who follows one of two people learns to follow one of four, then what they
carry. What is told is the answer, at the word that is asked about, and who each event is about, at its last word: that
makes keys of what an answer is found by. A question stands after each event, which teaches most, but some are left out:
else an answer might be found by the one before; of some stories all but the last. No beginning of a story of the test
is learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

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
    lessons_for,
    world_examples,
    world_words,
)
from wsesim.numerics import IGNORED, NamedArrays
from wsesim.trainer.course import Course
from wsesim.trainer.lessons import Ids, Tokens, Verdict
from wsesim.trainer.progress import Learned
from wsesim.uses import ANSWERING, NOTHING, About, Answerer, shares

WINDOW, MASTERED = 100, 0.1
"""Steps whose mean loss tells that a world is mastered, nats a label. Assumed: most answers are right then."""
LATEST = 0.5
"""Share of the steps after which the whole world is met, mastered or not what is simpler. Assumed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stories:
    """Stories without end to learn from, and a test."""

    world: World
    examples: Examples
    """What simple readers learn from, and the test."""
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
        return cls(world=world, examples=examples,
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
        return f"Synthetic: a made-up world, asked after each event or some; {others}."

    def stage(self, learned: Sequence[Learned], course: Course) -> int:
        """Return which world the next step learns in: a larger one once one is mastered, in time at the latest."""
        now, stages = learned[-1].stage if learned else 0, len(lessons_for(self.world))
        last = [one.nats for one in learned[-WINDOW:] if one.stage == now]
        mastered = len(last) == WINDOW and sum(last) / WINDOW < MASTERED
        late = len(learned) >= LATEST * course.steps
        return stages - 1 if late else min(now + mastered, stages - 1)

    def batch(self, step: int, course: Course, stage: int) -> Tokens:
        """Return ids and labels of a step (from 1), [sequences, length] each: stories one after the other in each."""
        seed = int(course.learning["seed"])
        fresh = self._fresh(lessons_for(self.world)[stage], seed * 2**32 + step, np.random.default_rng((seed, step)))
        ids = np.full((course.sequences, course.length), NOTHING, dtype=np.int64)
        labels = np.full_like(ids, IGNORED)
        reader = _answerer(course)
        for row, held in zip(ids, labels, strict=True):
            words, answers = _one_after_the_other(fresh, course.length)
            row[:] = reader.ids([words], course.length)
            for place, told in (*answers, *_subjects(words)):
                held[place] = reader.number(told)
        return {"ids": ids, "labels": labels}

    def _fresh(self, world: World, seed: int, draw: np.random.Generator) -> Iterator[Story]:
        """Yield stories of which no beginning is one of the test, some questions left out."""
        fresh = (one for one in world.stories(seed, asked=True) if self.tested.isdisjoint(_begun(one)))
        return (_thinned(one, draw) for one in fresh)

    def bits_a_byte(self, nats: float, ids: Ids) -> None:
        """Return nothing: no text is learned."""

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* by the stories that choices are made by."""
        dev = self.examples.dev
        likely = shares(self._scores(course, weights, dev))
        labels = np.array([one.label for one in dev])
        return Verdict(nats=float(-np.log(likely[np.arange(len(labels)), labels]).mean()),
                       right=float((likely.argmax(axis=1) == labels).mean()),
                       sample=f"{dev[0].text} {PLACES[likely[0].argmax()]}")  # fmt: skip

    def asked(self, course: Course) -> tuple[int, int]:
        """Return tokens of a story of the test, in the mean; nothing is written."""
        tokens = [len(one.text.split()) for one in self.examples.test]
        return round(sum(tokens) / len(tokens)), 0

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return what is right of the test: the model, then simple readers."""
        test = self.examples.test
        labels = np.array([one.label for one in test])
        return {
            "this model": float((self._scores(course, weights, test).argmax(axis=1) == labels).mean()),
            "bag of words": _bag_of_words(self.examples), "most frequent label": self.examples.majority,
            "last place named": last_place_right(test),
        }  # fmt: skip

    def about_weights(self, course: Course) -> About:
        """Return what the weights are for: to answer."""
        return About(use=ANSWERING, text=str(course.learning["text"]), length=course.length, labels=PLACES,
                     words=world_words())  # fmt: skip

    def _scores(self, course: Course, weights: NamedArrays, some: tuple[Example, ...]) -> NDArray[np.float64]:
        """Return the logits of the places after each question, [examples, places]."""
        return _answerer(course, weights).scores([one.text.split() for one in some])


def _answerer(course: Course, weights: NamedArrays | None = None) -> Answerer:
    return Answerer(model=course.model, weights=weights, words=world_words(), places=PLACES)


@cache
def _bag_of_words(examples: Examples) -> float:
    """Return what a bag of words gets right of the test; the same for all trainings in a world."""
    return learn(examples).accuracy(examples.test)


def _one_after_the_other(fresh: Iterator[Story], length: int) -> tuple[list[str], list[tuple[int, str]]]:
    """Return words and answers of stories that fill a sequence; of the last, as far as an answer has room."""
    words, answers = list[str](), list[tuple[int, str]]()
    for story in fresh:
        fits = [(place, answer) for place, answer in story.answers if len(words) + place + 1 < length]
        answers += [(len(words) + place, answer) for place, answer in fits]
        words += story.words[: fits[-1][0] + 1 if fits else 0]
        if len(fits) < len(story.answers):
            break
    return words, answers


def _subjects(words: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the place of each full stop, and who is the subject of what it ends."""
    start = 0
    for place, word in enumerate(words):
        if word == ".":
            yield place, words[start]
        if word in ".?":
            start = place + 1


def _thinned(story: Story, draw: np.random.Generator) -> Story:
    """Return a story with a share of its questions, drawn too, and the last: some are as those of the test."""
    share = draw.random()
    words: list[str] = []
    answers: list[tuple[int, str]] = []
    start = 0
    for (place, answer), kept in zip(story.answers, draw.random(len(story.answers)) < share, strict=True):
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
