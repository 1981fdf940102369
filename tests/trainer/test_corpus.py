"""What a step sees follows from seed and step; what is held out is never learned from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wsesim.errors import InputError
from wsesim.numerics import load_text
from wsesim.trainer import Course, begin
from wsesim.trainer.corpus import Corpus, corpus_of

MakeCourse = Callable[..., Course]


def test_the_text_is_cut_by_the_first_merges_and_loses_nothing(course: MakeCourse) -> None:
    corpus = corpus_of(course())
    assert corpus.tokenizer.vocab_size == 300
    assert max(corpus.learned.max(), corpus.held.max()) < 299
    assert int(corpus.bytes_of[corpus.learned].sum() + corpus.bytes_of[corpus.held].sum()) == len(
        load_text("sample:sotu").encode()
    )


def test_the_ends_of_ten_parts_are_held_out(course: MakeCourse, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("".join(chr(65 + at // 100) for at in range(1000)))
    corpus = corpus_of(course(tmp_path, text="text", held_out=0.2))
    assert corpus.tokenizer.decode(corpus.held) == "".join(chr(65 + part) * 20 for part in range(10))
    assert corpus.tokenizer.decode(corpus.learned) == "".join(chr(65 + part) * 80 for part in range(10))


def test_batches_follow_from_seed_and_step(course: MakeCourse) -> None:
    corpus = corpus_of(course())
    first, labels = corpus.batch(1, course()).values()
    np.testing.assert_array_equal(first, corpus.batch(1, course())["ids"])
    np.testing.assert_array_equal(first, labels)
    assert first.shape == (4, 16)
    assert not np.array_equal(first, corpus.batch(2, course())["ids"])
    assert not np.array_equal(first, corpus.batch(1, course(seed=1))["ids"])
    np.testing.assert_array_equal(corpus.judged(2, 16)[0], corpus.held[:16])
    np.testing.assert_array_equal(corpus.judged(2, 16)[1], corpus.held[-16:])


def test_bits_a_byte_by_hand(course: MakeCourse) -> None:
    corpus = corpus_of(course())
    ids = np.array([corpus.tokenizer.encode(" the")[:1] * 3])
    size = int(corpus.bytes_of[ids[0, 0]])
    assert size > 1
    assert corpus.bits_a_byte(np.log(2) * size, ids) == pytest.approx(1.0)


def test_a_text_too_short_is_refused(course: MakeCourse, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("ab" * 50)
    with pytest.raises(InputError, match=r"text has 100 tokens, 10 of them held out: too few for a sequence of 16"):
        corpus_of(course(tmp_path, text="text"))


def test_a_file_that_is_called_as_a_world_is_a_file(course: MakeCourse, tmp_path: Path) -> None:
    (tmp_path / "world").write_text("ab" * 500)
    assert isinstance(begin(course(tmp_path, text="world")).lessons, Corpus)
