"""Cross-entropy: the mean of -log softmax(logits) at the labels that are not `IGNORED`.

The mean is over as many labels as the whole batch has, where that is said (`COUNT`): the losses and gradients of parts
of a batch, each with labels of its own, then sum to those of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids, as_rows, row_chunks
from wsesim.numerics.functions import Setting, computes, room_for
from wsesim.numerics.tables import check_ids

IGNORED = -100
"""A label that counts for nothing. Source: `ignore_index` of PyTorch's cross_entropy, as transformers use it."""
COUNT = "count"
"""Scalar `count.LABELS`: how many labels the whole batch has; by default, as many as are given."""
LOSS_SCALE = "loss_scale"
"""Scalar by which gradients are multiplied, so that small ones are not lost in 16 bits; by default 1."""


@computes("cross_entropy")
def cross_entropy(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the mean, shape [1].

    With `shift` position p is held to the label of position p + 1, and the last position to none.
    """
    logits, total = as_rows(inputs[0]), 0.0
    labels = held_labels(op, inputs[1], logits.shape[-1])
    for part in row_chunks(*logits.shape):
        counts = np.flatnonzero(labels[part] != IGNORED)
        shifted = logits[part] - logits[part].max(axis=-1, keepdims=True)
        at_label = shifted[counts, labels[part][counts]]
        losses = np.log(np.exp(shifted, out=shifted).sum(axis=-1))[counts] - at_label
        total += float(losses.sum(dtype=np.float64))
    return (np.array([total / labels_of_batch(op, labels, setting)], dtype=logits.dtype),)


@computes("cross_entropy_backward")
def cross_entropy_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the logits: softmax less 1 at the label, over the count, times the loss scale."""
    logits, result = as_rows(inputs[0]), room_for(inputs, setting)
    labels, out = held_labels(op, inputs[1], logits.shape[-1]), as_rows(result)
    share = scale_of_loss(setting) / labels_of_batch(op, labels, setting)
    for part in row_chunks(*logits.shape):
        counts = np.flatnonzero(labels[part] != IGNORED)
        powers = np.subtract(logits[part], logits[part].max(axis=-1, keepdims=True), out=out[part])
        np.exp(powers, out=powers)
        powers *= share / powers.sum(axis=-1, keepdims=True)
        powers[counts, labels[part][counts]] -= share
        powers[labels[part] == IGNORED] = 0
    return (result,)


def labels_counted(op: Op, labels: Ids) -> int:
    """Return how many labels the loss *op* is a mean over."""
    return int((_shifted(op, labels) != IGNORED).sum())


def _shifted(op: Op, labels: Ids) -> Ids:
    """Return labels as positions are held to them."""
    if not op.attrs.get("shift"):
        return labels
    if labels.shape[1] < 2:
        raise SpecError("length", "must be at least 2: a language model is held to the next token")
    held = np.full_like(labels, IGNORED)
    held[:, :-1] = labels[:, 1:]
    return held


def held_labels(op: Op, labels: Ids, classes: int) -> Ids:
    """Return labels as positions are held to them, all in a row.

    Raises:
        InputError: one is not among the classes.
    """
    held = _shifted(op, labels).reshape(-1)
    given = held[held != IGNORED]
    if given.size:
        check_ids(op.inputs[-1], given, classes)
    return held


def scale_of_loss(setting: Setting) -> float:
    """Return what gradients are multiplied by."""
    return setting.scalars.get(LOSS_SCALE, 1.0)


def labels_of_batch(op: Op, labels: Ids, setting: Setting) -> float:
    """Return how many labels a mean is over; *labels* are those held here.

    Raises:
        InputError: none.
    """
    count = setting.scalars.get(f"{COUNT}.{op.inputs[-1]}", int((labels != IGNORED).sum()))
    if count < 1:
        raise InputError.at(f"all {op.inputs[-1]} are ignored: nothing is left to learn from")
    return count
