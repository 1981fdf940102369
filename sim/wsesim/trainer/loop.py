"""The training itself: step by step, evaluated in between, kept each time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from wsesim.errors import InputError
from wsesim.learning import WORLDS
from wsesim.numerics import NamedArrays, SeededWeights, step
from wsesim.trainer.checkpoint import read_checkpoint
from wsesim.trainer.corpus import DATA, corpus_of
from wsesim.trainer.course import Course
from wsesim.trainer.lessons import Lessons
from wsesim.trainer.progress import Evaluation, Learned, Progress
from wsesim.trainer.stories import Stories

Tell = Callable[[int, int, str], None]
"""Told (done, of, what is done now)."""
Keep = Callable[["Learner"], None]
"""Called each time there is something to keep."""


@dataclass(slots=True, kw_only=True)
class Learner:
    """A training on its way: weights, moments and curve change as it goes on."""

    course: Course
    lessons: Lessons
    arrays: NamedArrays
    progress: Progress

    @property
    def done(self) -> bool:
        """Whether no step is left."""
        return self.progress.step >= self.course.steps


def lessons_of(course: Course) -> Lessons:
    """Return what a course learns from: a text, or a made-up world.

    Raises:
        InputError: it cannot be read, or does not go with the batch.
    """
    name = str(course.learning["text"]).removeprefix(DATA)
    return Stories.of(name, course) if name in WORLDS else corpus_of(course)


def begin(course: Course) -> Learner:
    """Return a training before its first step.

    Raises:
        InputError: the text cannot be read, or is too short.
    """
    lessons = lessons_of(course)
    asked = course.learning
    weights = SeededWeights(course.graph, int(asked["seed"]), deviation=float(asked["weight_deviation"]))
    arrays = NamedArrays.begin(course.graph, weights)
    return Learner(course=course, lessons=lessons, arrays=arrays, progress=Progress(scale=course.loss_scale))


def resume(course: Course, folder: Path) -> Learner:
    """Return a training where its checkpoint in *folder* left it.

    Raises:
        InputError: the text cannot be read, there is no checkpoint, or it is of another training.
    """
    lessons = lessons_of(course)
    arrays, progress = read_checkpoint(course, lessons.sha256, folder)
    return Learner(course=course, lessons=lessons, arrays=arrays, progress=progress)


def train(learner: Learner, *, keep: Keep, tell: Tell) -> None:
    """Go on to the last step; *keep* is called at each evaluation.

    Raises:
        InputError: loss or gradients are no finite numbers: it has diverged.
    """
    course, progress = learner.course, learner.progress
    if not progress.evaluations:
        progress.evaluations.append(_evaluated(learner))
    while not learner.done:
        tell(progress.step, course.steps, _said(progress))
        progress.learned.append(_learned(learner))
        last = progress.step == course.steps
        if last or progress.step % int(course.learning["evaluate_every"]) == 0:
            progress.evaluations.append(_evaluated(learner))
            if last:
                progress.test = dict(learner.lessons.test(course, learner.arrays))
            keep(learner)


def _learned(learner: Learner) -> Learned:
    course, number = learner.course, learner.progress.step + 1
    ids, labels = learner.lessons.batch(number, course)
    parts = [{"ids": ids[at : at + course.part], "labels": labels[at : at + course.part]}
             for at in range(0, len(ids), course.part)]  # fmt: skip
    scale = learner.progress.scale
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is no finite number, which is looked for
        taken = step(
            course.graph, learner.arrays, parts, course.optimizer, number, loss_scale=scale.value,
            storage=course.storage,
        )  # fmt: skip
    nats, overflowed = sum(taken.losses.values()), not isfinite(taken.norm)
    if not isfinite(nats) or (overflowed and (not scale.dynamic or scale.value == scale.least)):
        raise InputError.at(f"step {number:,}: {_why(course)}", file=course.question.asked.file)
    learner.progress.scale = scale.after(overflowed=overflowed)
    return Learned(step=number, nats=nats, bits_a_byte=learner.lessons.bits_a_byte(nats, ids),
                   norm=None if overflowed else taken.norm, loss_scale=scale.value,
                   learning_rate=taken.learning_rate)  # fmt: skip


def _why(course: Course) -> str:
    said = (
        "loss or gradients are no finite numbers, the training has diverged; lower learning.learning_rate, or warm up "
        "longer"
    )
    scaled = course.loss_scale.value != 1 and not course.loss_scale.dynamic
    return f"{said}; or set learning.loss_scaling_factor: dynamic" if scaled else said


def _evaluated(learner: Learner) -> Evaluation:
    done = learner.progress.step
    verdict = learner.lessons.judge(learner.course, learner.arrays, done)
    if not isfinite(verdict.nats):
        raise InputError.at(f"step {done:,}: {_why(learner.course)}", file=learner.course.question.asked.file)
    return Evaluation(step=done, **asdict(verdict))


def _said(progress: Progress) -> str:
    now = f"{progress.learned[-1].nats:.3f} nats a token, " if progress.learned else ""
    last = progress.evaluations[-1]
    right = "" if last.right is None else f", {last.right:.3f} right"
    return f"{now}held out {last.nats:.3f}{right}"
