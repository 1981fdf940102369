"""A bag of words learns what words alone tell, and no more."""

import numpy as np

from wsesim.learning import Example, divided, learn
from wsesim.learning.linear import _gradient, _rarity, _rows, _scores

GOOD, BAD = ("good", "great", "tasty"), ("bad", "awful", "stale")


def reviews(count: int = 300) -> list[Example]:
    draw = np.random.default_rng(0)
    found = []
    for number in range(count):
        word = (BAD, GOOD)[number % 2][draw.integers(3)]
        found.append(Example(f"the {word} bread of day {draw.integers(10**6)}", number % 2))
    return found


def test_words_that_tell_are_learned() -> None:
    found = divided("bread", ("bad", "good"), reviews())
    bag = learn(found)
    assert bag.accuracy(found.test) == 1.0 > found.majority
    assert bag.labels(["awful", "great", "unheard of"])[:2].tolist() == [0, 1]


def test_the_order_of_words_alone_is_not_learned_from_single_words_but_from_pairs() -> None:
    draw = np.random.default_rng(1)
    texts = [Example(("not good" if number % 2 else "good not") + f" {draw.integers(10**9)}", number % 2)
             for number in range(300)]  # fmt: skip
    found = divided("order", ("a", "b"), texts)
    assert learn(found).accuracy(found.test) == 1.0


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    texts, truth = ["a b b", "b c", "a a c c"], np.eye(2)[[0, 1, 1]]
    rarity = _rarity(texts, pairs=True)
    rows = _rows(texts, rarity)
    weights = np.random.default_rng(0).normal(size=(len(rarity) + 1, 2))

    def loss(at: np.ndarray) -> float:
        scores = _scores(rows, at, 3)
        return float((np.log(np.exp(scores).sum(axis=1)) - (scores * truth).sum(axis=1)).mean())

    found = _gradient(rows, weights, truth)
    for place in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-6
        assert abs((loss(weights + step) - loss(weights - step)) / 2e-6 - found[place]) < 1e-8
