"""A bar of progress for work whose steps are known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wsesim.cli.options import manner
from wsesim.signs import printable


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how much of *what* is done, on a terminal; yields a function that takes (done, of, what is done now)."""
    if manner().silent or not sys.stderr.isatty():
        yield lambda _done, _total, _now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    named, now = (TextColumn(f"{{task.{each}}}", markup=False) for each in ("fields[what]", "description"))
    columns = (named, BarColumn(), MofNCompleteColumn(), now)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, what=printable(what, keep=""))
        yield lambda done, total, now: shown.update(
            task, completed=done, total=total, description=printable(now, keep="")
        )  # fmt: skip
