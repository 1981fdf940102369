"""Which token follows: the likeliest, or one drawn from the likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError, SpecError, require_not_negative, require_positive, require_whole
from wsesim.numerics.arrays import Array, Ids

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen.

    Raises:
        SpecError: on construction, for numbers by which nothing can be drawn, or that have no effect.
    """

    do_sample: bool = False
    """Whether it is drawn; else it is the likeliest, the first of those alike."""
    temperature: float = 1.0
    """Divides the logits."""
    top_k: int = 0
    """Draws from so many, the likeliest; 0: from all."""
    top_p: float = 1.0
    """Draws from the likeliest that together have this share, and the one that completes it."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check each number."""
        require_positive(temperature=self.temperature, top_p=self.top_p)
        require_not_negative(top_k=require_whole("top_k", self.top_k), seed=require_whole("seed", self.seed))
        if self.top_p > 1:
            raise SpecError("top_p", f"must be above 0 and at most 1, got {self.top_p}")
        for name, usual in (("temperature", 1), ("top_k", 0), ("top_p", 1)):
            value = getattr(self, name)
            if not self.do_sample and value != usual:
                raise SpecError(name, f"= {value} has no effect: nothing is drawn without do_sample=True")

    def shares(self, logits: Shares) -> Shares:
        """Return how likely each token is drawn, from the logits of one row."""
        order = np.argsort(-logits, kind="stable")
        scaled = (logits[order] - logits[order[0]]) / self.temperature
        powers = np.exp(scaled)
        powers[self.top_k or len(powers) :] = 0
        before = np.cumsum(powers) - powers
        powers[before >= self.top_p * powers.sum()] = 0
        found: Shares = np.empty_like(powers)
        found[order] = powers / powers.sum()
        return found

    def next_tokens(self, logits: Array, draws: Sequence[np.random.Generator]) -> Ids:
        """Return a token of each row of *logits* [batch, vocab]; each row draws from numbers of its own.

        Raises:
            InputError: a logit is no number.
        """
        if not np.isfinite(logits).all():
            raise InputError.at("the logits hold NaN or infinity: weights are no numbers, or too large")
        if not self.do_sample:
            return np.asarray(logits.argmax(axis=-1), dtype=np.int64)
        shares = [self.shares(np.asarray(row, dtype=np.float64)) for row in logits]
        return np.array([draw.choice(len(share), p=share) for draw, share in zip(draws, shares, strict=True)])
