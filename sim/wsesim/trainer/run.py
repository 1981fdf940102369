"""A whole training into a folder, from its beginning or from where a run before left it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from wsesim import answers
from wsesim.questions.base import Question
from wsesim.trainer.course import Course
from wsesim.trainer.loop import Learner, Tell, begin, resume, train
from wsesim.trainer.output import Report, write_training
from wsesim.trainer.wafer import OnWafer, on_wafer


@dataclass(slots=True)
class _Keeper:
    """Writes the folder each time there is something to keep; the first time it replaces only what it may."""

    out: Path
    wafer: OnWafer
    started: float
    before: int
    overwrite: bool

    def report(self, learner: Learner) -> Report:
        cpu_s = time.process_time() - self.started
        return Report(learner=learner, wafer=self.wafer, cpu_s=cpu_s, steps=learner.progress.step - self.before)

    def keep(self, learner: Learner) -> None:
        write_training(self.report(learner), self.out, overwrite=self.overwrite)
        self.overwrite = True


def learn_by(question: Question, out: Path, *, force: bool, again: bool, tell: Tell) -> Report:
    """Train by *question* and keep all of it in the folder *out*, which is whole after each evaluation.

    Args:
        question: one of training with a section `learning`.
        out: the folder.
        force: whether a folder that a run wrote is replaced.
        again: whether to go on from the checkpoint there, if there is one.
        tell: told how far it is.

    Raises:
        InputError: the question, its text or the folder cannot be used, or the training diverges.
    """
    course = Course(question=question)
    answers.check_folder(out, overwrite=force or again)
    started = time.process_time()
    tell(0, course.steps, "reading the text")
    learner = resume(course, out) if again and out.exists() else begin(course)
    keeper = _Keeper(out, on_wafer(course), started, learner.progress.step, force or again)
    if not learner.done:
        train(learner, keep=keeper.keep, tell=tell)
    return keeper.report(learner)
