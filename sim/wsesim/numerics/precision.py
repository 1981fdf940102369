"""What a precision costs in numbers: how far each op is off, and what is lost, against the same graph in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import DTypeLike, NDArray

from wsesim.graph import Graph, Tensor
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.loss import LOSS_SCALE
from wsesim.numerics.storage import EXACT, Storage
from wsesim.numerics.training import NamedArrays, backward, forward, label_counts
from wsesim.numerics.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What ops of a kind lose."""

    kind: str
    """Of the op that computes it; of a weight as it is streamed `weight`."""
    backward: bool
    """Whether these are gradients."""
    error: float
    """Root mean square of what is off, over that of the values."""
    vanished: float
    """Share of the values that are not zero and are kept as zero."""
    overflowed: float
    """Share of the values that are kept as no finite number."""


class InPrecision:
    """One forward and one backward pass of a training graph, in float64 and as machines would keep it."""

    def __init__(
        self, graph: Graph, weights: Weights, tokens: Mapping[str, Ids], *, labels: int | None = None
    ) -> None:  # fmt: skip
        """Compute it in float64.

        Args:
            graph: with its backward ops.
            weights: of it.
            tokens: ids and labels.
            labels: of the whole batch, of which these tokens may be a small part: gradients are a mean over them.
        """
        self._graph, self._weights, self._tokens = graph, weights, tokens
        counts = label_counts(graph, [tokens])
        self._counts = {name: float(labels or count) for name, count in counts.items()}
        self._makers = {name: op.kind for block in graph.blocks for op in block.ops for name in op.outputs}
        self._exact = self._values(EXACT, np.float64, 1.0)

    def lost(self, storage: Storage, *, loss_scale: float = 1.0) -> tuple[Lost, ...]:
        """Return what each kind of op loses with an *storage*, forward and backward."""
        found: dict[tuple[bool, str], NDArray[np.float64]] = {}
        kept = self._values(storage, np.float32, loss_scale)
        for (tensor, wanted), (_, array) in zip(self._exact, kept, strict=True):
            gradient = tensor.role == "gradient"
            if gradient or tensor.role in ("activation", "weight"):
                kind = "weight" if tensor.role == "weight" else self._makers[tensor.name]
                sums = _sums(wanted, array.astype(np.float64) / (loss_scale if gradient else 1.0))
                found[gradient, kind] = found.get((gradient, kind), 0.0) + sums
        return tuple(_lost(kind, gradient, sums) for (gradient, kind), sums in found.items())

    def _values(self, storage: Storage, dtype: DTypeLike, loss_scale: float) -> list[tuple[Tensor, Array]]:
        """Return all that both passes keep, in the order in which it is made."""
        seen: list[tuple[Tensor, Array]] = []
        watched = replace(storage, watch=lambda tensor, array: seen.append((tensor, array.copy())))
        scalars = {**self._counts, LOSS_SCALE: loss_scale}
        arrays = NamedArrays.begin(self._graph, self._weights, dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # that a format is too small for a number is what is asked
            run = forward(self._graph, arrays, self._tokens, scalars=scalars, storage=watched)
            backward(self._graph, arrays, run)
        return seen


def _sums(wanted: Array, kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return squares of what is off and of what is wanted, and how many vanish, overflow, are not zero, are."""
    there, finite = wanted != 0, np.isfinite(kept)
    off = np.where(finite, kept, 0.0) - wanted
    return np.array([
        np.square(off).sum(), np.square(wanted).sum(), (there & (kept == 0)).sum(), (~finite).sum(), there.sum(),
        wanted.size,
    ])  # fmt: skip


def _lost(kind: str, gradient: bool, sums: NDArray[np.float64]) -> Lost:
    off, wanted, vanished, overflowed, there, size = sums.tolist()
    return Lost(
        kind=kind, backward=gradient, error=sqrt(off / wanted) if wanted else 0.0,
        vanished=vanished / max(1.0, there), overflowed=overflowed / size,
    )  # fmt: skip
