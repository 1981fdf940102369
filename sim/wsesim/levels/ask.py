"""File → comparison: what kind of question it is, and its answers at some levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wsesim.kernelrun.load import load_kernel
from wsesim.kernelrun.peek import is_kernel_file
from wsesim.kernelrun.question import KernelQuestion
from wsesim.levels.comparison import LEVELS, Comparison
from wsesim.workload import Workload, load_workload

Question = Workload | KernelQuestion


def _silent(done: int, total: int, now: str) -> None:
    """Report nothing."""


def load_question(path: str | Path, *, settings: Sequence[str] = ()) -> Question:
    """Read a workload or a kernel's file; *settings* replace what it says.

    Raises:
        InputError: with every problem, each at its line.
    """
    if is_kernel_file(path):
        return load_kernel(path, settings=settings)
    return load_workload(path, settings=settings)


def compare(
    question: Question, levels: Sequence[str] = LEVELS, *, tell: Callable[[int, int, str], None] = _silent
) -> Comparison:
    """Answer *question* at *levels*; *tell* is called with (done, of, what is done now).

    Raises:
        InputError: sizes that cannot be, or a trace of requests that cannot be read.
    """
    if isinstance(question, KernelQuestion):
        from wsesim.levels.kernel import compare_kernel

        return compare_kernel(question, levels, tell)
    if question.serving is not None:
        from wsesim.levels.service import compare_service

        return compare_service(question, levels, tell)
    if question.resident:
        from wsesim.levels.inference import compare_request

        return compare_request(question, levels, tell)
    from wsesim.levels.training import compare_step

    return compare_step(question, levels, tell)
