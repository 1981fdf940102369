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
from wsesim.trainer.seeds import SeedsReport, write_seeds
from wsesim.trainer.wafer import AnsweringOnWafer, OnWafer, answering_on_wafer, on_wafer


@dataclass(slots=True)
class _Keeper:
    """Writes the folder each time there is something to keep; the first time it replaces only what it may."""

    out: Path
    wafer: OnWafer
    answering: AnsweringOnWafer
    started: float
    before: int
    overwrite: bool

    def report(self, learner: Learner) -> Report:
        cpu_s = time.process_time() - self.started
        return Report(learner=learner, wafer=self.wafer, answering=self.answering, cpu_s=cpu_s,
                      steps=learner.progress.step - self.before)  # fmt: skip

    def keep(self, learner: Learner) -> None:
        write_training(self.report(learner), self.out, overwrite=self.overwrite)
        self.overwrite = True


def seeds_of(question: Question) -> tuple[int, ...]:
    """Return the seeds of the trainings that a question asks for.

    Raises:
        InputError: it says nothing of learning.
    """
    learning = Course(question=question).question.asked.resolved["learning"]
    seeds, first = learning["seeds"], int(learning["seed"])
    if seeds is None:
        return (first,)
    return tuple(seeds) if isinstance(seeds, list) else tuple(range(first, first + int(seeds)))


def learn_by(question: Question, out: Path, *, force: bool, again: bool, tell: Tell) -> Report | SeedsReport:
    """Train by *question* and keep all of it in the folder *out*, which is whole after each evaluation.

    Of several seeds each has a folder of its own beside it, and *out* is written when all are done.

    Args:
        question: one of training with a section `learning`.
        out: the folder.
        force: whether a folder that a run wrote is replaced.
        again: whether to go on from the checkpoint there, if there is one.
        tell: told how far it is.

    Raises:
        InputError: the question, its text or the folder cannot be used, or the training diverges.
    """
    seeds = seeds_of(question)
    if question.asked.resolved["learning"]["seeds"] is None:
        return _learn(Course(question=question), out, force=force, again=again, tell=tell)
    folders = {seed: out.with_name(f"{out.name}-seed-{seed}") for seed in seeds}
    for folder in (out, *folders.values()):
        answers.check_folder(folder, overwrite=force or again)
    reports = list[Report]()
    for seed, folder in folders.items():
        course, like = Course(question=question, seed=seed), reports[0] if reports else None
        reports.append(_learn(course, folder, force=force, again=again, tell=tell, like=like))
    found = SeedsReport(reports=tuple(reports), folders=tuple(folder.name for folder in folders.values()))
    write_seeds(found, out, overwrite=force or again)
    return found


def _learn(
    course: Course, out: Path, *, force: bool, again: bool, tell: Tell, like: Report | None = None
) -> Report:  # fmt: skip
    """Train in one folder; on the wafer it takes what *like* takes, which differs by its seed alone."""
    answers.check_folder(out, overwrite=force or again)
    started = time.process_time()
    tell(0, course.steps, "reading the text")
    learner = resume(course, out) if again and out.exists() else begin(course)
    wafer = like.wafer if like else on_wafer(course)
    answering = like.answering if like else answering_on_wafer(course, *learner.lessons.asked(course))
    keeper = _Keeper(out, wafer, answering, started, learner.progress.step, force or again)
    if not learner.done:
        train(learner, keep=keeper.keep, tell=tell)
    return keeper.report(learner)
