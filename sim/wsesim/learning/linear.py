"""What a bag of words says: logistic regression on how often words stand in a text, to hold a model against.

Features are single words and pairs of neighbours that stand in two texts at least, weighted by how rare they are
(TF-IDF, sublinear), each text of length one. Weights follow the gradient of all texts at once with Nesterov's momentum.
What can be chosen, pairs or not, the penalty and when to stop, is chosen by the texts that are kept for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np
import regex
from numpy.typing import NDArray

from wsesim.learning.examples import Example, Examples

Rows = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Text, feature and value of each entry that is not zero."""
_WORD = regex.compile(r"\w+|[^\w\s]")
STRENGTHS = (1.0, 10.0)
"""Inverse weights of the penalty that are tried; the one that does best on what choices are made by is kept."""
STOPS = (100, 300)
"""Steps after which it may stop."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BagOfWords:
    """Weights of words for each label."""

    rarity: dict[str, tuple[int, float]]
    """Number and weight of each feature."""
    weights: NDArray[np.float64]
    """[features + 1, labels]; the last row is the label's own."""

    def labels(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of the label of each text."""
        found: NDArray[np.int64] = _scores(_rows(texts, self.rarity), self.weights, len(texts)).argmax(axis=1)
        return found

    def accuracy(self, examples: Sequence[Example]) -> float:
        """Return the share of examples whose label is found."""
        wanted = np.array([one.label for one in examples])
        return float((self.labels([one.text for one in examples]) == wanted).mean())


def learn(examples: Examples) -> BagOfWords:
    """Return the bag of words that does best on what choices are made by, learned from the part that is for it."""
    return max(_tried(examples), key=lambda one: one.accuracy(examples.dev))


def _tried(examples: Examples) -> Iterator[BagOfWords]:
    texts = [one.text for one in examples.train]
    truth = np.eye(len(examples.labels))[[one.label for one in examples.train]]
    for pairs in (False, True):
        rarity = _rarity(texts, pairs=pairs)
        rows = _rows(texts, rarity)
        for strength in STRENGTHS:
            for weights in _stops(rows, truth, len(rarity) + 1, strength):
                yield BagOfWords(rarity=rarity, weights=weights)


def _stops(
    rows: Rows, truth: NDArray[np.float64], features: int, strength: float
) -> Iterator[NDArray[np.float64]]:  # fmt: skip
    """Yield the weights at each step at which it may stop."""
    weights = np.zeros((features, truth.shape[1]))
    speed = np.zeros_like(weights)
    for step in range(STOPS[-1]):
        ahead = weights + step / (step + 3) * speed
        gradient = _gradient(rows, ahead, truth) + ahead / strength / len(truth)
        following = ahead - 2.0 * gradient  # a loss of texts of length one curves by 1/2 at most along words
        speed, weights = following - weights, following
        if step + 1 in STOPS:
            yield weights


def _gradient(rows: Rows, weights: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    scores = _scores(rows, weights, len(truth))
    scores -= scores.max(axis=1, keepdims=True)
    shares = np.exp(scores)
    shares /= shares.sum(axis=1, keepdims=True)
    error = (shares - truth) / len(truth)
    text, feature, value = rows
    found = np.empty_like(weights)
    for label in range(weights.shape[1]):
        found[:, label] = np.bincount(feature, value * error[text, label], minlength=len(weights))
    return found


def _scores(rows: Rows, weights: NDArray[np.float64], texts: int) -> NDArray[np.float64]:
    text, feature, value = rows
    return np.stack([np.bincount(text, value * weights[feature, label], minlength=texts)
                     for label in range(weights.shape[1])], axis=1)  # fmt: skip


def _rarity(texts: Sequence[str], *, pairs: bool) -> dict[str, tuple[int, float]]:
    holds = Counter[str]()
    for text in texts:
        holds.update(set(_features(text, pairs=pairs)))
    kept = sorted(feature for feature, count in holds.items() if count > 1)
    return {feature: (at, 1 + log((1 + len(texts)) / (1 + holds[feature]))) for at, feature in enumerate(kept)}


def _features(text: str, *, pairs: bool = True) -> Iterator[str]:
    words = _WORD.findall(text.casefold())
    yield from words
    if pairs:
        yield from (f"{one} {other}" for one, other in pairwise(words))


def _rows(texts: Iterable[str], rarity: dict[str, tuple[int, float]]) -> Rows:
    each: list[tuple[int, int, float]] = []
    for number, text in enumerate(texts):
        counts = Counter(feature for feature in _features(text) if feature in rarity)
        values = {rarity[feature][0]: (1 + log(count)) * rarity[feature][1] for feature, count in counts.items()}
        length = float(np.sqrt(sum(value * value for value in values.values()))) or 1.0
        each += [(number, at, value / length) for at, value in values.items()]
        each.append((number, len(rarity), 1.0))
    text_, feature_, value_ = zip(*each, strict=True)
    return np.array(text_), np.array(feature_), np.array(value_)
