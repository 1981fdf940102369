"""The command that trains for real: train."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from wsesim.cli.bar import bar
from wsesim.cli.options import file_argument, force_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import RUNS, console, print_json


@click.command()
@file_argument
@settings_option
@out_option("Folder to write to.  [default: runs/NAME-trained]")
@force_option
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder; without one, begin.")
@speaking
def train(file: Path, settings: tuple[str, ...], out: Path | None, force: bool, resume: bool) -> None:
    """Train a small model on a text with real numbers.

    The file asks for a step of training, and says in a section `learning` from which text, how long and how fast. The
    graph that `wsesim run` times is computed in this computer, and beside the loss stands what the same training would
    take on the wafer. The folder is replaced as a whole after each evaluation: whatever ends a training, --resume goes
    on from there to the same bits.
    """
    from wsesim import questions, trainer

    question = questions.load(file, settings=settings)
    folder = out or RUNS / f"{question.asked.name}-trained"
    if force and resume:
        raise click.UsageError("--force begins again, --resume goes on: give one of them")
    with bar(f"training {question.asked.name}") as tell:
        found = trainer.learn_by(question, folder, force=force, again=resume, tell=tell)
    if isinstance(found, trainer.SeedsReport):
        document, show = trainer.seeds_json(found), partial(trainer.print_seeds, found)
    else:
        document, show = trainer.training_json(found), partial(trainer.print_training, found)
    if manner().json:
        print_json(document)
    if not manner().silent:
        show(console(), folder=folder)
