"""Options that commands share, and how a command finds them again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from wsesim.cli import completion

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PREFIX = "wsesim."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a command is to speak."""

    json: bool
    quiet: bool
    debug: bool

    @property
    def silent(self) -> bool:
        """Whether nothing is to be printed for people."""
        return self.json or self.quiet


def manner() -> Manner:
    """Return how the running command is to speak."""
    meta = click.get_current_context().meta
    return Manner(**{name: bool(meta.get(f"{_PREFIX}{name}")) for name in ("json", "quiet", "debug")})


def _remember(context: click.Context, option: click.Parameter, value: bool) -> None:
    key = f"{_PREFIX}{option.name}"
    context.meta[key] = context.meta.get(key, False) or value


def _flag(name: str, text: str) -> Decorator:
    return click.option(name, is_flag=True, expose_value=False, is_eager=True, callback=_remember, help=text)


debug_option = _flag("--debug", "Show the traceback of an unexpected error.")


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, --quiet and --debug."""
    quiet = _flag("--quiet", "Print nothing but errors.")
    json = _flag("--json", "Print one JSON document and nothing else.")
    return json(quiet(debug_option(command)))


file_argument = click.argument("file", type=click.Path(path_type=Path))

_set_option = click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=completion.SETTING,
    help="Replace a value of the file, for example batch.sequences=240. Repeatable.",
)
_NAMED = {"machine": "cluster.machine", "software": "software.stack"}
"""Options that are settings with a short name, and the keys they stand for."""


def settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --set, --machine and --software; the command gets all of them as its `settings`."""

    @wraps(command)
    def with_settings(
        *arguments: Any, settings: tuple[str, ...], machine: str | None, software: str | None, **more: Any
    ) -> Any:
        asked = more.get("file") or next(iter(more.get("files", ())), "")
        named, folder = {"machine": machine, "software": software}, Path(asked).parent
        extra = tuple(
            f"{_NAMED[key]}={json.dumps(_from(folder, value))}" for key, value in named.items() if value is not None
        )
        return command(*arguments, settings=(*settings, *extra), **more)

    about = "for a file that names none, or another; a file of your own starts from here"
    machine = click.option("--machine", metavar="NAME|FILE", help=f"The machine, {about}.",
                           shell_complete=completion.MACHINE)  # fmt: skip
    software = click.option("--software", metavar="NAME|FILE", help=f"The software stack, {about}.",
                            shell_complete=completion.STACK)  # fmt: skip
    return _set_option(machine(software(with_settings)))


def _from(folder: Path, value: str) -> str:
    """Return a name as it is, and the path of a file as one that starts from the *folder* of what is asked."""
    return os.path.relpath(value, folder) if value.endswith(".yaml") else value


def level_option(text: str) -> Decorator:
    """Add --level."""
    return click.option("--level", metavar="LEVEL", help=text, shell_complete=completion.LEVEL)


force_option = click.option("--force", is_flag=True, help="Replace a folder wsesim wrote and nobody changed since.")
force_file_option = click.option("--force", is_flag=True, help="Replace the file, whoever wrote it.")


def out_option(text: str) -> Decorator:
    """Add --out, for a folder or file to write."""
    return click.option("--out", metavar="PATH", type=click.Path(path_type=Path), help=text)
