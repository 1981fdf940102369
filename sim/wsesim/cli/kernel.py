"""The command that runs one kernel on a rectangle of cores."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim import units
from wsesim.cli.options import force_option, manner, speaking
from wsesim.cli.output import RUNS, print_json, progress, require_place, say
from wsesim.cli.pictures import Pictures
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.cores.programs import KernelOutcome, KernelProgram

DIFFERS = 1
"""Exit code of a kernel whose values are not those of NumPy."""
LEVELS = ("cores", "closed")
MAPS = ("busy", "stalled", "idle", "links", "west", "east", "north", "south", "ramp")
NEW_FILE = click.Path(path_type=Path, dir_okay=False)
MOVIE_PICTURES = 60
_CORE = re.compile(r"([0-9]{1,6}),([0-9]{1,6})", re.ASCII)
_SIZES = re.compile(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8})*", re.ASCII)


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="List the kernels, as without NAME.")
@click.option("--grid", metavar="COLUMNSxROWS", help="Cores it runs on, for example 64x1.")
@click.option("--shape", metavar="NUMBERxNUMBER...", help="Size of the problem; the list says what the numbers mean.")
@click.option("--machine", default="cs-2", show_default=True, help="One of the machines that `wsesim machines` lists.")
@click.option("--level", type=click.Choice(LEVELS), default="cores", show_default=True, help="Simulate, or calculate.")
@click.option("--verify/--no-verify", default=True, help="Whether to compare the values with NumPy.")
@click.option("--fold", is_flag=True, help="Simulate one part and let it stand for all that do the same.")
@click.option("--option", "options", metavar="NAME=VALUE", multiple=True, help="For example group=16. Repeatable.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random values.")
@click.option("--heatmap", type=NEW_FILE, metavar="FILE.svg", help="Draw what every core and link did.")
@click.option("--map", "drawn", type=click.Choice(MAPS), default="busy", show_default=True, help="What to draw there.")
@click.option("--trace", type=NEW_FILE, metavar="FILE.json", help="Write tasks and instructions for ui.perfetto.dev.")
@click.option("--watch", metavar="COLUMN,ROW", multiple=True, help="A core of the trace.  [default: first 16 of row 0]")
@click.option("--movie", type=NEW_FILE, metavar="FILE.gif", help="Animate the cores' activity.")
@force_option
@speaking
def kernel(
    name: str | None, listing: bool, grid: str | None, shape: str | None, machine: str, level: str, verify: bool,
    fold: bool, options: tuple[str, ...], seed: int, heatmap: Path | None, drawn: str, trace: Path | None,
    watch: tuple[str, ...], movie: Path | None, force: bool,
) -> None:  # fmt: skip
    """Simulate one kernel core by core, or list all."""
    from wsesim.cores.programs import find_program, run_kernel, usually_watched
    from wsesim.hardware import load_cluster

    if name is None or listing:
        _list()
        return
    program = find_program(name)
    columns, rows = _grid(program, grid)
    sizes = _sizes(program, shape, "shape", program.shape_help)
    cluster = load_cluster(machine).cluster
    pictures = Pictures(heatmap=heatmap, drawn=drawn, trace=trace, movie=movie)
    pictures.check(level, force=force)
    if watch and not trace:
        raise InputError.at("--watch names cores of a trace; give --trace too")
    watched = (_watched(watch) or usually_watched(columns)) if trace else ()
    with progress(f"simulating {name}"):
        found = run_kernel(
            name, cluster.wafer, (columns, rows), sizes, options=_settings(options), level=level, verify=verify,
            seed=seed, fold=fold, watch=watched, pictures=MOVIE_PICTURES if movie else 0,
        )  # fmt: skip
    title = f"{name} of {'x'.join(map(str, sizes))} on {columns} x {rows} cores of {cluster.name}"
    if manner().json:
        print_json({"status": "differs" if found.right is False else "ok", "kernel": name, **_document(found)})
    written = pictures.write(found, title)
    say("\n".join([title, *_lines(found, cluster.wafer.core.clock_hz, folded=fold), *written]))
    if found.right is False:
        click.get_current_context().exit(DIFFERS)


def run_kernel_file(file: Path, settings: tuple[str, ...], *, out: Path | None, force: bool, verify: bool) -> None:
    """Answer a file that names a kernel, and write page, figures, trace and animation."""
    from dataclasses import replace

    from wsesim.kernelrun.load import load_kernel
    from wsesim.kernelrun.question import FILES, ask, write_answer
    from wsesim.report.folder import check_folder

    question = load_kernel(file, settings=settings)
    question = replace(question, verify=question.verify and verify)
    folder = out or RUNS / question.name
    check_folder(folder, overwrite=force, ours=FILES)
    require_place(folder)
    with progress(f"simulating {question.name}"):
        answer = ask(question)
    write_answer(answer, folder, overwrite=force)
    if manner().json:
        print_json(answer.to_json())
    clock_hz = question.hardware.cluster.wafer.core.clock_hz
    lines = _lines(answer.outcome, clock_hz, folded=question.fold)
    say("\n".join([question.title, *lines, f"report       {folder / 'kernel.html'}"]))
    if answer.outcome.right is False:
        click.get_current_context().exit(DIFFERS)


def _watched(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    found = []
    for text in texts:
        match = _CORE.fullmatch(text)
        if match is None:
            raise InputError.at(f"--watch must be COLUMN,ROW, for example 3,0; got {text!r}")
        found.append((int(match[1]), int(match[2])))
    return tuple(found)


def _list() -> None:
    from wsesim.cores.programs import PROGRAMS

    if manner().json:
        kernels = [
            {
                "name": program.name,
                "summary": program.summary,
                "shape": program.shape_help,
                "options": dict(program.options),
                "picture": program.picture,
                "folds": program.folded is not None,
            }
            for program in PROGRAMS.values()
        ]
        print_json({"status": "ok", "kernels": kernels})
    say("\n\n".join(map(_described, PROGRAMS.values())))


def _described(program: KernelProgram) -> str:
    options = [f"  --option {name}=...: {text}" for name, text in program.options.items()]
    picture = [f"    {line}".rstrip() for line in program.picture.splitlines()]
    head = f"{program.name}: {program.summary}"
    return "\n".join([head, "", *picture, "", f"  --shape {program.shape_help}", *options])


def _grid(program: KernelProgram, text: str | None) -> tuple[int, int]:
    sizes = _sizes(program, text, "grid", "COLUMNSxROWS, for example 64x1")
    if len(sizes) != 2:
        raise InputError.at(f"--grid must be COLUMNSxROWS, for example 64x1; got {text!r}")
    return sizes[0], sizes[1]


def _sizes(program: KernelProgram, text: str | None, option: str, meaning: str) -> tuple[int, ...]:
    if text is None:
        raise InputError.at(f"{program.name} needs --{option} {meaning}")
    if not _SIZES.fullmatch(text):
        wanted = f"whole numbers from 1 on, of at most 9 digits, with x between them ({meaning})"
        raise InputError.at(f"--{option} must be {wanted}; got {text!r}")
    return tuple(map(int, text.split("x")))


def _settings(options: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not (name and equals and value):
            raise InputError.at(f"--option must be NAME=VALUE, for example group=16; got {option!r}")
        if name in found:
            raise InputError.at(f"--option {name} is given twice")
        found[name] = value
    return found


def _document(found: KernelOutcome) -> dict[str, object]:
    document = found.to_json()
    if isinstance(document["simulated"], dict):
        document["simulated"]["cpu_s"] = found.cpu_s
    return document


def _lines(found: KernelOutcome, clock_hz: float, *, folded: bool) -> list[str]:
    from wsesim.cores import jit
    from wsesim.cores.programs.run import INSTALL

    clock = units.show(clock_hz, units.Dimension.HERTZ)
    time = f"{units.show_seconds(found.seconds)} at {clock}"
    if found.run is None:
        return [f"closed form  {found.cycles:,} cycles, {time}"]
    off = found.closed_cycles / found.cycles - 1
    part = (" in the part simulated", ", one part for all that do the same") if folded else ("", "")
    lines = [
        f"cycles       {found.cycles:,}, {time}",
        f"closed form  {found.closed_cycles:,.0f} cycles ({off:+.1%})",
        f"cores        busy {found.busy:.1%} of the time",
        f"fabric       {found.wavelet_hops:,} wavelet hops{part[0]}",
        f"simulated    {found.events:,} events in {found.cpu_s:.2f} s{part[1]}",
    ]
    if not jit.COMPILED:
        lines.append(f"             uncompiled; many times faster after {INSTALL}")
    if found.max_error is not None:
        verdict = "as by NumPy" if found.right else "NOT as by NumPy"
        lines.insert(
            2, f"values       {verdict}: largest difference {found.max_error:.3g}, allowed {found.tolerance:.3g}"
        )
    return lines
