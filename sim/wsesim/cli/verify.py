"""The command that checks numbers: against float64, or of a step as mapped against the plain one."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli.options import file_argument, manner, settings_option, speaking
from wsesim.cli.output import DIFFERS, complain, print_json, progress, say, table
from wsesim.errors import InputError
from wsesim.units import shape_of

if TYPE_CHECKING:
    from wsesim.trials import OpOnCores, StepOnCores


LARGEST_GRID = 9999
"""Columns, or rows, of cores that a step of a small copy may be asked on."""


@click.command()
@file_argument
@settings_option
@click.option(
    "--as-mapped", is_flag=True, help="Compare what is computed as it is mapped with the plain graph instead."
)
@click.option("--on-cores", "grid", metavar="COLUMNSxROWS", help="Run a step of a small copy on so many cores instead.")
@speaking
def verify(file: Path, settings: tuple[str, ...], as_mapped: bool, grid: str | None) -> None:
    """Check the numbers of a small part of a model.

    The graph is computed in its own precision and compared with an independent float64 formulation. With --as-mapped a
    part of it is computed as the mapping lays it, features and tokens split over the cores and sums in the fabric's
    order, and compared with the same in one piece. With --on-cores a step of a small copy of the model, forward,
    backward and update, runs op after op on simulated cores.
    """
    if grid is not None:
        if as_mapped:
            raise click.UsageError("--as-mapped and --on-cores exclude each other")
        _verify_on_cores(file, settings, grid)
        return
    if as_mapped:
        _verify_as_mapped(file, settings)
        return
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name = question.asked.name
    started = time.process_time()
    with progress(f"verifying {name}") as tell:
        found = questions.verify(question, say=tell)
    cpu_s = time.process_time() - started
    if manner().json:
        status = "ok" if found.ok else "differs"
        print_json({"status": status, "verification": asdict(found), "cost": {"cpu_s": cpu_s}})
    verdict = "agrees" if found.ok else f"differs, most in {found.worst}"
    say(
        f"{name}: {verdict}: largest difference {found.max_error:.3g}, allowed {found.tolerance:.3g}"
        f" ({found.layers} layers, {found.tokens:,} tokens, loss {found.loss:.4f};"
        f" gradients of {found.gradients} weights of a narrow copy)"
    )
    if found.reduced:
        say(f"made smaller to stay quick: {found.reduced} (all of it: --set verification.whole=true)")
    say(f"{cpu_s:.2f} s of CPU time")
    _end(found.ok, f"{name} {verdict}")


def _end(ok: bool, said: str) -> None:
    """End in `DIFFERS` unless all is well, and say why where nothing else is printed."""
    if not ok:
        complain([said])
        click.get_current_context().exit(DIFFERS)


def _verify_as_mapped(file: Path, settings: tuple[str, ...]) -> None:
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name, started = question.asked.name, time.process_time()
    with progress(f"verifying {name}") as tell:
        found = questions.hold_as_mapped(question, say=tell)
    cpu_s, worst = time.process_time() - started, found.worst
    if manner().json:
        print_json({
            "status": "ok" if found.ok else "differs", "split": found.split, "reduced": found.reduced,
            "tensors": [asdict(held) for held in found.tensors], "cost": {"cpu_s": cpu_s},
        })  # fmt: skip
    verdict = "agrees with the plain graph" if found.ok else "differs from the plain graph"
    say(
        f"{name}: as mapped it {verdict}, most in {worst.name}: {worst.error:.3g}, allowed {worst.tolerance:.3g}"
        f" ({len(found.tensors)} tensors)"
    )
    for line in found.split:
        say(f"  {line}")
    if found.reduced:
        say(f"made smaller to stay quick: {found.reduced}")
    say("sums in fp32; what 16 bits cost: wsesim precision")
    say(f"{cpu_s:.2f} s of CPU time")
    _end(found.ok, f"{name} {verdict}, most in {worst.name}")


def _verify_on_cores(file: Path, settings: tuple[str, ...], grid: str) -> None:
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name, started = question.asked.name, time.process_time()
    with progress(f"running a step of {name} on cores") as tell:
        found = questions.step_on_cores(question, _read_grid(grid), say=tell)
    cpu_s = time.process_time() - started
    if manner().json:
        print_json({
            "status": "ok" if found.ok else "differs", "grid": list(found.grid), "cycles": found.cycles,
            "loss": found.loss, "ops": [asdict(op) for op in found.ops],
            "tensors": [asdict(held) for held in found.tensors], "cost": {"cpu_s": cpu_s},
        })  # fmt: skip
    say(_step_told(name, found))
    say(f"{cpu_s:.2f} s of CPU time")
    _end(found.ok, f"a step of {name} on cores differs")


def _read_grid(text: str) -> tuple[int, int]:
    try:
        sizes = shape_of(text)
    except ValueError as error:
        raise InputError.at(f"--on-cores must be {error} (COLUMNSxROWS, for example 8x8)") from None
    if len(sizes) != 2:
        raise InputError.at(f"--on-cores must be COLUMNSxROWS, for example 8x8; got {text!r}")
    if max(sizes) > LARGEST_GRID:
        raise InputError.at(f"--on-cores has at most {LARGEST_GRID:,} columns and rows; got {text!r}")
    return sizes[0], sizes[1]


def _step_told(name: str, found: StepOnCores) -> str:
    """Return cycles of each op, those of all layers together, and how far off the step is."""
    alike: dict[tuple[str, str], list[OpOnCores]] = {}
    for op in found.ops:
        alike.setdefault((op.phase, op.name), []).append(op)
    rows = [
        (phase, name_of, str(len(ops)), f"{sum(op.programs for op in ops):,}", f"{sum(op.cycles for op in ops):,}",
         f"{max(op.difference for op in ops):.1e}", f"{max(ops, key=lambda op: op.excess).allowed:.1e}")
        for (phase, name_of), ops in alike.items()
    ]  # fmt: skip
    heads = ("PHASE", "OP", "TIMES", "PROGRAMS", "CYCLES", "LARGEST DIFFERENCE", "ALLOWED")
    verdict, worst = "agrees with" if found.ok else "differs from", found.worst
    columns, of_rows = found.grid
    return "\n\n".join([
        f"{name}: a step of a small copy on {columns} x {of_rows} cores {verdict} the executor",
        table(heads, rows, left=("PHASE", "OP")),
        f"{found.cycles:,} cycles in all; loss {found.loss:.4f}; of loss, gradients and updated weights most off: "
        f"{worst.name}, {worst.error:.1e}, allowed {worst.tolerance:.1e}",
    ])  # fmt: skip
