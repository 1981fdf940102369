"""Learning from rows, and asking how much was learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from wsesim.errors import InputError, SpecError, require_not_negative, require_positive, require_whole
from wsesim.gpt.network import Network, tokens_of
from wsesim.gpt.rows import Ids, Rows, rows_of
from wsesim.model import ModelSpec
from wsesim.numerics import EXACT, IGNORED, AdamW, LossScale, Schedule, StepTaken, step

USUAL_RATE = 1e-3
"""Learning rate where none is given. Assumed: models of a few layers learn with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What learning came to, step by step."""

    losses: tuple[float, ...]
    """Of each step's batch, before its update."""
    norms: tuple[float, ...]
    """Of all gradients of each step, before they were clipped."""
    learning_rates: tuple[float, ...]
    loss_scales: tuple[float, ...]
    """Of each step; a step that overflowed with it, and has no finite norm, was left out."""
    evaluations: tuple[Mapping[str, float], ...] = ()
    """After each epoch, of the rows that were given for it."""


def learning_rows(model: ModelSpec, data: Any) -> Rows:
    """Return the rows of *data*, with labels; those of a language model are the tokens themselves if none are given.

    Raises:
        SpecError: as `rows_of`, or there are no labels of classes.
    """
    rows = rows_of(model, data)
    if rows.labels is not None:
        return rows
    if model.task == "classify":
        raise SpecError("labels", f"are missing: a class from 0 to {model.classes - 1} of each row")
    return replace(rows, labels=rows.ids)


def optimizer_of(learning_rate: float | None, optimizer: AdamW | None) -> AdamW:
    """Return AdamW at a rate, or the settings that are given.

    Raises:
        SpecError: both are given, or the rate is not positive.
    """
    if optimizer is None:
        return AdamW(schedule=Schedule(peak=USUAL_RATE if learning_rate is None else learning_rate))
    if learning_rate is not None:
        raise SpecError("learning_rate", "and optimizer cannot both be given: the optimizer has its schedule")
    return optimizer


def fit(
    network: Network, rows: Rows, *, epochs: int, batch_size: int, micro_batch_size: int | None, optimizer: AdamW,
    loss_scale: float | str | None, seed: int, recompute: bool, validation: Rows | None,
) -> History:  # fmt: skip
    """Update the weights of *network* where they lie; moments start from zero. Rows without a label add nothing.

    Raises:
        InputError: labels of one class only, or all ignored; or a step whose gradients are not finite: weights are then
            those of the step before it.
        SpecError: sizes that are not positive.
    """
    part_size = batch_size if micro_batch_size is None else micro_batch_size
    _require_whole(epochs=epochs, batch_size=batch_size, micro_batch_size=part_size)
    require_not_negative(seed=require_whole("seed", seed))
    rows = _labelled(network, rows)
    learner = _Learner(network, optimizer, LossScale.of(_scale(network, loss_scale)), recompute=recompute)
    evaluations = list[dict[str, float]]()
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(len(rows))
        for batch in batches(rows, batch_size, order):
            learner.step(batch, min(part_size, len(batch)))
        if validation is not None:
            evaluations.append(evaluate(network, validation, batch_size=batch_size))
    return learner.history(evaluations)


class _Learner:
    """Moments, the scale of the loss, and what steps came to so far."""

    def __init__(self, network: Network, optimizer: AdamW, scale: LossScale, *, recompute: bool) -> None:
        self._network, self._optimizer, self._scale, self._recompute = network, optimizer, scale, recompute
        self._state = network.state()
        self._taken = 0
        self._steps, self._scales = list[StepTaken](), list[float]()

    def step(self, batch: Rows, part_size: int) -> None:
        """Update the weights, or leave it if a dynamic scale was too large."""
        parts = batch.parts(part_size)
        graph, arrays = self._network.training(batch, self._state)
        graph = graph.with_dims(batch=part_size)
        tokens = [tokens_of(graph, part, padded=batch.is_padded) for part in parts]
        scale = self._scale
        with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is looked for in the norm
            done = step(
                graph, arrays, tokens, self._optimizer, self._taken + 1, loss_scale=scale.value,
                recompute=self._recompute, storage=self._network.storage,
            )  # fmt: skip
        overflowed = not isfinite(done.norm)
        self._scale = scale.after(overflowed=overflowed)
        if overflowed and self._scale == scale:
            what = f"step {len(self._steps) + 1} has gradients that are not finite: it was not taken"
            raise InputError.at(f"{what}; a smaller learning rate, or another loss_scale, may do")
        self._taken += not overflowed
        self._steps.append(done)
        self._scales.append(scale.value)

    def history(self, evaluations: list[dict[str, float]]) -> History:
        return History(
            losses=tuple(sum(one.losses.values()) for one in self._steps),
            norms=tuple(one.norm for one in self._steps), loss_scales=tuple(self._scales),
            learning_rates=tuple(one.learning_rate for one in self._steps), evaluations=tuple(evaluations),
        )  # fmt: skip


def _scale(network: Network, asked: float | str | None) -> float | str:
    """Return the scale that is asked for, or the one that the format needs: as the vendor's Model Zoo wants of cb16."""
    if asked is not None:
        return asked
    smallest = network.storage.kept.smallest_normal
    return "dynamic" if smallest > EXACT.kept.smallest_normal else 1.0


def evaluate(network: Network, rows: Rows, *, batch_size: int) -> dict[str, float]:
    """Return `loss`, the mean over all labels that count, `accuracy`, and `labels`, how many there are.

    Raises:
        InputError: there are none.
    """
    _require_whole(batch_size=batch_size)
    loss, right, counted = 0.0, 0, 0
    for batch in batches(rows, batch_size, np.arange(len(rows))):
        held = labels_held(network, batch)
        labels = int((held != IGNORED).sum())
        if labels:
            output = network.outputs(batch)
            loss += (output.loss or 0.0) * labels
            right += int((output.logits.argmax(axis=-1) == held).sum())
            counted += labels
    if not counted:
        raise InputError.at("all labels are ignored: nothing is left to evaluate")
    return {"loss": loss / counted, "accuracy": right / counted, "labels": counted}


def batches(rows: Rows, size: int, order: Ids) -> Iterator[Rows]:
    """Yield rows in an order, *size* at a time, the last ones as many as are left."""
    for start in range(0, len(rows), size):
        yield rows.taken(order[start : start + size])


def labels_held(network: Network, rows: Rows) -> Ids:
    """Return the label that each row of logits is held to: that of the next token, or the class."""
    graph, _ = network.graph(rows, loss=True)
    tokens = tokens_of(graph, rows)
    if network.model.task == "classify":
        return np.asarray(tokens["classes"])
    held = np.full_like(rows.ids, IGNORED)
    held[:, :-1] = tokens["labels"][:, 1:]
    return held


def _require_whole(**sizes: Any) -> None:
    require_positive(**{name: require_whole(name, size) for name, size in sizes.items()})


def _labelled(network: Network, rows: Rows) -> Rows:
    """Return the rows that have something to learn from."""
    held = labels_held(network, rows).reshape(len(rows), -1)
    known = np.unique(held[held != IGNORED])
    if not known.size:
        raise InputError.at("all labels are ignored: nothing is left to learn from")
    if network.model.task == "classify" and known.size == 1:
        raise InputError.at(f"all labels are {known[0]}: of one class only nothing can be learned")
    return rows.taken(np.flatnonzero((held != IGNORED).any(axis=1)))
