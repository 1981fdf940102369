"""Rows of token ids with mask and labels, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wsesim.errors import SpecError, nearest
from wsesim.model import ModelSpec
from wsesim.numerics import IGNORED

Ids = NDArray[np.int64]
FIELDS = ("input_ids", "attention_mask", "labels")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Sequences of a batch, or of all that there is to learn from."""

    ids: Ids
    """[rows, length]."""
    mask: Ids
    """[rows, length]; 1 where a token counts, 0 where it fills up."""
    labels: Ids | None = None
    """[rows] of classes, or [rows, length] of tokens; `IGNORED` ones count for nothing."""

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ids)

    @property
    def is_padded(self) -> bool:
        """Whether a token fills up."""
        return not self.mask.all()

    def taken(self, which: Ids | slice) -> Rows:
        """Return some rows, without columns in which no token counts."""
        used = np.flatnonzero(self.mask[which].any(axis=0))
        columns = slice(used[0], used[-1] + 1)
        labels = None if self.labels is None else self.labels[which]
        if labels is not None and labels.ndim > 1:
            labels = labels[:, columns]
        return Rows(ids=self.ids[which][:, columns], mask=self.mask[which][:, columns], labels=labels)

    def parts(self, size: int) -> list[Rows]:
        """Return parts of *size* rows; the last is filled with rows whose labels are ignored, which adds nothing."""
        assert self.labels is not None, "parts are for learning"
        wanted = np.arange(-(-len(self) // size) * size)
        labels = self.labels[wanted % len(self)]
        labels[len(self) :] = IGNORED
        whole = Rows(ids=self.ids[wanted % len(self)], mask=self.mask[wanted % len(self)], labels=labels)
        cut = [slice(start, start + size) for start in range(0, len(whole), size)]
        return [Rows(ids=whole.ids[at], mask=whole.mask[at], labels=labels[at]) for at in cut]


def rows_of(model: ModelSpec, input_ids: Any, attention_mask: Any = None, labels: Any = None) -> Rows:
    """Return what a model is given, as `forward` takes it; a mapping of `FIELDS` may stand in place of the ids.

    Raises:
        SpecError: naming the argument that is not what *model* can read, and why.
    """
    if isinstance(input_ids, Mapping):
        if attention_mask is not None or labels is not None:
            raise SpecError("input_ids", "is a mapping, which holds mask and labels itself; give either")
        return rows_of(model, *_fields(input_ids))
    ids = _whole("input_ids", input_ids)
    if ids.ndim not in (1, 2) or not ids.size:
        raise SpecError("input_ids", f"must be [length] or [batch, length] and not empty, got the shape {ids.shape}")
    _check_range("input_ids", ids, model.vocab)
    mask = np.ones_like(ids) if attention_mask is None else _mask(attention_mask, ids.shape)
    ids, mask = np.atleast_2d(ids), np.atleast_2d(mask)
    longest = int(mask.sum(axis=1).max())
    if longest > model.max_length:
        raise SpecError("input_ids", f"has a row of {longest} tokens; the model has {model.max_length} positions")
    return Rows(ids=ids, mask=mask, labels=None if labels is None else _labels(model, labels, ids.shape))


def padded(rows: Sequence[Sequence[int]], *, length: int | None = None, fill: int = 0) -> dict[str, Ids]:
    """Return `input_ids` and `attention_mask` of *rows* of different lengths, filled up on the right.

    Args:
        rows: ids of each sequence.
        length: cuts what is longer, and fills up to it; by default as long as the longest.
        fill: the id that fills up; the mask keeps it from being seen.

    Raises:
        SpecError: there is no row, or one is empty.
    """
    if not rows or not all(len(row) for row in rows):
        raise SpecError("rows", "must be there and hold a token each" if rows else "are empty: there is no text")
    wide = length or max(len(row) for row in rows)
    ids, mask = np.full((len(rows), wide), fill, dtype=np.int64), np.zeros((len(rows), wide), dtype=np.int64)
    for at, row in enumerate(rows):
        kept = row[:wide]
        ids[at, : len(kept)], mask[at, : len(kept)] = kept, 1
    return {"input_ids": ids, "attention_mask": mask}


def _fields(given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    for name in given:
        if name not in FIELDS:
            raise SpecError(str(name), f"is none of {', '.join(FIELDS)}{nearest(str(name), FIELDS)}")
    if "input_ids" not in given:
        raise SpecError("input_ids", f"is missing; there is: {', '.join(given) or 'nothing'}")
    ids, mask, labels = (given.get(name) for name in FIELDS)
    return ids, mask, labels


def _whole(name: str, given: ArrayLike) -> Ids:
    try:
        found = np.asarray(given)
    except ValueError:
        raise SpecError(name, "has rows of different lengths; `wsesim.gpt.padded` fills them up") from None
    if not np.issubdtype(found.dtype, np.integer):
        raise SpecError(name, f"must be whole numbers, got {found.dtype}")
    return found.astype(np.int64)


def _check_range(name: str, ids: Ids, count: int) -> None:
    wrong = ids[(ids < 0) | (ids >= count)]
    if wrong.size:
        raise SpecError(name, f"holds the id {wrong[0]}; ids here go from 0 to {count - 1}")


def _mask(given: ArrayLike, shape: tuple[int, ...]) -> Ids:
    found = np.asarray(given)
    mask = _whole("attention_mask", found.astype(np.int64) if found.dtype == np.bool_ else found)
    if mask.shape != shape:
        raise SpecError("attention_mask", f"must have the shape of input_ids, {shape}, got {mask.shape}")
    wrong = mask[(mask != 0) & (mask != 1)]
    if wrong.size:
        raise SpecError("attention_mask", f"must be 0 where a token fills up and 1 elsewhere, got {wrong[0]}")
    for row, marks in enumerate(np.atleast_2d(mask)):
        used = np.flatnonzero(marks)
        if not used.size:
            raise SpecError("attention_mask", f"leaves nothing of row {row}: all of it is 0")
        if used[-1] - used[0] + 1 != used.size:
            at = int(used[0] + np.flatnonzero(marks[used[0] :] == 0)[0])
            raise SpecError("attention_mask", f"has a hole in row {row}, at {at}: zeros may stand left and right only")
    return mask


def _labels(model: ModelSpec, given: ArrayLike, shape: tuple[int, ...]) -> Ids:
    labels = _whole("labels", given)
    classify = model.task == "classify"
    labels, wanted = (np.atleast_1d(labels), shape[:1]) if classify else (np.atleast_2d(labels), shape)
    if labels.shape != wanted:
        of = "a class of each row" if classify else "a token of each place"
        raise SpecError("labels", f"must be {of}, of the shape {wanted}, got {labels.shape}")
    _check_range("labels", labels[labels != IGNORED], model.classes if classify else model.vocab)
    return labels
