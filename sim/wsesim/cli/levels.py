"""The command that shows levels of detail side by side, and one of them alone for `run`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from wsesim.cli.bar import bar
from wsesim.cli.options import file_argument, force_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import RUNS, console, print_json, require_place, say
from wsesim.errors import InputError


@click.command()
@file_argument
@settings_option
@out_option("Folder to write to.  [default: runs/NAME-levels]")
@force_option
@speaking
def levels(file: Path, settings: tuple[str, ...], out: Path | None, force: bool) -> None:
    """Answer a question at three levels of detail.

    closed adds up formulas; system is what `wsesim run` does; cores runs kernels wavelet by wavelet on a few cores and
    puts what they say into the system. Each comes with its cost, and why it differs from the next.
    """
    from wsesim.levels.comparison import LEVELS

    answer_at(LEVELS, file, settings, ending="levels", out=out, force=force)


def answer_at(
    wanted: Sequence[str], file: Path, settings: tuple[str, ...], *, ending: str, out: Path | None, force: bool
) -> None:
    """Answer the question in *file* at the levels *wanted*; write to runs/NAME-ENDING unless *out* says where."""
    from wsesim.levels.ask import compare, load_question
    from wsesim.levels.page import FILES, write_levels
    from wsesim.levels.terminal import print_comparison
    from wsesim.report.folder import check_folder

    question = load_question(file, settings=settings)
    folder = out or RUNS / f"{question.name}-{ending}"
    check_folder(folder, overwrite=force, ours=FILES)
    require_place(folder)
    with bar(f"answering {question.name}") as tell:
        found = compare(question, wanted, tell=tell)
    write_levels(found, folder, overwrite=force)
    if manner().json:
        print_json(found.to_json())
    if not manner().silent:
        print_comparison(found, console())
    say(f"\nreport: {folder / 'levels.html'}")


def require_level(level: str) -> None:
    """Refuse a level that there is not.

    Raises:
        InputError: names the nearest.
    """
    from wsesim.levels.comparison import check_level

    check_level(level)


def kernel_level(level: str | None) -> tuple[str, ...]:
    """Return the setting that gives a kernel's file its level.

    Raises:
        InputError: there is no system around a kernel.
    """
    if level == "system":
        from wsesim.levels.kernel import NO_SYSTEM

        raise InputError.at(f"--level system: {NO_SYSTEM}; choose closed or cores")
    return () if level is None else (f"level={level}",)
