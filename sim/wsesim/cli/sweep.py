"""The command that answers many questions at once: sweep."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsesim.cli import completion
from wsesim.cli.options import force_option, level_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import DIFFERS, RUNS, complain, console, or_shown, print_json, progress, say
from wsesim.errors import InputError
from wsesim.signs import printable
from wsesim.units import plural

if TYPE_CHECKING:
    from wsesim.study import Study, SweepTable

MANY = 10_000
"""Points from which on it is asked whether they are meant."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
@click.option("--vary", metavar="NAME=VALUES", multiple=True, shell_complete=completion.SETTING,
              help="Vary a setting of a question: a list 48KiB,96KiB or a range 1..16, 1..2048:12:log.")  # fmt: skip
@click.option(
    "--together",
    metavar="NAME,NAME",
    shell_complete=completion.VARIED,
    help="Settings that step together and count as one.",
)
@click.option(
    "--figures",
    metavar="NAME,NAME",
    shell_complete=completion.FIGURES,
    help="What to keep of each point.  [default: as is usual]",
)
@click.option(
    "--sample",
    metavar="METHOD:POINTS",
    shell_complete=completion.SAMPLE,
    help="Draw points from the ranges: latin:64, sobol:64, random:64.",
)
@click.option(
    "--optimize",
    metavar="NAME,NAME",
    shell_complete=completion.FIGURES,
    help="Search for the best of a figure, or of several, in the ranges.",
)
@click.option("--budget", metavar="POINTS", help="How many points a search asks, 500, or 500:SEED.  [default: 200]")
@click.option(
    "--derive",
    metavar="NAME=FORMULA",
    multiple=True,
    shell_complete=completion.SETTING,
    help="A setting that follows from others.",
)
@click.option(
    "--require",
    metavar="FORMULA",
    multiple=True,
    shell_complete=completion.VARIED,
    help="What points have to keep to; others are left out.",
)
@click.option(
    "--pareto",
    metavar="NAME,NAME",
    shell_complete=completion.FIGURES,
    help="Figures to weigh points by: those no other beats are named.",
)
@click.option("--prune", is_flag=True, help="Leave unanswered what a formula shows to be no best.")
@level_option("closed, system or cores.  [default: as `wsesim run` would]")
@click.option("--jobs", type=click.IntRange(min=1), help="Points to answer side by side.  [default: one a core]")
@click.option("--scheduler", metavar="ADDRESS", help="Answer on the workers of a Dask scheduler, tcp://HOST:PORT.")
@click.option("--yes", is_flag=True, help=f"Answer more than {MANY:,} points, however long they take.")
@click.option("--fresh", is_flag=True, help="Answer every point anew, whatever is known, and keep nothing.")
@out_option(
    "Folder to write to.  [default: runs/NAME of a study; of a question runs/NAME-SETTINGS-SUM, another for "
    "whatever is asked otherwise]"
)
@force_option
@speaking
def sweep(
    file: Path, settings: tuple[str, ...], jobs: int | None, scheduler: str | None, yes: bool, fresh: bool,
    out: Path | None, force: bool,
    **said: Any,
) -> None:  # fmt: skip
    """Answer every point of a study.

    FILE is a study, which names a question of any kind and varies some of its settings, or a question, and --vary says
    what varies. Points that were answered before, by this study or another, are known.
    """
    from wsesim import answers, questions
    from wsesim import study as studies

    loaded = _study(file, settings, {key: value for key, value in said.items() if value})
    if len(loaded) > MANY and not yes:
        _ask(loaded, jobs)
    folder = out or RUNS / (loaded.name if questions.is_study(file) else loaded.told_apart)
    force = force or answers.holds_answer_of(folder, "sweep.json", {"study": studies.asked_by(loaded)})
    answers.check_folder(folder, overwrite=force)
    journal = None if fresh else studies.journal_place()
    elsewhere = studies.scheduler(scheduler) if scheduler else nullcontext()
    with elsewhere as executor, progress(f"sweeping {loaded.name}") as tell:
        found = studies.sweep(
            loaded, jobs=jobs, executor=executor, journal=journal,
            progress=lambda done, total: tell(f"{loaded.name}: {done:,} of {total:,} points"),
        )  # fmt: skip
    with or_shown(lambda: studies.print_table(found, console())):
        studies.write_sweep(found, folder, overwrite=force)
    if manner().json:
        print_json(found.to_dict())
    if not manner().silent:
        studies.print_table(found, console())
    _say_of_journal(found)
    say(f"\ntables: {folder}")
    if wrong := found.wrong():
        complain(f"{len(wrong):,} of {plural(len(found.rows), 'point')}: {row.why}" for row in wrong[:1])
        click.get_current_context().exit(DIFFERS)


def _say_of_journal(found: SweepTable) -> None:
    for line in found.said:
        click.echo(printable(f"note: {line}"), err=True)
    if found.known:
        say(f"\n{found.known:,} of {len(found.rows):,} points were known from before (--fresh answers them again)")


def _ask(loaded: Study, jobs: int | None) -> None:
    """Refuse many points unless they are meant, and say what they take.

    Raises:
        InputError: always.
    """
    from wsesim import study as studies
    from wsesim.units import show_seconds

    takes = show_seconds(studies.estimate_s(loaded, jobs=jobs))
    raise InputError.at(f"{len(loaded):,} points take about {takes}: --yes answers them, --sample 1000 draws some")


def _study(file: Path, settings: tuple[str, ...], said: dict[str, Any]) -> Study:
    """Return the study of a file, or of a question with what the command line says of it."""
    from wsesim import questions
    from wsesim import study as studies

    level = said.pop("level", None)
    level = None if level is None else questions.require_level(level)
    if questions.is_study(file):
        if said:
            raise InputError.at(f"--{next(iter(said))} is for questions; {file} is a study, which says so itself")
        return studies.load_study(file, settings=settings, level=level)
    if "vary" not in said:
        questions.load(file)
        raise InputError.at(f"{file} is a question: say what varies, as --vary cluster.systems=1..16, or name a study")
    if "budget" in said and "optimize" not in said:
        raise InputError.at("--budget is of a search: say --optimize NAME too, or --sample POINTS to draw points")
    vary, given = studies.varied(said["vary"], drawn="sample" in said or "optimize" in said)
    always, given_always = studies.fixed(settings)
    data: dict[str, Any] = {"vary": vary, "set": always, "level": level}
    for key in ("together", "figures", "pareto"):
        data |= {key: [name.strip() for name in said[key].split(",")]} if key in said else {}
    if "optimize" in said:
        names = [name.strip() for name in said["optimize"].split(",")]
        data["optimize"] = {"figures": names, **(studies.budget_in(said["budget"]) if "budget" in said else {})}
    if "sample" in said:
        data["sample"] = studies.sample_in(said["sample"])
    if "derive" in said:
        data["derive"] = {name.strip(): text for name, _, text in (each.partition("=") for each in said["derive"])}
    if "prune" in said:
        data["prune"] = True
    if "require" in said:
        data["require"] = list(said["require"])
    return studies.study_of(file, data, given={**given, **given_always})
