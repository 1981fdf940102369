"""What a model is given is checked by name before anything is computed."""

from typing import Any

import numpy as np
import pytest

from wsesim.errors import SpecError
from wsesim.gpt import CerebrasGPT, padded
from wsesim.gpt.rows import rows_of

WORDS = CerebrasGPT(1, 2, hidden_size=8, vocab_size=11, max_position_embeddings=6).model
CLASSES = CerebrasGPT(1, 2, 3, hidden_size=8, vocab_size=11, max_position_embeddings=6).model
IDS = [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("kind", [list, np.int8, np.int32, np.uint64])
def test_ids_may_be_of_any_whole_type(kind: Any) -> None:
    ids = IDS if kind is list else np.array(IDS, dtype=kind)
    rows = rows_of(WORDS, ids)
    assert rows.ids.dtype == rows.mask.dtype == np.int64
    assert rows.ids.tolist() == IDS
    assert rows.mask.all()


def test_one_row_needs_no_batch() -> None:
    rows = rows_of(WORDS, [1, 2, 3], [True, True, False])
    assert (rows.ids.shape, rows.mask.tolist()) == ((1, 3), [[1, 1, 0]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input_ids": [[1, 2], [3]]}, "input_ids has rows of different lengths; `wsesim.gpt.padded` fills them up"),
        ({"input_ids": [[0.5, 1]]}, "input_ids must be whole numbers, got float64"),
        ({"input_ids": "text"}, "input_ids must be whole numbers, got <U4"),
        ({"input_ids": []}, r"input_ids must be whole numbers"),
        ({"input_ids": np.zeros((0, 4), int)}, r"not empty, got the shape \(0, 4\)"),
        ({"input_ids": np.zeros((1, 1, 1), int)}, r"must be \[length\] or \[batch, length\]"),
        ({"input_ids": [[1, 11]]}, "input_ids holds the id 11; ids here go from 0 to 10"),
        ({"input_ids": [[1, -1]]}, "input_ids holds the id -1; ids here go from 0 to 10"),
        ({"input_ids": [[1] * 7]}, "input_ids has a row of 7 tokens; the model has 6 positions"),
        ({"input_ids": IDS, "attention_mask": [[1, 1, 1]]}, r"attention_mask must have .* \(2, 3\), got \(1, 3\)"),
        ({"input_ids": IDS, "attention_mask": [1, 1, 1]}, r"attention_mask must have the shape"),
        ({"input_ids": IDS, "attention_mask": [[1, 1, 2], [1, 1, 1]]}, "must be 0 where .* and 1 .*, got 2"),
        ({"input_ids": IDS, "attention_mask": [[1, 1, 1], [0, 0, 0]]}, "leaves nothing of row 1: all of it is 0"),
        ({"input_ids": IDS, "attention_mask": [[1, 1, 1], [1, 0, 1]]}, "has a hole in row 1, at 1: zeros may stand"),
        ({"input_ids": IDS, "attention_mask": [[1.0] * 3] * 2}, "attention_mask must be whole numbers, got float64"),
        ({"input_ids": IDS, "labels": [1, 2]}, r"labels must be a token of each place, of the shape \(2, 3\)"),
        ({"input_ids": IDS, "labels": [[1, 2, 11], [0, 0, 0]]}, "labels holds the id 11; ids here go from 0 to 10"),
        ({"input_ids": IDS, "labels": [[1, 2, -1], [0, 0, 0]]}, "labels holds the id -1"),
        ({"input_ids": {"input_ids": IDS, "atention_mask": 1}}, "did you mean 'attention_mask'"),
        ({"input_ids": {"labels": IDS}}, "input_ids is missing; there is: labels"),
        ({"input_ids": {"input_ids": IDS}, "labels": IDS}, "is a mapping, which holds mask and labels itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        rows_of(WORDS, **given)


def test_classes_are_of_rows() -> None:
    assert rows_of(CLASSES, IDS, labels=[2, -100]).labels is not None
    with pytest.raises(SpecError, match=r"labels must be a class of each row, of the shape \(2,\), got \(2, 3\)"):
        rows_of(CLASSES, IDS, labels=IDS)
    with pytest.raises(SpecError, match="labels holds the id 3; ids here go from 0 to 2"):
        rows_of(CLASSES, IDS, labels=[0, 3])


def test_padding_may_be_longer_than_the_positions() -> None:
    assert len(rows_of(WORDS, [[0] * 9], [[0] * 6 + [1] * 3])) == 1


def test_rows_of_different_lengths_are_filled_up() -> None:
    made = padded([[1, 2], [3], [4, 5, 6]])
    assert made["input_ids"].tolist() == [[1, 2, 0], [3, 0, 0], [4, 5, 6]]
    assert made["attention_mask"].tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    cut = padded([[1, 2, 3], [4]], length=2, fill=9)
    assert (cut["input_ids"].tolist(), cut["attention_mask"].tolist()) == ([[1, 2], [4, 9]], [[1, 1], [1, 0]])
    for rows in ([], [[1], []]):
        with pytest.raises(SpecError, match="rows"):
            padded(rows)


def test_rows_are_taken_without_columns_that_nobody_uses() -> None:
    rows = rows_of(WORDS, [[1, 2, 3], [4, 5, 6]], [[0, 1, 0], [1, 1, 0]], labels=IDS)
    one = rows.taken(slice(1))
    assert one.labels is not None
    assert (one.ids.tolist(), one.mask.tolist(), one.labels.tolist()) == ([[2]], [[1]], [[2]])


def test_parts_are_of_one_size_and_what_fills_up_the_last_teaches_nothing() -> None:
    parts = rows_of(CLASSES, [[1], [2], [3]], labels=[0, 1, 2]).parts(2)
    labels = [part.labels.tolist() for part in parts if part.labels is not None]
    assert ([part.ids.tolist() for part in parts], labels) == ([[[1], [2]], [[3], [1]]], [[0, 1], [2, -100]])
