"""What a model writes on the way: a sample, drawn by seed and step."""

from __future__ import annotations

import numpy as np

from wsesim.numerics import Sampling, Tokenizer, Weights
from wsesim.trainer.course import Course
from wsesim.uses import TEMPERATURE, Writer

SAMPLING = Sampling(do_sample=True, temperature=TEMPERATURE)


def write_sample(course: Course, weights: Weights, tokenizer: Tokenizer, step: int) -> str:
    """Return the prompt and what the model writes after it, as far as it has positions."""
    draw = np.random.default_rng((int(course.learning["seed"]), step, 1))
    writer = Writer(model=course.model, weights=weights, tokenizer=tokenizer)
    return writer.write(str(course.learning["prompt"]), int(course.learning["sample_tokens"]), SAMPLING, draw)
