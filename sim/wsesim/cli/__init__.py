"""The command line: arguments in, the front door, text out.

Importing it costs little, because every command imports what it needs when it is called.
"""

from __future__ import annotations

import click

from wsesim._version import __version__
from wsesim.cli import interrupt
from wsesim.cli.compare import compare
from wsesim.cli.csl import csl
from wsesim.cli.data import data
from wsesim.cli.describe import check, init, machines, models, schema, show, software
from wsesim.cli.explain import explain
from wsesim.cli.gpus import gpus
from wsesim.cli.group import Commands
from wsesim.cli.kernel import kernel
from wsesim.cli.measure import validate
from wsesim.cli.options import debug_option
from wsesim.cli.precision import precision
from wsesim.cli.sensitivity import sensitivity
from wsesim.cli.simulate import forward, graph, levels, run
from wsesim.cli.size import size
from wsesim.cli.sweep import sweep
from wsesim.cli.train import train
from wsesim.cli.use import ask, classify, generate
from wsesim.cli.verify import verify
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


for command in (
    run, check, explain, show, schema, init, models, machines, software, gpus, graph, verify, forward, precision,
    validate, sweep, sensitivity, size, compare, kernel, csl, levels, data, train, ask, classify, generate,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit."""
    interrupt.listen()
    write_nearest()
    try:
        cli(prog_name="wsesim")
    finally:
        interrupt.leave()
