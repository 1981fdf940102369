"""Tokens that follow a text: the likeliest, or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError, SpecError, require_not_negative, require_positive
from wsesim.gpt.network import Network
from wsesim.gpt.output import Array
from wsesim.gpt.rows import Ids, Rows
from wsesim.gpt.shape import whole
from wsesim.numerics import new_cache

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
        require_not_negative(top_k=whole("top_k", self.top_k), seed=whole("seed", self.seed))
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

    def next_tokens(self, logits: Array, draws: list[np.random.Generator]) -> Ids:
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


def generate(
    network: Network, rows: Rows, choice: Sampling, *, max_new_tokens: int, eos_token_id: int | None, use_cache: bool
) -> Ids:
    """Return the ids of *rows* and the new ones behind them: int64 [batch, length + new].

    A row that has ended goes on with *eos_token_id*; all end when all rows have.

    Raises:
        SpecError: there is no room for so many positions, or *network* has classes in place of words.
    """
    _check(network, rows, max_new_tokens, eos_token_id)
    known = left_aligned(rows)
    cache = new_cache(network.cached(known), known.ids.shape[1] + max_new_tokens, network.dtype) if use_cache else None
    draws = [np.random.default_rng((choice.seed, row)) for row in range(len(rows))]
    ended, made, done = np.zeros(len(rows), dtype=bool), rows.ids, 0
    for _ in range(max_new_tokens):
        chosen = choice.next_tokens(network.next_logits(known, cache, done), draws)
        if eos_token_id is not None:
            chosen = np.where(ended, eos_token_id, chosen)
            ended |= chosen == eos_token_id
        done = known.ids.shape[1]
        known = Rows(ids=_beside(known.ids, chosen), mask=_beside(known.mask, np.ones_like(chosen)))
        made = _beside(made, chosen)
        if ended.all():
            break
    return made


def left_aligned(rows: Rows) -> Rows:
    """Return the same rows filled up on the left only, so that what is new follows each of them."""
    ends = rows.mask.shape[1] - rows.mask[:, ::-1].argmax(axis=1)
    places = (np.arange(rows.mask.shape[1]) + ends[:, None]) % rows.mask.shape[1]
    turned = Rows(ids=np.take_along_axis(rows.ids, places, axis=1), mask=np.take_along_axis(rows.mask, places, axis=1))
    return turned.taken(slice(None))


def _check(network: Network, rows: Rows, new: int, eos: Any) -> None:
    require_positive(max_new_tokens=whole("max_new_tokens", new))
    model = network.model
    if model.task == "classify":
        raise SpecError("generate", f"is for models that write; this one has {model.classes} classes")
    longest = int(rows.mask.sum(axis=1).max())
    if longest + new > model.max_length:
        message = f"= {new} after {longest} tokens is over the model's {model.max_length} positions"
        raise SpecError("max_new_tokens", message)
    if eos is not None and not 0 <= whole("eos_token_id", eos) < model.vocab:
        raise SpecError("eos_token_id", f"must be from 0 to {model.vocab - 1}, got {eos}")


def _beside(ids: Ids, column: Ids) -> Ids:
    return np.concatenate([ids, column[:, None]], axis=1)
