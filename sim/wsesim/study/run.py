"""Answer every point of a study, in this process or in several; the table is the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, as_completed
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from wsesim.errors import SpecError
from wsesim.study.figures import with_efficiency
from wsesim.study.journal import Journal, all_said
from wsesim.study.pareto import Figures
from wsesim.study.point import Answered, PointTask, failed, journal_at, keeping, known_point, run_points, tasks_of
from wsesim.study.processes import processes, starting
from wsesim.study.pruning import pruned
from wsesim.study.search import searched
from wsesim.study.spec import Parameter, Study
from wsesim.study.table import PointRow, SweepTable

FEW = 100
"""Points that are done here before processes have started; one takes some 7 ms, a process half a second to start."""
MOST_TOGETHER, SHARES = 32, 16
"""Points that are sent to a process together, and into how many such parts at least its share is cut."""
PROBED = 16
"""Points that are looked up first, to see whether the journal knows the most."""
_DIED = "its process ended twice before it was done (out of memory?); jobs=1 simulates it without processes"

SweepProgress = Callable[[int, int], None]
"""Told (points done, points in all)."""


def sweep(
    study: Study, *, jobs: int | None = None, executor: Executor | None = None, journal: Path | None = None,
    progress: SweepProgress | None = None,
) -> SweepTable:  # fmt: skip
    """Answer every point of *study*.

    A point that does not fit, or whose settings do not go together, has a row that says so. The table does not depend
    on *jobs*, on the executor, on the journal, or on the order in which points are done.

    Args:
        study: from `load_study` or `study_of`.
        jobs: processes to use; None for one a core, or for none if there are few points.
        executor: where to simulate points instead, for example of a cluster; it is not shut down.
        journal: the file in which answers are kept and found again (`journal_place`); None for none.
        progress: told (points done, points in all) whenever points are done.

    Raises:
        InputError: its best is searched for, and optuna is not installed.
        SpecError: jobs below 1.
    """
    if jobs is not None and jobs < 1:
        raise SpecError("jobs", f"must be at least 1, got {jobs}")
    count = len(study)
    wanted = min(jobs or (1 if count < FEW else os.cpu_count() or 1), count)
    if study.optimize is None and not study.prune:
        return _answered(study, wanted, executor, journal, progress)
    ours, reached = processes(wanted) if executor is None and wanted > 1 else nullcontext(executor), list[Figures]()
    with ours as pool:
        if study.optimize is None:
            return _pruned(study, pool, journal, progress, reached)
        ask = partial(_pruned, reached=reached) if study.prune else _one_by_one
        return searched(study, lambda points: ask(points, pool, journal, None), progress)


def _one_by_one(
    study: Study, executor: Executor | None, journal: Path | None, progress: SweepProgress | None
) -> SweepTable:
    return _answered(study, 1, executor, journal, progress)


def _answered(
    study: Study, jobs: int, executor: Executor | None, journal: Path | None, progress: SweepProgress | None
) -> SweepTable:
    """Answer the points of a study that says all of them."""
    work = _worked(tasks_of(study), jobs, executor, journal, progress)
    return _table(study, work.rows(), work.known, work.said)


def _pruned(
    study: Study, executor: Executor | None, journal: Path | None, progress: SweepProgress | None,
    reached: list[Figures],
) -> SweepTable:  # fmt: skip
    """Answer the points of a study that may be among its best."""
    done, known, said = 0, 0, list[str]()

    def answer(tasks: Sequence[PointTask]) -> Sequence[PointRow]:
        nonlocal done, known
        work = _worked(tuple(tasks), 1, executor, journal, None)
        known, done = known + work.known, done + (0 if tasks and tasks[0].bounds else len(tasks))
        said.extend(work.said)
        if progress:
            progress(done, len(study))
        return work.rows()

    tasks = tasks_of(study)
    rows = pruned(study, tasks, answer, reached) if study.prune else dict(enumerate(answer(tasks)))
    if progress:
        progress(len(study), len(study))
    return _table(study, tuple(rows[task.number] for task in tasks), known, said)


def _worked(
    tasks: tuple[PointTask, ...], jobs: int, executor: Executor | None, journal: Path | None,
    progress: SweepProgress | None,
) -> _Work:  # fmt: skip
    work = _Work(tasks, journal, progress)
    if executor is not None:
        work.elsewhere(executor)
    elif jobs == 1:
        work.here()
    else:
        work.in_processes(jobs)
    return work


def _table(study: Study, found: Sequence[PointRow], known: int, said: Iterable[str]) -> SweepTable:
    rows = tuple(keeping(study, row) for row in with_efficiency(study, tuple(found)))
    return SweepTable(study=study, rows=rows, known=known, said=all_said(said))


def estimate_s(study: Study, *, jobs: int | None = None) -> float:
    """Return the seconds that *study* takes, as some of its points say; they are answered for it."""
    tasks = tasks_of(replace(study, axes=tuple(tuple(map(_ends, axis)) for axis in study.axes)))
    chosen = tasks[:: max(1, len(tasks) // 4)]
    started = time.process_time()
    run_points(chosen, None)
    each_s = (time.process_time() - started) / len(chosen)
    return len(study) * each_s / (jobs or os.cpu_count() or 1)


def _ends(parameter: Parameter) -> Parameter:
    values = parameter.values
    return replace(parameter, values=tuple(values[place] for place in (0, len(values) // 2, -1)))


class _Work:
    """Points to do and points done."""

    def __init__(self, tasks: tuple[PointTask, ...], journal: Path | None, progress: SweepProgress | None) -> None:
        self._tasks, self._journal, self._progress = tasks, journal, progress
        self._done: dict[int, PointRow] = {}
        self.known = 0
        self.said: list[str] = []

    def rows(self) -> tuple[PointRow, ...]:
        """Return the rows in the order of the points; one that was lost says so."""
        return tuple(self._done.get(task.number) or failed(task, _DIED) for task in self._tasks)

    def here(self) -> None:
        """Do everything in this process."""
        for task in self._missing():
            self._take(run_points((task,), self._journal))

    def in_processes(self, jobs: int) -> None:
        """Do everything in *jobs* processes of our own; if they die, once more what is missing.

        Where the journal knows the most, what it knows is looked up here: a process takes longer to start.
        """
        if self._journal and self._look_up(self._tasks[:PROBED]) >= min(PROBED, len(self._tasks)) / 2:
            self._look_up(self._missing())
        for _ in range(2):
            missing = self._missing()
            if not missing:
                return
            with processes(min(jobs, len(missing))) as pool:
                self._on(pool, jobs, self._journal)

    def elsewhere(self, executor: Executor) -> None:
        """Do on *executor* what the journal does not know, and keep here what is found there."""
        self._look_up(self._missing())
        journal = journal_at(self._journal) if self._journal else None
        self._on(executor, getattr(executor, "_max_workers", len(self._tasks)), None, journal)

    def _look_up(self, tasks: Sequence[PointTask]) -> int:
        """Do what the journal knows of *tasks*; return how many it knows."""
        if self._journal is None:
            return 0
        before, journal = self.known, journal_at(self._journal)
        for task in tasks:
            if row := known_point(task, journal):
                self._take(Answered(rows={task.number: row}, kept={}, known=1, said=()))
        return self.known - before

    def _on(self, executor: Executor, jobs: int, place: Path | None, journal: Journal | None = None) -> None:
        """Do what is missing on *executor*, until it is done or the executor breaks."""
        futures: list[Future[Answered]] = []
        missing = self._missing()
        together = max(1, min(MOST_TOGETHER, len(missing) // (SHARES * jobs)))
        try:
            with starting():
                for first in range(0, len(missing), together):
                    futures.append(
                        executor.submit(run_points, missing[first : first + together], place, journal is not None)
                    )
            for future in as_completed(futures):
                lost = CancelledError("they were cancelled") if future.cancelled() else future.exception()
                if isinstance(lost, BrokenExecutor):
                    raise lost
                if lost:
                    self.said.append(f"Points were lost on their way: {type(lost).__name__}: {lost}")
                else:
                    self._take(future.result(), journal)
        except BrokenExecutor:
            self._keep_finished(futures, journal)

    def _missing(self) -> Sequence[PointTask]:
        return tuple(task for task in self._tasks if task.number not in self._done)

    def _take(self, answered: Answered, journal: Journal | None = None) -> None:
        self._done |= answered.rows
        self.known += answered.known
        self.said += answered.said
        for key, kept in answered.kept.values() if journal else ():
            assert journal is not None, "there is one"
            journal.keep(key, kept)
        if journal:
            self.said += journal.said
            journal.said.clear()
        if self._progress is not None:
            self._progress(len(self._done), len(self._tasks))

    def _keep_finished(self, futures: Iterable[Future[Answered]], journal: Journal | None) -> None:
        for future in futures:
            if future.done() and not future.cancelled() and future.exception() is None:
                found = future.result()
                if not found.rows.keys() <= self._done.keys():
                    self._take(found, journal)
