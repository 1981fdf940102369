"""What a training came to so far: plain numbers, which a checkpoint keeps to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A step."""

    step: int
    """From 1."""
    nats: float
    """Loss a token, the mean over the batch, before the update."""
    bits_a_byte: float
    norm: float
    """Of all gradients, before it is clipped."""
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """An evaluation on text that is held out."""

    step: int
    """After which it was; 0: before the first."""
    nats: float
    """Loss a token."""
    bits_a_byte: float
    sample: str
    """What the model writes."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """The curve of a training."""

    learned: list[Learned] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self.learned)

    def to_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Progress:
        """Return what `to_json` made plain.

        Raises:
            KeyError, TypeError: it is something else.
        """
        return cls(
            learned=[Learned(**one) for one in form["learned"]],
            evaluations=[Evaluation(**one) for one in form["evaluations"]],
        )
