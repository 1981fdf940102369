"""The command line: arguments in, the front door, text out.

Importing it costs little: a command is imported when it is asked for, and what it needs when it is called.
"""

from __future__ import annotations

import os
from importlib import import_module

import click

from wsesim._version import __version__
from wsesim.cli import interrupt
from wsesim.cli.group import Commands, CommandsLater
from wsesim.cli.options import debug_option
from wsesim.signs import write_nearest


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="wsesim %(version)s")
@debug_option
def cli() -> None:
    """Answer what training and serving a GPT takes on wafer-scale machines.

    \b
    wsesim init question.yaml      write a question to start from
    wsesim run question.yaml       answer it and write a report
    """


COMMANDS = {
    "run": "simulate", "check": "describe", "explain": "explain", "show": "describe", "schema": "describe",
    "init": "describe", "models": "describe", "machines": "describe", "software": "describe", "gpus": "gpus",
    "graph": "simulate", "verify": "verify", "forward": "simulate", "precision": "precision", "validate": "measure",
    "sweep": "sweep", "sensitivity": "sensitivity", "size": "size", "compare": "compare", "kernel": "kernel",
    "csl": "csl", "levels": "simulate", "data": "data", "train": "train", "ask": "use", "classify": "use",
    "generate": "use",
}  # fmt: skip
"""Every command, the usual first, and the module of this package that it is in, where it has its own name."""
COMPLETING = "_WSESIM_COMPLETE"
"""By this variable a shell asks what a line may go on with."""
cli.commands = CommandsLater(__name__, COMMANDS)


def main() -> None:
    """Run the command line and exit."""
    interrupt.listen()
    write_nearest()
    if COMPLETING in os.environ:
        import_module("wsesim.cli.shells").know_shells()
    try:
        cli(prog_name="wsesim")
    finally:
        interrupt.leave()
