"""Answer every point of a study, in this process or in several; the table is the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from wsesim import questions
from wsesim.answer import Level
from wsesim.errors import InputError, SpecError, WsesimError
from wsesim.questions import KEY
from wsesim.study.figures import figure_of, with_efficiency
from wsesim.study.spec import Study, Value, plain
from wsesim.study.table import ERROR, PointRow, SweepTable
from wsesim.workload import set_path

FEW = 32
"""Points that are done here before processes have started; one takes some 30 ms, a process half a second to start."""
_DIED = "its process ended twice before it was done (out of memory?); jobs=1 simulates it without processes"

SweepProgress = Callable[[int, int], None]
"""Told (points done, points in all)."""


def sweep(
    study: Study, *, jobs: int | None = None, executor: Executor | None = None, progress: SweepProgress | None = None
) -> SweepTable:
    """Answer every point of *study*.

    A point that does not fit, or whose settings do not go together, has a row that says so. The table does not depend
    on *jobs*, on the executor, or on the order in which points are done.

    Args:
        study: from `load_study`.
        jobs: processes to use; None for one a core, or for none if there are few points.
        executor: where to simulate points instead, for example of a cluster; it is not shut down.
        progress: told (points done, points in all) after each point.

    Raises:
        SpecError: jobs below 1.
    """
    if jobs is not None and jobs < 1:
        raise SpecError("jobs", f"must be at least 1, got {jobs}")
    tasks = tasks_of(study)
    wanted = jobs or (1 if len(tasks) < FEW else os.cpu_count() or 1)
    work = _Work(tasks, progress)
    if executor is not None:
        work.on(executor)
    elif min(wanted, len(tasks)) == 1:
        work.here()
    else:
        work.in_processes(min(wanted, len(tasks)))
    return SweepTable(study=study, rows=with_efficiency(study, work.rows()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTask:
    """What a point needs: small and plain, so that it can be sent to a process."""

    number: int
    kind: str
    values: Mapping[str, Value]
    fixed: Mapping[str, Value]
    data: Mapping[str, Any]
    file: str
    folder: Path
    figures: tuple[str, ...]
    level: Level | None


def tasks_of(study: Study) -> tuple[PointTask, ...]:
    """Return a task for every point, in order."""
    usual = study.fixed.get(KEY, study.base.kind)
    return tuple(
        PointTask(number=number, kind=str(values.get(KEY, usual)), values=values, fixed=dict(study.fixed),
                  data=dict(study.data), file=study.base.asked.file, folder=study.base.asked.folder,
                  figures=study.figures, level=study.level)
        for number, values in enumerate(study.points())
    )  # fmt: skip


def run_point(task: PointTask) -> PointRow:
    """Answer one point; what is wrong with it, or too large about it, stands in its row."""
    schema = questions.kinds()[task.kind].file
    data, changes = dict(task.data), {**task.fixed, **task.values}
    try:
        for name in sorted(changes, key=_sections_first):
            set_path(data, name, plain(changes[name]), schema)
        question = questions.ask(data, file=task.file, folder=task.folder)
        result = questions.run(question, level=task.level, verify=False)
    except WsesimError as error:
        return failed(task, _reason(error))
    return PointRow(
        values=task.values,
        status=result.status.value,
        why=result.why,
        figures={name: figure_of(result, name, question) for name in task.figures},
        inputs_sha256=result.provenance.inputs_sha256,
    )


def failed(task: PointTask, why: str) -> PointRow:
    """Return the row of a point that could not be asked."""
    return PointRow(values=task.values, status=ERROR, why=why, figures=dict.fromkeys(task.figures))


def _sections_first(name: str) -> bool:
    """A whole section, `model`, is set before what changes it, `model.layers`."""
    return "." in name


def _reason(error: WsesimError) -> str:
    return "; ".join(problem.message for problem in error.problems) if isinstance(error, InputError) else str(error)


class _Work:
    """Points to do and points done."""

    def __init__(self, tasks: tuple[PointTask, ...], progress: SweepProgress | None) -> None:
        self._tasks, self._progress = tasks, progress
        self._done: dict[int, PointRow] = {}

    def rows(self) -> tuple[PointRow, ...]:
        """Return the rows in the order of the points; one that was lost says so."""
        return tuple(self._done.get(task.number) or failed(task, _DIED) for task in self._tasks)

    def here(self) -> None:
        """Do everything in this process."""
        for task in self._missing():
            self._keep(task.number, run_point(task))

    def in_processes(self, jobs: int) -> None:
        """Do everything in *jobs* processes of our own; if they die, once more what is missing."""
        for _ in range(2):
            missing = self._missing()
            if not missing:
                return
            pool = ProcessPoolExecutor(
                min(jobs, len(missing)),
                mp_context=multiprocessing.get_context("spawn"),  # a fork of a process with threads can hang
                initializer=_begin,
                initargs=(tuple(questions.__path__),),
            )
            others = multiprocessing.active_children()
            try:
                self.on(pool)
            except BaseException:
                for process in multiprocessing.active_children():
                    if process not in others:
                        process.terminate()  # what it is at may take minutes, and nobody waits for it
                raise
            finally:
                pool.shutdown(cancel_futures=True)

    def on(self, executor: Executor) -> None:
        """Do what is missing on *executor*, until it is done or the executor breaks."""
        futures: dict[Future[PointRow], int] = {}
        try:
            with _without_main(), _undisturbed():
                for task in self._missing():
                    futures[executor.submit(run_point, task)] = task.number
            for future in as_completed(futures):
                self._keep(futures[future], future.result())
        except BrokenExecutor:
            self._keep_finished(futures.items())

    def _missing(self) -> list[PointTask]:
        return [task for task in self._tasks if task.number not in self._done]

    def _keep(self, number: int, row: PointRow) -> None:
        self._done[number] = row
        if self._progress is not None:
            self._progress(len(self._done), len(self._tasks))

    def _keep_finished(self, futures: Iterable[tuple[Future[PointRow], int]]) -> None:
        for future, number in futures:
            whole = future.done() and not future.cancelled() and future.exception() is None
            if whole and number not in self._done:
                self._keep(number, future.result())


def _begin(kinds: Sequence[str]) -> None:
    """Prepare a worker: *kinds* are the folders where kinds of question are, which a user may have added to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: a worker would print a traceback
    questions.__path__[:] = kinds
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone, even if that was killed and could tell nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # waits for the end of a pipe that only the parent holds
        os._exit(1)


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the script that is running from processes that start now.

    They need nothing of it, and would run it first: one without `if __name__ == "__main__":` would sweep again.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back while processes start; they begin with it held back, and would print tracebacks else.

    A thread that does not hold it back, that of a progress bar, may hear it for this one: it is raised here at the end.
    """
    if sys.platform == "win32":
        yield
        return
    heard: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    ours = callable(handler) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if ours:
            signal.signal(signal.SIGINT, handler)
        if heard:
            signal.raise_signal(signal.SIGINT)
