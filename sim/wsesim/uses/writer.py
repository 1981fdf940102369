"""Text as a model writes it: token by token, keys and values of those before in a cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wsesim.errors import InputError
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import Sampling, Tokenizer, Weights, execute, new_cache

TEMPERATURE = 0.8
"""Logits are divided by it before one is drawn. Assumed: text neither repeats itself nor falls apart."""
USUAL = 60
"""Tokens that follow where nothing is said: a sentence or two."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Writer:
    """Goes on from a beginning."""

    model: ModelSpec
    weights: Weights
    tokenizer: Tokenizer

    def go_on(self, prompt: str, tokens: int | None, *, temperature: float, seed: int) -> str:
        """Return *prompt* and what follows it, the same for a seed; by default `USUAL` tokens, as far as there is room.

        Raises:
            InputError: *prompt* is empty, or there is no room for so many tokens.
            SpecError: the temperature is not positive.
        """
        room = self.room(prompt)
        if tokens is not None and tokens > room:
            raise InputError.at(f"{tokens:,} tokens are too many: this model has room for {room:,} after this text")
        sampling = Sampling(do_sample=True, temperature=temperature)
        return self.write(prompt, tokens or min(room, USUAL), sampling, np.random.default_rng(seed))

    def room(self, prompt: str) -> int:
        """Return how many tokens may follow *prompt*.

        Raises:
            InputError: *prompt* is empty, or leaves no room.
        """
        if not prompt:
            raise InputError.at("there is no text: it is empty")
        tokens, most = len(self._read(prompt)), self.model.max_length
        if tokens >= most:
            raise InputError.at(f"the text has {tokens:,} tokens, this model {most:,} positions: nothing can follow")
        return most - tokens

    def write(self, prompt: str, tokens: int, sampling: Sampling, draw: np.random.Generator) -> str:
        """Return *prompt*, as far as there are positions, and up to *tokens* tokens after it."""
        ids = self._read(prompt)[: self.model.max_length]
        end = min(self.model.max_length, len(ids) + tokens)
        cache = new_cache(build_graph(self.model, sequences=1, length=1, keys=1, loss=False), end)
        fresh = ids
        while len(ids) < end:
            graph = build_graph(self.model, sequences=1, length=len(fresh), keys=len(ids), loss=False)
            run = execute(graph, self.weights, {"ids": np.array([fresh], dtype=np.int64)}, cache=cache)
            (logits,) = run.logits.values()
            fresh = sampling.next_tokens(logits[:, -1, : self.tokenizer.vocab_size], [draw]).tolist()
            ids = ids + fresh
        return self.tokenizer.decode(ids[len(self.tokenizer.begins) :])

    def _read(self, prompt: str) -> list[int]:
        return [*self.tokenizer.begins, *self.tokenizer.encode(prompt)]
