"""What a training came to so far: plain numbers, which a checkpoint keeps to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from wsesim.numerics import LossScale


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A step."""

    step: int
    """From 1."""
    nats: float
    """Loss a token, the mean over the batch, before the update."""
    bits_a_byte: float | None
    """The same a byte; None where no text is learned."""
    norm: float | None
    """Of all gradients, before it is clipped; None where they overflowed, and the step was left out."""
    loss_scale: float
    """What the loss was multiplied with."""
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was said of it on what is not learned from."""

    step: int
    """After which it was; 0: before the first."""
    nats: float
    """Loss a token that is told."""
    bits_a_byte: float | None
    right: float | None
    """Share of questions that are answered right; None where none is asked."""
    sample: str
    """What the model writes."""

    @property
    def shown(self) -> str:
        """What compares with others: bits a byte of a text, or what is right of questions."""
        return f"{self.right:.3f} right" if self.right is not None else f"{self.bits_a_byte:.3f} bits a byte"


@dataclass(slots=True, kw_only=True)
class Progress:
    """The curve of a training."""

    learned: list[Learned] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    scale: LossScale = field(default_factory=LossScale)
    """What the loss is multiplied with at the next step."""
    test: dict[str, float] = field(default_factory=dict)
    """Share that is right of the test by reader, asked once in the end; empty before, and where there is no test."""

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
            KeyError, TypeError, SpecError: it is something else.
        """
        learned, evaluations = form["learned"], form["evaluations"]
        return cls(learned=[Learned(**one) for one in learned], evaluations=[Evaluation(**one) for one in evaluations],
                   test=dict(form["test"]), scale=LossScale(**form["scale"]))  # fmt: skip
