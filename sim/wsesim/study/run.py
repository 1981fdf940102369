"""Simulate every point of a study, in this process or in several; the table is the same."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType

from wsesim.errors import SpecError
from wsesim.study.point import Task, failed, run_point, tasks_of
from wsesim.study.scaling import with_efficiency
from wsesim.study.spec import Study
from wsesim.study.table import Row, SweepTable

FEW = 32
"""Points that are done here before processes have started; one takes some 30 ms, a process half a second to start."""
_DIED = "its process ended twice before it was done (out of memory?); jobs=1 simulates it without processes"

Progress = Callable[[int, int], None]


def sweep(
    study: Study, *, jobs: int | None = None, executor: Executor | None = None, progress: Progress | None = None
) -> SweepTable:
    """Simulate every point of *study*.

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


class _Work:
    """Points to do and points done."""

    def __init__(self, tasks: tuple[Task, ...], progress: Progress | None) -> None:
        self._tasks, self._progress = tasks, progress
        self._done: dict[int, Row] = {}

    def rows(self) -> tuple[Row, ...]:
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
                mp_context=get_context("spawn"),  # a fork of a process with threads (a progress bar is one) can hang
                initializer=signal.signal,
                initargs=(signal.SIGINT, signal.SIG_IGN),  # Ctrl-C is ours to handle: a worker would print a traceback
            )
            try:
                self.on(pool)
            finally:
                pool.shutdown(cancel_futures=True)

    def on(self, executor: Executor) -> None:
        """Do what is missing on *executor*, until it is done or the executor breaks."""
        futures: dict[Future[Row], int] = {}
        try:
            with _without_main():
                for task in self._missing():
                    futures[executor.submit(run_point, task)] = task.number
            for future in as_completed(futures):
                self._keep(futures[future], future.result())
        except BrokenExecutor:
            self._keep_finished(futures.items())
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def _missing(self) -> list[Task]:
        return [task for task in self._tasks if task.number not in self._done]

    def _keep(self, number: int, row: Row) -> None:
        self._done[number] = row
        if self._progress is not None:
            self._progress(len(self._done), len(self._tasks))

    def _keep_finished(self, futures: Iterable[tuple[Future[Row], int]]) -> None:
        for future, number in futures:
            whole = future.done() and not future.cancelled() and future.exception() is None
            if whole and number not in self._done:
                self._keep(number, future.result())


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
