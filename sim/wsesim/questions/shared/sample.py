"""The text that ships as tokens, for what is computed to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.workload import SAMPLE

if TYPE_CHECKING:
    from wsesim.numerics import Ids


def sample_ids(sequences: int, length: int) -> Ids:
    """Return its first tokens, [sequences, length]."""
    from wsesim.numerics import SAMPLES, Tokenizer, load_text, token_windows

    return token_windows(load_text(f"{SAMPLE}{next(iter(SAMPLES))}"), Tokenizer.gpt2(), sequences, length)
