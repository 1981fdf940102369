"""The command that finds the smallest deployment: size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli import completion
from wsesim.cli.options import file_argument, level_option, manner, settings_option, speaking
from wsesim.cli.output import print_json, progress, say, table
from wsesim.errors import InputError, SpecError

if TYPE_CHECKING:
    from wsesim.study import Sizing
    from wsesim.workload import Formula


@click.command()
@file_argument
@settings_option
@click.option("--days", type=float, help="Train on the token budget in so many days.")
@click.option("--rate", type=float, help="Serve so many requests a second within the objective.")
@click.option("--ttft", metavar="TIME", help="Give the first token within a time, 300ms.")
@click.option("--tpot", metavar="TIME", help="Give each further token within a time, 20ms.")
@click.option(
    "--goal",
    metavar="FORMULA",
    multiple=True,
    shell_complete=completion.FIGURE,
    help="Any other, as 'tokens_per_s >= 50000'.",
)
@click.option(
    "--machines",
    metavar="NAME,NAME",
    shell_complete=completion.MACHINES,
    help="Machines to try beside that of the file; all tries all.",
)
@level_option("closed or system.  [default: as `wsesim run` would]")
@click.option("--fresh", is_flag=True, help="Answer all anew, whatever is known, and keep nothing.")
@speaking
def size(
    file: Path, settings: tuple[str, ...], days: float | None, rate: float | None, ttft: str | None, tpot: str | None,
    goal: tuple[str, ...], machines: str | None, level: str | None, fresh: bool,
) -> None:  # fmt: skip
    """Find the fewest systems that reach a goal.

    Of what reaches it, on all machines that are tried, what no other beats in everything is marked.
    """
    from wsesim import questions
    from wsesim import study as studies
    from wsesim.hardware import machine_names

    short = {"days": days, "rate": rate, "ttft": ttft, "tpot": tpot}
    goals = [studies.goal_of(name, value, f"--{name} {value}") for name, value in short.items() if value is not None]
    goals += [_read(text, f"--goal {text}") for text in goal]
    if not goals:
        raise InputError.at("say what is to be reached: --days 30, --rate 20, --ttft 300ms, --goal 'mfu >= 0.3'")
    others = machine_names() if machines == "all" else [name.strip() for name in (machines or "").split(",") if name]
    question = questions.load(file, settings=settings)
    with progress(f"sizing {question.asked.name}") as tell:
        found = studies.size(
            question, goals, machines=others, level=None if level is None else questions.require_level(level),
            journal=None if fresh else studies.journal_place(), tell=tell,
        )  # fmt: skip
    if manner().json:
        print_json(found.to_dict())
    say(f"{question.title}\n{found.words}\n\n{_table(found)}")
    if not found.fewest(found.machine):
        say("\nnot reached: the nearest is shown")


def _read(text: str, said: str) -> Formula:
    from wsesim.workload import Formula

    try:
        return Formula.comparison(text)
    except SpecError as error:
        raise InputError.at(f"{said}: {error}") from None


def _table(found: Sizing) -> str:
    from wsesim.answers import shown

    heads = ("MACHINE", "SYSTEMS", *(name.upper() for name in found.senses), "")
    rows = [
        (each.machine, f"{each.systems:,}", *(shown(name, each.figures.get(name)) for name in found.senses),
         each.why or ("no" if not each.reached else "best" if each.best else ""))
        for each in found.shown
    ]  # fmt: skip
    return table(heads, rows, left=("",))
