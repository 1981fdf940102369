"""The command that says what an answer hangs on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsesim.cli import completion
from wsesim.cli.bar import bar
from wsesim.cli.options import file_argument, force_option, level_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import console, or_shown, print_json, progress, say
from wsesim.errors import InputError
from wsesim.signs import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from wsesim.answer import Level, Readable
    from wsesim.questions.base import Question
    from wsesim.study import Indices, Sensitivity, Study

TIMES = 2.0
MANY = 10_000
"""Points from which on it is asked whether they are meant."""
OVER_RANGES = ("vary", "samples", "seed", "jobs", "fresh", "yes")
"""Options of methods that move all figures at once."""


@click.command()
@file_argument
@settings_option
@click.option("--times", type=float, help=f"How many times as good, and as bad.  [default: {TIMES:g}]")
@click.option("--figure", metavar="NAME", shell_complete=completion.FIGURE,
              help="Whose change is told.  [default: the first of the question's kind]")  # fmt: skip
@level_option("closed, system or cores.  [default: as for run]")
@click.option("--method", type=click.Choice(["each", "morris", "sobol"]), default="each", show_default=True,
              help="One figure after the other, or all open at once: screened, or the variance split.")  # fmt: skip
@click.option("--vary", metavar="NAME=FROM..TO", multiple=True, shell_complete=completion.SETTING,
              help="For morris and sobol: a range.  [default: half to twice each figure that is read]")  # fmt: skip
@click.option("--samples", type=click.IntRange(min=2, max=100_000),
              help="Trajectories of morris (10), base points of sobol (64; best a power of two).")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), help="Which points are drawn.  [default: 0]")
@click.option("--jobs", type=click.IntRange(min=1), help="Points to answer side by side.  [default: one a core]")
@click.option("--yes", is_flag=True, help=f"Answer more than {MANY:,} points, however long they take.")
@click.option("--fresh", is_flag=True, help="Answer every point anew, whatever is known, and keep nothing.")
@out_option("Folder to write to.  [default: nothing is written]")
@force_option
@speaking
def sensitivity(
    file: Path, settings: tuple[str, ...], times: float | None, figure: str | None, level: str | None, method: str,
    out: Path | None, force: bool, **ranges: Any,
) -> None:  # fmt: skip
    """Say which figures of machine and software an answer hangs on.

    Each figure that the question reads is made twice as good and as bad, one by one, and pairs of those that the answer
    suffers from; ranked, with elasticities, a tornado in the page, and the figures without effect named. With --method
    morris or sobol all of them, or any settings under --vary, are open at once.
    """
    from wsesim import answers, questions
    from wsesim import study as studies

    if out is not None:
        answers.check_folder(out, overwrite=force)
    question = questions.load(file, settings=settings)
    wanted = None if level is None else questions.require_level(level)
    if method != "each":
        indices = _indices(question, method, wanted, figure, times, ranges)
        for line in indices.said:
            click.echo(printable(f"note: {line}"), err=True)
        _tell(indices, partial(studies.print_indices, indices), out, force)
        return
    for name in OVER_RANGES:
        if ranges[name] not in (None, (), False):
            raise InputError.at(f"--{name} is of methods that move all figures at once: --method morris or sobol")
    found = _each(question, wanted, figure, times)
    _tell(found, partial(studies.print_sensitivity, found), out, force)


def _each(question: Question, level: Level | None, figure: str | None, times: float | None) -> Sensitivity:
    from wsesim import study as studies

    with bar("asking again") as tell:
        return studies.sensitivity(question, times=times or TIMES, figure=figure, level=level, tell=tell)


def _indices(
    question: Question, method: str, level: Level | None, figure: str | None, times: float | None, said: dict[str, Any]
) -> Indices:
    from wsesim import study as studies

    if said["vary"] and times is not None:
        raise InputError.at("--times is of ranges that are not given: leave it out, or --vary")
    vary, given = studies.varied(said["vary"], drawn=True)
    study, left_out = studies.over_ranges(
        question, vary, times=times or TIMES, figure=figure, level=level, given=given
    )  # fmt: skip
    samples, seed = said["samples"] or studies.USUAL_SAMPLES[method], said["seed"] or 0
    if not said["yes"]:
        _ask(study, studies.points_asked(study, method, samples), said["jobs"])
    with progress(f"asking {question.asked.name}") as tell:
        return studies.indices(
            study, method, samples=samples, seed=seed, left_out=left_out, jobs=said["jobs"],
            journal=None if said["fresh"] else studies.journal_place(),
            progress=lambda done, total: tell(f"{done:,} of {total:,} points"),
        )  # fmt: skip


def _ask(study: Study, count: int, jobs: int | None) -> None:
    """Refuse many points unless they are meant, and say what they take.

    Raises:
        InputError: there are many.
    """
    from wsesim import study as studies
    from wsesim.units import show_seconds

    if count > MANY:
        takes = show_seconds(count * studies.estimate_s(study, jobs=jobs) / len(study))
        raise InputError.at(f"{count:,} points take about {takes}: --yes answers them, --samples draws fewer")


def _tell(found: Readable, show: Callable[[Console], None], out: Path | None, force: bool) -> None:
    if out is not None:
        with or_shown(lambda: show(console())):
            written = found.save(out, force=force)
        say(f"wrote {written[0]}")
    if manner().json:
        print_json(found.to_dict())
    if not manner().silent:
        show(console())
