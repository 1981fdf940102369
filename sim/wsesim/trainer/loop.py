"""The training itself: step by step, evaluated in between, kept each time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError
from wsesim.numerics import NamedArrays, SeededWeights, forward, step, token_inputs
from wsesim.trainer.checkpoint import read_checkpoint
from wsesim.trainer.corpus import Corpus, corpus_of
from wsesim.trainer.course import Course
from wsesim.trainer.progress import Evaluation, Learned, Progress
from wsesim.trainer.samples import write_sample

Tell = Callable[[int, int, str], None]
"""Told (done, of, what is done now)."""
Keep = Callable[["Learner"], None]
"""Called each time there is something to keep."""


@dataclass(slots=True, kw_only=True)
class Learner:
    """A training on its way: weights, moments and curve change as it goes on."""

    course: Course
    corpus: Corpus
    arrays: NamedArrays
    progress: Progress

    @property
    def done(self) -> bool:
        """Whether no step is left."""
        return self.progress.step >= self.course.steps


def begin(course: Course) -> Learner:
    """Return a training before its first step.

    Raises:
        InputError: the text cannot be read, or is too short.
    """
    corpus = corpus_of(course)
    arrays = NamedArrays.begin(course.graph, SeededWeights(course.graph, int(course.learning["seed"])))
    return Learner(course=course, corpus=corpus, arrays=arrays, progress=Progress())


def resume(course: Course, folder: Path) -> Learner:
    """Return a training where its checkpoint in *folder* left it.

    Raises:
        InputError: the text cannot be read, there is no checkpoint, or it is of another training.
    """
    corpus = corpus_of(course)
    arrays, progress = read_checkpoint(course, corpus.sha256, folder)
    return Learner(course=course, corpus=corpus, arrays=arrays, progress=progress)


def train(learner: Learner, *, keep: Keep, tell: Tell) -> None:
    """Go on to the last step; *keep* is called at each evaluation.

    Raises:
        InputError: gradients are no finite numbers: it has diverged.
    """
    course, progress = learner.course, learner.progress
    if not progress.evaluations:
        progress.evaluations.append(_evaluated(learner))
    while not learner.done:
        tell(progress.step, course.steps, _said(progress))
        progress.learned.append(_learned(learner))
        if progress.step % int(course.learning["evaluate_every"]) == 0 or learner.done:
            progress.evaluations.append(_evaluated(learner))
            keep(learner)


def _learned(learner: Learner) -> Learned:
    course, number = learner.course, learner.progress.step + 1
    ids = learner.corpus.batch(number, int(course.learning["seed"]), course.sequences, course.length)
    parts = [token_inputs(course.graph, part) for part in _parts(ids, course.part)]
    taken = step(course.graph, learner.arrays, parts, course.optimizer, number)
    nats = sum(taken.losses.values())
    if not isfinite(taken.norm) or not isfinite(nats):
        raise InputError.at(f"step {number:,}: gradients are no finite numbers, the training has diverged; lower "
                            "learning.learning_rate, or warm up longer", file=course.question.asked.file)  # fmt: skip
    return Learned(step=number, nats=nats, bits_a_byte=learner.corpus.bits_a_byte(nats, ids), norm=taken.norm,
                   learning_rate=taken.learning_rate)  # fmt: skip


def _evaluated(learner: Learner) -> Evaluation:
    course, corpus = learner.course, learner.corpus
    sequences = -(-int(course.learning["evaluation_sequences"]) // course.part) * course.part
    ids = corpus.judged(sequences, course.length)
    losses = [forward(course.graph, learner.arrays, token_inputs(course.graph, part)).loss
              for part in _parts(ids, course.part)]  # fmt: skip
    nats = sum(losses) / len(losses)
    done = learner.progress.step
    return Evaluation(step=done, nats=nats, bits_a_byte=corpus.bits_a_byte(nats, ids),
                  sample=write_sample(course, learner.arrays, corpus.tokenizer, done))  # fmt: skip


def _parts(ids: NDArray[np.int64], sequences: int) -> list[NDArray[np.int64]]:
    return [ids[at : at + sequences] for at in range(0, len(ids), sequences)]


def _said(progress: Progress) -> str:
    now = f"{progress.learned[-1].nats:.3f} nats a token, " if progress.learned else ""
    return f"{now}held out {progress.evaluations[-1].nats:.3f}"
