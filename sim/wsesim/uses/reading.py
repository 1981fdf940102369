"""What all uses read a text with: the first merges of GPT-2's, and a forward pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import GPT2_MERGES, Tokenizer, Weights, execute

Ids = NDArray[np.int64]
Scores = NDArray[np.float64]
Array = NDArray[np.floating]
AT_ONCE = 64
"""Rows of a forward pass: more of them need more memory and are no faster."""


def tokenizer_of(vocab: int) -> Tokenizer:
    """Return the tokenizer with as many of the first of GPT-2's merges as a vocabulary has room for."""
    return Tokenizer.gpt2(min(vocab - Tokenizer.gpt2(0).vocab_size, GPT2_MERGES))


def logits(model: ModelSpec, weights: Weights | None, ids: Ids, mask: Ids | None = None) -> Scores:
    """Return what *model* says of each row, a class, or of each token, the next one.

    Args:
        model: the shape.
        weights: of its graph.
        ids: [rows, length].
        mask: [rows, length], 0 where a token fills up on the right; None: nowhere.
    """
    assert weights is not None, "who asks has weights"
    found = list[Array]()
    for at in range(0, len(ids), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        tokens = {"ids": ids[part]} if mask is None else {"ids": ids[part], "mask": mask[part]}
        rows, length = ids[part].shape
        graph = build_graph(model, sequences=rows, length=length, padded=mask is not None, loss=False)
        found += execute(graph, weights, tokens).logits.values()
    return np.concatenate(found).astype(np.float64)


def shares(scores: Scores) -> Scores:
    """Return how likely each label is, from scores [..., labels]."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: Scores = powers / powers.sum(axis=-1, keepdims=True)
    return found


def require_text(text: str) -> str:
    """Return *text* without spaces at its ends.

    Raises:
        InputError: nothing else is in it.
    """
    if not (found := text.strip()):
        raise InputError.at("there is no text: it is empty")
    return found
