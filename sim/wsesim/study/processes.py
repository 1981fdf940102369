"""Processes of our own that answer points: they end with their parent, and Ctrl-C is the parent's to handle."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType

from wsesim import questions


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Yield an executor of *count* processes; what they are at when something is raised is not waited for."""
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),  # a fork of a process with threads can hang
        initializer=_begin,
        initargs=(tuple(questions.__path__),),
    )
    others = multiprocessing.active_children()
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()  # what it is at may take minutes, and nobody waits for it
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def starting() -> Iterator[None]:
    """Let processes start: without the script that is running, and without Ctrl-C in their beginning."""
    with _without_main(), _undisturbed():
        yield


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
