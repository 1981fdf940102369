"""What all that can be learned from has in common: batches by seed and step, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wsesim.numerics import NamedArrays
from wsesim.trainer.course import Course
from wsesim.trainer.progress import Learned
from wsesim.uses import About

Ids = NDArray[np.int64]
Tokens = Mapping[str, Ids]
"""By name of the graph's tensor; sequences are rows."""


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

    def stage(self, learned: Sequence[Learned], course: Course) -> int:
        """Return which part of what there is to learn the step after those *learned* is about."""

    def batch(self, step: int, course: Course, stage: int) -> Tokens:
        """Return what the graph reads in a step (from 1), ids [sequences, length] among it."""

    def bits_a_byte(self, nats: float, ids: Ids) -> float | None:
        """Return a loss in nats a token as bits a byte; None where no text is learned."""

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* after *step* steps by what is not learned from."""

    def about_weights(self, course: Course) -> About:
        """Return what the weights are for, and what their ids and numbers mean."""

    def asked(self, course: Course) -> tuple[int, int]:
        """Return tokens of a usual question to the trained model, and those that it writes as an answer."""

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return the share that is right of a test that is asked once, in the end, by reader; the model comes first."""
