"""Text as a model writes it: token by token, keys and values of those before in a cache."""

from __future__ import annotations

import numpy as np

from wsesim.model import build_graph
from wsesim.numerics import Sampling, Tokenizer, Weights, execute, new_cache
from wsesim.trainer.course import Course

SAMPLING = Sampling(do_sample=True, temperature=0.8)
"""Assumed: text neither repeats itself nor falls apart."""


def write_sample(course: Course, weights: Weights, tokenizer: Tokenizer, step: int) -> str:
    """Return the prompt and what the model writes after it, drawn by seed and step, as far as it has positions."""
    draw = np.random.default_rng((int(course.learning["seed"]), step, 1))
    room = course.model.max_length
    ids = tokenizer.encode(str(course.learning["prompt"]))[:room]
    end = min(room, len(ids) + int(course.learning["sample_tokens"]))
    cache = new_cache(build_graph(course.model, sequences=1, length=1, keys=1, loss=False), end)
    fresh = ids
    while len(ids) < end:
        graph = build_graph(course.model, sequences=1, length=len(fresh), keys=len(ids), loss=False)
        run = execute(graph, weights, {"ids": np.array([fresh], dtype=np.int64)}, cache=cache)
        (logits,) = run.logits.values()
        fresh = SAMPLING.next_tokens(logits[:, -1, : tokenizer.vocab_size], [draw]).tolist()
        ids = ids + fresh
    return tokenizer.decode(ids)
