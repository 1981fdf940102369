"""What all that can be learned from has in common: batches by seed and step, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wsesim.numerics import NamedArrays
from wsesim.trainer.course import Course

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of the weights of the moment."""

    nats: float
    """Loss a token that is told, on what is not learned from."""
    bits_a_byte: float | None = None
    """The same a byte; None where no text is learned."""
    right: float | None = None
    """Share of questions that are answered right; None where none is asked."""
    sample: str
    """What the model writes."""


class Lessons(Protocol):
    """Something to learn from."""

    @property
    def sha256(self) -> str:
        """The sum of all that a training reads."""

    @property
    def about(self) -> str:
        """What it is, in a sentence."""

    def batch(self, step: int, course: Course) -> tuple[Ids, Ids]:
        """Return ids and labels of a step (from 1), [sequences, length] each."""

    def bits_a_byte(self, nats: float, ids: Ids) -> float | None:
        """Return a loss in nats a token as bits a byte; None where no text is learned."""

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* after *step* steps by what is not learned from."""

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return the share that is right of a test that is asked once, in the end, by reader; the model comes first."""
