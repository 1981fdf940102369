"""The group of commands for programs in CSL: run the vendor's scripts unchanged, compile, look, profile."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wsesim.cli import completion
from wsesim.cli.csl_compile import COMMANDS
from wsesim.cli.csl_profile import profile
from wsesim.cli.output import put

SCRIPT = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def csl() -> None:
    """Run kernel programs written in CSL.

    \b
    wsesim csl run commands_wse3.sh    run a script of cslc and cs_python as it is
    wsesim csl run run.py              run a host script, as cs_python does
    eval "$(wsesim csl env)"           have cslc and cs_python in this shell

    Host scripts are Python programs of whoever wrote them, and run as such, with your rights. Not affiliated with
    Cerebras, whose names of commands and modules scripts use.
    """


@csl.command(context_settings={"ignore_unknown_options": True})
@click.argument("script", type=SCRIPT)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=completion.FILE)
def run(script: Path, arguments: tuple[str, ...]) -> None:
    """Run a script in its folder, with our cslc, cs_python and sdk_debug_shell first on its path; a .py by cs_python.

    The exit code is the script's. WSESIM_CSL_REPORT=page.html in its surroundings has the page of where cycles went
    written when a program is stopped; `profile` tells more.
    """
    from wsesim.csl.host.commands import run_script

    sys.exit(run_script(script, arguments))


@csl.command()
def env() -> None:
    """Print what a shell has to evaluate to find cslc, cs_python and sdk_debug_shell."""
    from wsesim.csl.host.commands import shell_lines

    put(shell_lines())


csl.add_command(profile)
for command in COMMANDS:
    csl.add_command(command)
