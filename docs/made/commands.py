"""The command line: every command, its arguments and its options, as click knows them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from made.markdown import cell, code, parts, table
from wsesim.cli import cli, group


def commands() -> str:
    """All commands, those of `csl` and `data` too."""
    with click.Context(cli, info_name="wsesim") as context:
        found = [_command(each) for name in cli.list_commands(context) for each in _of(cli, name, context)]
    return "\n\n".join(found)


def exit_codes() -> str:
    """What a command ends with."""
    lines = [line.split(maxsplit=1) for line in (inspect.getdoc(group) or "").splitlines() if line[:1].isdigit()]
    return table(("exit code", "means"), [(number, cell(means)) for number, means in lines])


def _of(holder: click.Group, name: str, context: click.Context) -> Iterator[click.Context]:
    command = holder.commands[name]
    inner = click.Context(command, info_name=name, parent=context)
    yield inner
    if isinstance(command, click.Group):
        for each in command.list_commands(inner):
            yield from _of(command, each, inner)


def _command(context: click.Context) -> str:
    command = context.command
    usage = command.get_usage(context).removeprefix("Usage: ")
    text = inspect.cleandoc(command.help or "").replace("\b\n", "").replace("\f", "")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    rows = [(code(_spelled(each)), cell(_told(each, context))) for each in options]
    own = table(("option", "does"), rows) if rows else ""
    return parts(f"### {context.command_path}", f"```text\n{' '.join(usage.split())}\n```", text, own)


def _spelled(option: click.Option) -> str:
    names = ", ".join(option.opts) + (f" / {', '.join(option.secondary_opts)}" if option.secondary_opts else "")
    return names if option.is_flag or option.count else f"{names} {option.make_metavar(click.Context(cli))}"


def _told(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    return record[1] if record else option.help or ""
