"""A text as tokens, a part of it held out; which tokens a step sees follows from seed and step alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError
from wsesim.learning import data_folder, find_text
from wsesim.numerics import NamedArrays, Tokenizer, forward, load_text, token_inputs
from wsesim.trainer.course import Course
from wsesim.trainer.lessons import Ids, Verdict
from wsesim.trainer.samples import write_sample
from wsesim.workload import SAMPLE

PARTS = 10
"""Equal parts of a text, each of which ends in what is held out: early and late pages are judged alike."""
DATA = "data:"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """Tokens to learn from, and others to be judged by."""

    learned: NDArray[np.int32]
    held: NDArray[np.int32]
    bytes_of: Ids
    """Bytes that each token of the vocabulary stands for."""
    tokenizer: Tokenizer
    sha256: str
    """Of the text."""

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        held = f"{self.held.size:,} held out, the end of each of ten equal parts"
        return f"{self.learned.size:,} tokens to learn from, {held}; a vocabulary of {self.tokenizer.vocab_size:,}."

    def batch(self, step: int, course: Course) -> tuple[Ids, Ids]:
        """Return ids and labels of a step (from 1), [sequences, length], each from a place drawn at random."""
        draw = np.random.default_rng((int(course.learning["seed"]), step))
        starts = draw.integers(0, len(self.learned) - course.length + 1, size=course.sequences)
        ids = _windows(self.learned, starts, course.length)
        return ids, ids

    def judge(self, course: Course, weights: NamedArrays, step: int) -> Verdict:
        """Judge *weights* after *step* steps by what is held out, and let them write."""
        ids = self.judged(-(-int(course.learning["evaluation_sequences"]) // course.part) * course.part, course.length)
        losses = [forward(course.graph, weights, token_inputs(course.graph, ids[at : at + course.part])).loss
                  for at in range(0, len(ids), course.part)]  # fmt: skip
        nats = sum(losses) / len(losses)
        sample = write_sample(course, weights, self.tokenizer, step) if isfinite(nats) else ""
        return Verdict(nats=nats, bits_a_byte=self.bits_a_byte(nats, ids), sample=sample)

    def test(self, course: Course, weights: NamedArrays) -> Mapping[str, float]:
        """Return nothing: a text has no test beside what is held out."""
        return {}

    def judged(self, sequences: int, length: int) -> Ids:
        """Return ids that are held out, [sequences, length], their places spread evenly."""
        return _windows(self.held, np.linspace(0, len(self.held) - length, sequences).astype(np.int64), length)

    def bits_a_byte(self, nats: float, ids: Ids) -> float:
        """Return a loss in nats a token, the mean over all tokens of *ids* but the first of each, in bits a byte."""
        told = ids[:, 1:]
        return nats * told.size / float(self.bytes_of[told].sum()) / log(2)


def corpus_of(course: Course) -> Corpus:
    """Read the text of a training and cut it into tokens.

    Raises:
        InputError: it cannot be read, or it is too short for a sequence on either side.
    """
    text = _text(str(course.learning["text"]), course.question.asked.folder)
    tokenizer = Tokenizer.gpt2(min(course.model.vocab, Tokenizer.gpt2().vocab_size) - Tokenizer.gpt2(0).vocab_size)
    ids = np.fromiter(tokenizer.iter_encode(text), dtype=np.int32)
    learned, held = _divided(ids, float(course.learning["held_out"]))
    for some, name in ((learned, "to learn from"), (held, "held out")):
        if len(some) < course.length:
            raise InputError.at(
                f"{course.learning['text']} has {len(ids):,} tokens, {len(some):,} of them {name}: too few for a "
                f"sequence of {course.length:,} (batch.length)", file=course.question.asked.file,
            )  # fmt: skip
    sizes = np.array([len(one) for one in tokenizer.token_bytes])
    return Corpus(learned=learned, held=held, bytes_of=sizes, tokenizer=tokenizer,
                  sha256=sha256(text.encode()).hexdigest())  # fmt: skip


def _text(source: str, folder: Path) -> str:
    if source.startswith(DATA):
        package = find_text(source.removeprefix(DATA))
        return package.text(data_folder() / package.archive)
    return load_text(source if source.startswith(SAMPLE) else folder / source)


def _divided(ids: NDArray[np.int32], held_out: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    parts = np.array_split(ids, PARTS)
    ends = [len(part) - round(len(part) * held_out) for part in parts]
    return (np.concatenate([part[:end] for part, end in zip(parts, ends, strict=True)]),
            np.concatenate([part[end:] for part, end in zip(parts, ends, strict=True)]))  # fmt: skip


def _windows(ids: NDArray[np.int32], starts: Ids, length: int) -> Ids:
    found: Ids = ids[starts[:, None] + np.arange(length)].astype(np.int64)
    return found
