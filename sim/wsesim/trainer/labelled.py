"""Texts with labels as tokens, the first of each; what is learned is the label, read at the last of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import numpy as np

from wsesim.learning import Example, Examples, LabelledTexts, data_folder, learn
from wsesim.numerics import NamedArrays
from wsesim.trainer.course import Course
from wsesim.trainer.lessons import Ids, Tokens, Verdict
from wsesim.trainer.progress import Learned
from wsesim.uses import CLASSIFYING, About, Classifier, shares, tokenizer_of

SHOWN = 70
"""Signs of a text in a sample."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Texts to learn from, in tokens, and others to be judged by."""

    examples: Examples
    rows: tuple[tuple[int, ...], ...]
    """Tokens of each text that is learned from."""

    @classmethod
    def of(cls, package: LabelledTexts, course: Course) -> Labelled:
        """Return the texts of a package, as it was fetched.

        Raises:
            InputError: it is not there, or not what it should be.
        """
        examples = package.examples(data_folder() / package.archive)
        reader = _reader(course, examples.labels)
        return cls(examples=examples, rows=tuple(tuple(reader.tokens(one.text)) for one in examples.train))

    @property
    def sha256(self) -> str:
        """The sum of all texts, part by part."""
        parts = (self.examples.train, self.examples.dev, self.examples.test)
        return sha256("\0".join(f"{one.label} {one.text}" for part in parts for one in part).encode()).hexdigest()

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        train, dev, test = (len(getattr(self.examples, part)) for part in ("train", "dev", "test"))
        return (f"{train:,} texts to learn from, {dev:,} to make choices by, {test:,} for the test, each once; labels: "
                f"{', '.join(self.examples.labels)}.")  # fmt: skip

    def stage(self, learned: Sequence[Learned], course: Course) -> int:
        """Return 0: all of it is learned from the first step on."""
        return 0

    def batch(self, step: int, course: Course, stage: int = 0) -> Tokens:
        """Return ids, mask and classes of a step (from 1); each text comes once before any comes again."""
        size, seed = course.sequences, int(course.learning["seed"])
        places = range((step - 1) * size, step * size)
        which = [_order(seed, place // len(self.rows), len(self.rows))[place % len(self.rows)] for place in places]
        draw, left_out = np.random.default_rng((seed, step)), float(course.learning["left_out"])
        reader = _reader(course, self.examples.labels)
        short, marks = reader.rows([_thinned(self.rows[one], left_out, draw) for one in which])
        ids, mask = (np.zeros((size, course.length), dtype=np.int64) for _ in range(2))
        ids[:, : short.shape[1]], mask[:, : short.shape[1]] = short, marks
        return {"ids": ids, "mask": mask, "classes": np.array([self.examples.train[one].label for one in which])}

    def bits_a_byte(self, nats: float, ids: Ids) -> None:
        """Return nothing: no text is learned."""

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* by the texts that choices are made by."""
        dev = self.examples.dev
        likely = shares(self._scores(course, weights, dev))
        labels = np.array([one.label for one in dev])
        first = f"{self.examples.labels[likely[0].argmax()]}: {dev[0].text[:SHOWN]}"
        return Verdict(nats=float(-np.log(likely[np.arange(len(dev)), labels]).mean()), sample=first,
                       right=float((likely.argmax(axis=1) == labels).mean()))  # fmt: skip

    def asked(self, course: Course) -> tuple[int, int]:
        """Return tokens of what is read of the test, in the mean; nothing is written."""
        tokens = [len(_reader(course, self.examples.labels).tokens(one.text)) for one in self.examples.test]
        return round(sum(tokens) / len(tokens)), 0

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return what is right of the test: the model, then simple readers, who read the whole of each text."""
        test = self.examples.test
        found = self._scores(course, weights, test).argmax(axis=1)
        right = float((found == [one.label for one in test]).mean())
        return {"this model": right, "bag of words": _bag_of_words(self.examples),
                "most frequent label": self.examples.majority}  # fmt: skip

    def about_weights(self, course: Course) -> About:
        """Return what the weights are for: to tell texts apart."""
        return About(use=CLASSIFYING, text=str(course.learning["text"]), length=course.length,
                     labels=self.examples.labels)  # fmt: skip

    def _scores(self, course: Course, weights: NamedArrays, some: tuple[Example, ...]) -> np.ndarray:
        reader = _reader(course, self.examples.labels, weights)
        return reader.scores([reader.tokens(one.text) for one in some])


def _reader(course: Course, labels: tuple[str, ...], weights: NamedArrays | None = None) -> Classifier:
    return Classifier(model=course.model, weights=weights, labels=labels, length=course.length,
                      tokenizer=tokenizer_of(course.model.vocab))  # fmt: skip


@cache
def _bag_of_words(examples: Examples) -> float:
    """Return what a bag of words gets right of the test; the same for all trainings from the same texts."""
    return learn(examples).accuracy(examples.test)


@cache
def _order(seed: int, epoch: int, size: int) -> Ids:
    return np.random.default_rng((seed, epoch, 1)).permutation(size)


def _thinned(row: tuple[int, ...], left_out: float, draw: np.random.Generator) -> list[int]:
    """Return a text without some of its tokens; one stays."""
    if not left_out:
        return list(row)
    kept = draw.random(len(row)) >= left_out
    kept[draw.integers(len(row))] = True
    return [token for token, stays in zip(row, kept, strict=True) if stays]
