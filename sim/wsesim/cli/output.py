"""Where words and files go."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli.options import manner
from wsesim.errors import InputError
from wsesim.signs import printable

if TYPE_CHECKING:
    from rich.console import Console

DIFFERS = 1
"""Exit code of a comparison that failed."""
RUNS = Path("runs")
"""Where a run is written unless told otherwise."""
_PIPE_COLUMNS = 120


def say(text: str) -> None:
    """Print *text* for people, unless they asked for silence or JSON."""
    if not manner().silent:
        put(text)


def put(text: str) -> None:
    """Print *text*, whatever was asked for; nothing in it can steer the terminal."""
    click.echo(printable(text).removesuffix("\n"), file=sys.stdout)  # named, or click chooses an encoding of its own


def complain(why: Iterable[str]) -> None:
    """Say on stderr why a command ends in `DIFFERS`, where people see nothing of its answer."""
    if manner().silent:
        for line in why:
            click.echo(printable(f"wsesim: {line}"), err=True)


def print_json(document: Mapping[str, object]) -> None:
    """Print *document*; what JSON cannot say (NaN) is an error, not an extension."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def console() -> Console:
    """Return a console for tables; through a pipe it is wide enough for them."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str] = ()) -> str:
    """Return aligned columns; all but the first and those headed *left* stand to the right, as numbers do."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 or heads[column] in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show what goes on, on a terminal; yields a function that says what it is now."""
    if manner().silent or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    def shown(words: str) -> Text:
        return Text(printable(words, keep=""))

    with Console(stderr=True).status(shown(what)) as status:
        yield lambda words: status.update(shown(words))


@contextmanager
def or_shown(show: Callable[[], None]) -> Iterator[None]:
    """Show people an answer that cannot be written, so that what it took is not lost."""
    try:
        yield
    except InputError:
        if not manner().silent:
            show()
        raise
