"""The command that runs one kernel on a rectangle of cores."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from wsesim import units
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, progress, say
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.cores.programs import KernelOutcome, KernelProgram

DIFFERS = 1
"""Exit code of a kernel whose values are not those of NumPy."""
LEVELS = ("cores", "closed")
_SIZES = re.compile(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8})*", re.ASCII)


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="List the kernels, as without NAME.")
@click.option("--grid", metavar="COLUMNSxROWS", help="Cores it runs on, for example 64x1.")
@click.option("--shape", metavar="NUMBERxNUMBER...", help="Size of the problem; the list says what the numbers mean.")
@click.option("--machine", default="cs-2", show_default=True, help="One of the machines that `wsesim machines` lists.")
@click.option("--level", type=click.Choice(LEVELS), default="cores", show_default=True, help="Simulate, or calculate.")
@click.option("--verify/--no-verify", default=True, help="Whether to compare the values with NumPy.")
@click.option("--fold", is_flag=True, help="Simulate one row and let it stand for all that do the same.")
@click.option("--option", "options", metavar="NAME=VALUE", multiple=True, help="For example group=16. Repeatable.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random values.")
@speaking
def kernel(
    name: str | None, listing: bool, grid: str | None, shape: str | None, machine: str, level: str, verify: bool,
    fold: bool, options: tuple[str, ...], seed: int,
) -> None:  # fmt: skip
    """Simulate one kernel core by core, or list all."""
    from wsesim.cores.programs import find_program, run_kernel
    from wsesim.hardware import load_cluster

    if name is None or listing:
        _list()
        return
    program = find_program(name)
    columns, rows = _grid(program, grid)
    sizes = _sizes(program, shape, "shape", program.shape_help)
    cluster = load_cluster(machine).cluster
    with progress(f"simulating {name}"):
        found = run_kernel(
            name, cluster.wafer, (columns, rows), sizes, options=_settings(options), level=level, verify=verify,
            seed=seed, fold=fold,
        )  # fmt: skip
    title = f"{name} of {'x'.join(map(str, sizes))} on {columns} x {rows} cores of {cluster.name}"
    if manner().json:
        print_json({"status": "differs" if found.right is False else "ok", "kernel": name, **_document(found)})
    say("\n".join([title, *_lines(found, cluster.wafer.core.clock_hz, folded=fold)]))
    if found.right is False:
        click.get_current_context().exit(DIFFERS)


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
                "folds": program.rows_alike,
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
        raise InputError.at(f"--{option} must be whole numbers from 1 on with x between them ({meaning}); got {text!r}")
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
    simulated = None
    if found.run is not None:
        simulated = {
            "events": found.events,
            "cpu_s": found.cpu_s,
            "wavelet_hops": found.wavelet_hops,
            "busy": found.busy,
            "traffic": found.run.traffic,
            "counts": dict(found.counts),
        }
    keys = ("cycles", "seconds", "closed_cycles", "max_error", "tolerance")
    document = {key: getattr(found, key) for key in keys}
    return {**document, "right": found.right, "simulated": simulated}


def _lines(found: KernelOutcome, clock_hz: float, *, folded: bool) -> list[str]:
    from wsesim.cores import jit
    from wsesim.cores.programs.run import INSTALL

    clock = units.show(clock_hz, units.Dimension.HERTZ)
    time = f"{units.show_seconds(found.seconds)} at {clock}"
    if found.run is None:
        return [f"closed form  {found.cycles:,} cycles, {time}"]
    off = found.closed_cycles / found.cycles - 1
    lines = [
        f"cycles       {found.cycles:,}, {time}",
        f"closed form  {found.closed_cycles:,.0f} cycles ({off:+.1%})",
        f"cores        busy {found.busy:.1%} of the time",
        f"fabric       {found.wavelet_hops:,} wavelet hops",
        f"simulated    {found.events:,} events in {found.cpu_s:.2f} s" + (", one row for all" if folded else ""),
    ]
    if not jit.COMPILED:
        lines.append(f"             uncompiled; many times faster after {INSTALL}")
    if found.max_error is not None:
        verdict = "as by NumPy" if found.right else "NOT as by NumPy"
        lines.insert(
            2, f"values       {verdict}: largest difference {found.max_error:.3g}, allowed {found.tolerance:.3g}"
        )
    return lines
