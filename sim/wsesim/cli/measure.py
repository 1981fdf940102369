"""The command that compares with measurements: validate."""

from __future__ import annotations

from pathlib import Path

import click

from wsesim.cli import completion
from wsesim.cli.bar import bar
from wsesim.cli.options import force_option, manner, out_option, speaking
from wsesim.cli.output import console, or_shown, print_json, put, say
from wsesim.errors import InputError


@click.command()
@click.option("--kernels", is_flag=True, help="Compare kernels, core by core, in place of whole models.")
@click.option("--gpus", is_flag=True, help="Compare estimates of GPUs with published times, in place of wafers.")
@click.option("--behaviour", is_flag=True, help="Ask what-ifs whose answers must move as physics says.")
@click.option("--table", type=click.Path(path_type=Path), help="Rows of your own, in place of those with the package.")
@click.option(
    "--show",
    "row",
    metavar="ROW",
    shell_complete=completion.ROW,
    help="Print a row as the file of a question, and compare nothing.",
)
@out_option("Folder to write to.  [default: nothing is written]")
@force_option
@click.option("--sensitivity", is_flag=True, help="Also say how much each calibrated constant matters.")
@speaking
def validate(
    kernels: bool, gpus: bool, behaviour: bool, table: Path | None, row: str | None, out: Path | None, force: bool,
    sensitivity: bool,
) -> None:  # fmt: skip
    """Compare with measured machines, row by row.

    Rows are steps of training, prompts and tokens; with --kernels they are kernels, each run again as a program on
    simulated cores; with --gpus published times of GPUs, each estimated; with --behaviour
    no rows but what-ifs, whose answers must move as physics says. Every row of wafers is a question that
    `wsesim run` answers, too: `wsesim validate --show ROW > row.yaml`. Nothing is written but into the folder of --out,
    validation.md with its drawings, validation-kernels.md, validation-gpus.md or behaviour.html.
    """
    from wsesim import answers, validation

    asked = [name for name, given in (("--kernels", kernels), ("--gpus", gpus), ("--behaviour", behaviour)) if given]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked[:2])} are two comparisons; ask for one")
    if behaviour and (table is not None or sensitivity):
        raise click.UsageError("--behaviour asks no rows: it takes neither --table nor --sensitivity")
    if row is not None:
        put(validation.show_row(row, table))
        return
    if out is not None:
        answers.check_folder(out, overwrite=force)
    with bar("comparing with measurements") as tell:
        found = (
            validation.kernels_report(table, progress=tell)
            if kernels
            else validation.gpus_report(table, sensitivity=sensitivity)
            if gpus
            else validation.behaviour_report(progress=tell)
            if behaviour
            else validation.report(table, sensitivity=sensitivity, progress=lambda now: tell(0, 0, now))
        )
    written: tuple[Path, ...] = ()
    if out is not None:
        with or_shown(lambda: validation.print_report(found, console())):
            written = validation.write_report(found, out, overwrite=force)
    why = validation.why_none_run(found) if table is not None else ""
    if manner().json and not why:
        print_json(found.to_dict())
    if not manner().silent:
        validation.print_report(found, console())
    for path in written:
        say(f"wrote {path}")
    if why:
        raise InputError.at(why, file=str(table))
