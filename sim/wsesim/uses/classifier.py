"""Texts told apart: the first tokens of each, and what class they are most like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from wsesim.model import ModelSpec
from wsesim.numerics import Tokenizer, Weights
from wsesim.uses.reading import Ids, Scores, logits, require_text, shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How much of a text is read."""

    tokens: int
    read: int

    @property
    def cut(self) -> bool:
        """Whether something is left unread."""
        return self.read < self.tokens


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classifier:
    """Says which label a text has."""

    model: ModelSpec
    weights: Weights | None = None
    """None: to cut texts into tokens only."""
    labels: tuple[str, ...]
    """In the order of the classes."""
    tokenizer: Tokenizer
    length: int
    """Tokens of a text that are read: as many as when it was learned."""

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text that are read."""
        return list(islice(self.tokenizer.iter_encode(text), self.length))

    def rows(self, texts: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
        """Return ids and mask of texts in tokens, [texts, tokens of the longest], filled up on the right."""
        ids = np.full((len(texts), max(map(len, texts))), self.tokenizer.end_of_text, dtype=np.int64)
        mask = np.zeros_like(ids)
        for at, text in enumerate(texts):
            ids[at, : len(text)], mask[at, : len(text)] = text, 1
        return ids, mask

    def scores(self, texts: Sequence[Sequence[int]]) -> Scores:
        """Return the logits of the classes of each text in tokens, [texts, classes]."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found = np.empty((len(texts), len(self.labels)))
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            found[part] = logits(self.model, self.weights, *self.rows([texts[one] for one in part]))
        return found

    def reads(self, text: str) -> Read:
        """Return how many tokens a text has, and how many of them are read."""
        tokens = sum(1 for _ in self.tokenizer.iter_encode(text.strip()))
        return Read(tokens=tokens, read=min(tokens, self.length))

    def classify(self, text: str) -> dict[str, float]:
        """Return how likely each label is, the likeliest first.

        Raises:
            InputError: there is no text.
        """
        tokens = self.tokens(require_text(text))
        likely = dict(zip(self.labels, shares(self.scores([tokens])[0]).tolist(), strict=True))
        return dict(sorted(likely.items(), key=lambda one: -one[1]))
