"""The group of all commands: what an error looks like, and which exit code it has.

0    done, "it does not fit" included: that is an answer
1    a comparison failed, or the reader of a pipe went away
2    a mistake in what was given
70   a mistake of ours
130  interrupted
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

import click

from wsesim._version import __version__
from wsesim.cli import interrupt
from wsesim.cli.options import manner
from wsesim.cli.output import print_json
from wsesim.errors import InputError, Problem, WsesimError, nearest
from wsesim.signs import printable

BAD_INPUT = 2
INTERNAL = 70

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
"""What a disk answers, wherever it is written to: the terminal may be one, and caches are on one."""
_JSON_ASKED = "wsesim.json_asked"


class CommandsLater(MutableMapping[str, click.Command]):
    """Commands by their names, in order, each imported when it is first asked for."""

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        """Know which module of *package* each command is in; none is imported yet."""
        self._package, self._modules = package, dict(modules)
        self._known: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """Return a command."""
        if name not in self._known:
            self._known[name] = getattr(import_module(f"{self._package}.{self._modules[name]}"), name)
        return self._known[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add a command that is there already."""
        self._modules.setdefault(name, "")
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget a command."""
        del self._modules[name]
        self._known.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._modules)

    def __len__(self) -> int:
        """Return how many commands there are."""
        return len(self._modules)

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a command, without importing it."""
        return name in self._modules


class Commands(click.Group):
    """Runs a command and turns what goes wrong into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they were added: the usual first."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            hint = nearest(name, self.commands) or f"; there are: {', '.join(self.commands)}"
            ctx.fail(f"no such command {name!r}{hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; and remember whether JSON was asked for, should a command's own options not even be readable."""
        ctx.meta[_JSON_ASKED] = "--json" in args
        return super().parse_args(ctx, args)

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the options that stand before the command."""
        try:
            with _printable_refusals():
                return super().make_context(*arguments, **more)
        except KeyboardInterrupt:
            _end_interrupted()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _printable_refusals():
                found = super().invoke(ctx)
        except click.UsageError as error:
            if ctx.meta[_JSON_ASKED]:
                _print_problems((Problem(error.format_message()),))
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _end_interrupted()
        except InputError as error:
            _fail(ctx, error.problems, BAD_INPUT)
        except WsesimError as error:
            _fail(ctx, (Problem(str(error)),), BAD_INPUT)
        except Exception as error:
            _end_unexpectedly(ctx, error)
        if interrupt.was_heard():  # and somebody caught it
            _end_interrupted()
        return found


def _end_unexpectedly(ctx: click.Context, error: Exception) -> None:
    if interrupt.was_heard():
        _end_interrupted()
    if isinstance(error, OSError) and error.errno in _FULL:
        _fail(ctx, (Problem(f"cannot write: {os.strerror(error.errno).lower()}", file=error.filename),), BAD_INPUT)
    if manner().debug:
        traceback.print_exc()
    _fail(ctx, (Problem(_unexpected(error)),), INTERNAL)


def _end_interrupted() -> NoReturn:
    interrupt.done()
    click.echo("interrupted", err=True)
    raise click.exceptions.Exit(interrupt.CODE)


@contextmanager
def _printable_refusals() -> Iterator[None]:
    """Let nothing in a message of click's steer the terminal: it repeats what was given."""
    try:
        yield
    except click.ClickException as error:
        error.format_message = partial(printable, error.format_message())  # type: ignore[method-assign]
        raise


def _unexpected(error: Exception) -> str:
    said = f": {error}" if str(error) else ""
    where = "" if manner().debug else "; --debug shows where"
    return (
        f"unexpected {type(error).__name__}{said}\n"
        f"This is a mistake in wsesim {__version__}, not in what you gave. Please report it, with the command{where}."
    )


def _fail(ctx: click.Context, problems: tuple[Problem, ...], code: int) -> None:
    for problem in problems:
        click.echo(str(problem), file=sys.stderr)  # named, or click chooses an encoding of its own
    if manner().json:
        _print_problems(problems)
    ctx.exit(code)


def _print_problems(problems: tuple[Problem, ...]) -> None:
    found = [{"message": p.message, "file": p.file, "line": p.line, "column": p.column} for p in problems]
    print_json({"status": "error", "problems": found})
