"""What a forward pass returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """Read by name, or as a tuple of what is there: loss, if there were labels, then logits."""

    loss: float | None
    """Mean over the labels that count."""
    logits: Array
    """[batch, classes], or [batch, length, vocabulary]; where a token fills up they mean nothing."""
    hidden_states: tuple[Array, ...] | None = None
    """If asked for, [batch, length, width] each: what each layer takes in, and what the head reads, normed."""

    def __iter__(self) -> Iterator[Any]:
        """Go over what is there."""
        return (value for value in (getattr(self, each.name) for each in fields(self)) if value is not None)

    def __len__(self) -> int:
        """Count what is there."""
        return sum(1 for _ in self)

    def __getitem__(self, place: int) -> Any:
        """Return what is there at a place."""
        return tuple(self)[place]
