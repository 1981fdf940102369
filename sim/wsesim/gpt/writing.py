"""Tokens that follow a text: the likeliest, or drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from wsesim.errors import SpecError, require_positive, require_whole
from wsesim.gpt.network import Network
from wsesim.gpt.rows import Ids, Rows
from wsesim.numerics import Sampling, new_cache


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
    require_positive(max_new_tokens=require_whole("max_new_tokens", new))
    model = network.model
    if model.task == "classify":
        raise SpecError("generate", f"is for models that write; this one has {model.classes} classes")
    longest = int(rows.mask.sum(axis=1).max())
    if longest + new > model.max_length:
        message = f"= {new} after {longest} tokens is over the model's {model.max_length} positions"
        raise SpecError("max_new_tokens", message)
    if eos is not None and not 0 <= require_whole("eos_token_id", eos) < model.vocab:
        raise SpecError("eos_token_id", f"must be from 0 to {model.vocab - 1}, got {eos}")


def _beside(ids: Ids, column: Ids) -> Ids:
    return np.concatenate([ids, column[:, None]], axis=1)
