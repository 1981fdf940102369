"""The command that says what an answer hangs on."""

from __future__ import annotations

from pathlib import Path

import click

from wsesim.cli.bar import bar
from wsesim.cli.options import file_argument, force_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import console, or_shown, print_json, say


@click.command()
@file_argument
@settings_option
@click.option("--times", type=float, default=2.0, show_default=True, help="How many times as good, and as bad.")
@click.option("--figure", metavar="NAME", help="Whose change is told.  [default: the first of the question's kind]")
@click.option("--level", metavar="LEVEL", help="closed, system or cores.  [default: as for run]")
@out_option("Folder to write to.  [default: nothing is written]")
@force_option
@speaking
def sensitivity(
    file: Path, settings: tuple[str, ...], times: float, figure: str | None, level: str | None, out: Path | None,
    force: bool,
) -> None:  # fmt: skip
    """Say which figures of machine and software an answer hangs on.

    Each figure that the question reads is made twice as good and as bad, one by one, and pairs of those that the answer
    suffers from; ranked, with a tornado in the page, and the figures without effect named.
    """
    from wsesim import answers, questions
    from wsesim import study as studies

    if out is not None:
        answers.check_folder(out, overwrite=force)
    question = questions.load(file, settings=settings)
    with bar("asking again") as tell:
        wanted = None if level is None else questions.require_level(level)
        found = studies.sensitivity(question, times=times, figure=figure, level=wanted, tell=tell)
    if out is not None:
        with or_shown(lambda: studies.print_sensitivity(found, console())):
            written = studies.write_sensitivity(found, out, overwrite=force)
        say(f"wrote {written[0]}")
    if manner().json:
        print_json(found.to_dict())
    if not manner().silent:
        studies.print_sensitivity(found, console())
