"""What each kind of op computes, in NumPy, in the precision of its inputs.

`FORWARD` maps a kind of `graph.KINDS` to a function of (op, arrays of its inputs, lengths of the axes) that returns the
arrays of its outputs. Ops of other phases register the same way, in a table of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import pi, sqrt
from types import MappingProxyType

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids, as_rows, row_chunks
from wsesim.numerics.attention import rotary, scores, softmax, weighted_sum
from wsesim.numerics.erf import erf
from wsesim.numerics.experts import combine, dispatch, expert_linear, route

OpFunction = Callable[[Op, Sequence[Array], Mapping[str, int]], tuple[Array, ...]]
"""Never writes to its inputs."""


def embedding(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return the table's row for every id: [batch, length] and [rows, width] to [batch, length, width]."""
    ids, table = inputs
    _check_ids(op.inputs[0], ids, len(table))
    return (table[ids],)


def position(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x [batch, length, width] plus row p of the table at position p."""
    x, table = inputs
    return (x + table[: x.shape[1]],)


def layer_norm(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis."""
    x, scale, bias = inputs
    y = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(y).mean(axis=-1, keepdims=True)
    y /= np.sqrt(variance + float(op.attrs["epsilon"]))
    y *= scale
    y += bias
    return (y,)


def rms_norm(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x / sqrt(mean of squares + epsilon) * scale over the last axis."""
    x, scale = inputs
    mean_square = np.square(x).mean(axis=-1, keepdims=True)
    y = x / np.sqrt(mean_square + float(op.attrs["epsilon"]))
    y *= scale
    return (y,)


def linear(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x @ weight (+ bias); with `transposed` the weight is stored [out, in]."""
    x, weight, *bias = inputs
    y = x @ (weight.T if op.attrs.get("transposed") else weight)
    if bias:
        y += bias[0]
    return (y,)


def residual(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return a + b."""
    a, b = inputs
    return (a + b,)


def gelu(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x * Phi(x) by the error function."""
    return (_by_chunks(lambda x: 0.5 * x * (1 + erf(x * sqrt(0.5))), *inputs),)


def gelu_tanh(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³)))."""
    return (_by_chunks(lambda x: 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))), *inputs),)


def silu_gate(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return gate * sigmoid(gate) * up."""
    return (_by_chunks(lambda gate, up: gate * _sigmoid(gate) * up, *inputs),)


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


def tanh(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return the hyperbolic tangent."""
    return (np.tanh(inputs[0]),)


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


FORWARD: Mapping[str, OpFunction] = MappingProxyType(
    {
        "embedding": embedding,
        "position": position,
        "layer_norm": layer_norm,
        "rms_norm": rms_norm,
        "linear": linear,
        "expert_linear": expert_linear,
        "route": route,
        "dispatch": dispatch,
        "combine": combine,
        "rotary": rotary,
        "scores": scores,
        "softmax": softmax,
        "weighted_sum": weighted_sum,
        "residual": residual,
        "gelu": gelu,
        "gelu_tanh": gelu_tanh,
        "silu_gate": silu_gate,
        "select": select,
        "tanh": tanh,
        "cross_entropy": cross_entropy,
    }
)


def _by_chunks(function: Callable[..., Array], *inputs: Array) -> Array:
    """Apply an elementwise *function* piece by piece, so that its temporaries stay small."""
    result = np.empty(inputs[0].shape, dtype=inputs[0].dtype)
    out, flat = result.reshape(-1), [array.reshape(-1) for array in inputs]
    for part in row_chunks(out.size, 1):
        out[part] = function(*(array[part] for array in flat))
    return result


def _sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow on either side."""
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1, small) / (1 + small)
    return result


def _check_ids(name: str, ids: Ids, count: int) -> None:
    """Refuse ids that NumPy would wrap around or answer with a traceback."""
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= count:
        raise InputError.at(f"{name} holds the id {low if low < 0 else high}; ids here go from 0 to {count - 1}")
