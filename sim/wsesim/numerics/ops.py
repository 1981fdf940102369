"""What ops compute in NumPy, in the precision of their inputs, where that takes more than an elementwise function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids, as_rows, row_chunks
from wsesim.numerics.erf import erf
from wsesim.numerics.functions import by_chunks, forward


@forward("embedding")
def embedding(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return the table's row for every id: [batch, length] and [rows, width] to [batch, length, width]."""
    ids, table = inputs
    _check_ids(op.inputs[0], ids, len(table))
    return (table[ids],)


@forward("position")
def position(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x [batch, length, width] plus row p of the table at position p."""
    x, table = inputs
    return (x + table[: x.shape[1]],)


@forward("layer_norm")
def layer_norm(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis."""
    x, scale, bias = inputs
    y = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(y).mean(axis=-1, keepdims=True)
    y /= np.sqrt(variance + float(op.attrs["epsilon"]))
    y *= scale
    y += bias
    return (y,)


@forward("rms_norm")
def rms_norm(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x / sqrt(mean of squares + epsilon) * scale over the last axis."""
    x, scale = inputs
    mean_square = np.square(x).mean(axis=-1, keepdims=True)
    y = x / np.sqrt(mean_square + float(op.attrs["epsilon"]))
    y *= scale
    return (y,)


@forward("linear")
def linear(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x @ weight (+ bias); with `transposed` the weight is stored [out, in]."""
    x, weight, *bias = inputs
    y = x @ (weight.T if op.attrs.get("transposed") else weight)
    if bias:
        y += bias[0]
    return (y,)


@forward("gelu")
def gelu(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x * Phi(x) by the error function."""
    return (by_chunks(lambda x: 0.5 * x * (1 + erf(x * sqrt(0.5))), *inputs),)


@forward("select")
def select(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return some positions of x [batch, length, width], by the attribute `positions`.

    `first` and `last` give [batch, width]. `masked` gives [batch, masked, width]: the first `masked` positions, since
    which tokens are masked changes no shape, count or time; whoever makes the labels masks those.
    """
    (x,) = inputs
    where = op.attrs["positions"]
    if where == "masked":
        return (x[:, : dims["masked"]],)
    if where not in ("first", "last"):
        raise SpecError(op.name, f"selects {where!r}; positions are first, last or masked")
    return (x[:, 0 if where == "first" else -1],)


@forward("cross_entropy")
def cross_entropy(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return the mean of -log softmax(logits) at the labels, shape [1].

    With `shift` position p is held to the label of position p + 1, and the last position to none.
    """
    logits, labels = inputs
    if op.attrs.get("shift"):
        if labels.shape[1] < 2:
            raise SpecError("length", "must be at least 2: a language model is held to the next token")
        logits, labels = logits[:, :-1], labels[:, 1:]
    _check_ids(op.inputs[1], labels, logits.shape[-1])
    rows, wanted = as_rows(logits), labels.reshape(-1, 1)
    losses = np.empty(len(rows), dtype=logits.dtype)
    for part in row_chunks(len(rows), rows.shape[-1]):
        shifted = rows[part] - rows[part].max(axis=-1, keepdims=True)
        at_label = np.take_along_axis(shifted, wanted[part], axis=-1)[:, 0]
        losses[part] = np.log(np.exp(shifted).sum(axis=-1)) - at_label
    return (losses.mean(keepdims=True),)


def _check_ids(name: str, ids: Ids, count: int) -> None:
    """Refuse ids that NumPy would wrap around or answer with a traceback."""
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= count:
        raise InputError.at(f"{name} holds the id {low if low < 0 else high}; ids here go from 0 to {count - 1}")
