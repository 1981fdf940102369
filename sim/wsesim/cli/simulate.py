"""Commands that do the work: run, verify, graph, validate, sweep."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli.bar import bar
from wsesim.cli.kernel import run_kernel_file
from wsesim.cli.levels import answer_at, kernel_level, require_level
from wsesim.cli.options import file_argument, force_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import (
    REPORTS,
    RUNS,
    console,
    print_json,
    progress,
    require_place,
    say,
    write_text,
    writing,
)

if TYPE_CHECKING:
    from wsesim.graph import Graph
    from wsesim.validation import Report
    from wsesim.validation.kernels import KernelValidation

DIFFERS = 1
"""Exit code of a comparison that failed."""
GRAPH_FORMS = ("dot", "svg", "json")


@click.command()
@file_argument
@settings_option
@out_option("Folder to write to.  [default: runs/NAME]")
@force_option
@click.option("--verify/--no-verify", default=True, help="Whether to compute real numbers too.")
@click.option("--level", metavar="LEVEL", help="closed, system or cores.  [default: system; a kernel: cores]")
@speaking
def run(
    file: Path, settings: tuple[str, ...], out: Path | None, force: bool, verify: bool, level: str | None
) -> None:  # fmt: skip
    """Simulate a workload or a kernel and write a report.

    At --level closed (formulas) or cores (kernels run on simulated cores) the report is that of `wsesim levels`.
    """
    from wsesim import pipeline, report
    from wsesim.kernelrun.peek import is_kernel_file
    from wsesim.workload import load_workload

    if level is not None:
        require_level(level)
    if is_kernel_file(file):
        run_kernel_file(file, (*settings, *kernel_level(level)), out=out, force=force, verify=verify)
        return
    if level in ("closed", "cores"):
        answer_at((level,), file, settings, ending=level, out=out, force=force)
        return
    workload = load_workload(file, settings=settings)
    folder = out or RUNS / workload.name
    report.check_folder(folder, overwrite=force)
    require_place(folder)
    with progress(f"simulating {workload.name}") as tell:
        result = pipeline.run(workload, verify=verify, progress=tell)
    report.write_report(result, folder, overwrite=force)
    if manner().json:
        print_json(report.to_json(result))
    if not manner().silent:
        report.print_summary(result, console(), folder=folder)


@click.command()
@file_argument
@settings_option
@speaking
def verify(file: Path, settings: tuple[str, ...]) -> None:
    """Check the numbers of a small part of a workload.

    The graph is computed in its own precision and compared with an independent float64 formulation.
    """
    from wsesim import pipeline
    from wsesim.workload import load_workload

    workload = load_workload(file, settings=settings)
    with progress(f"verifying {workload.name}") as tell:
        found = pipeline.verify_numbers(workload, progress=tell)
    if manner().json:
        print_json({"status": "ok" if found.ok else "differs", "verification": asdict(found)})
    verdict = "agrees" if found.ok else f"differs, most in {found.worst}"
    say(
        f"{workload.name}: {verdict}: largest difference {found.max_error:.3g}, allowed {found.tolerance:.3g}"
        f" ({found.layers} layers, {found.tokens:,} tokens, loss {found.loss:.4f})"
    )
    if found.reduced:
        say(found.reduced)
    if not found.ok:
        click.get_current_context().exit(DIFFERS)


@click.command()
@file_argument
@settings_option
@click.option("--format", "form", type=click.Choice(GRAPH_FORMS), help="[default: by -o's ending, or dot]")
@click.option("-o", "target", metavar="FILE", type=click.Path(path_type=Path), help="Write there, not to the terminal.")
@force_option
@speaking
def graph(file: Path, settings: tuple[str, ...], form: str | None, target: Path | None, force: bool) -> None:
    """Print the graph of a training step."""
    from wsesim import pipeline
    from wsesim.workload import load_workload

    built = pipeline.build(load_workload(file, settings=settings))
    ending = target.suffix.removeprefix(".") if target else ""
    form = form or (ending if ending in GRAPH_FORMS else "json" if manner().json else "dot")
    text = _graph_text(built, form)
    if target is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    write_text(target, text, force=force)
    if manner().json:
        print_json({"status": "ok", "file": str(target)})
    say(f"wrote {target}")


def _graph_text(graph: Graph, form: str) -> str:
    import json

    from wsesim.graph import to_dot, to_json, to_svg

    if form == "json":
        return json.dumps(to_json(graph), indent=2, allow_nan=False)
    return to_svg(graph) if form == "svg" else to_dot(graph)


@click.command()
@click.option("--kernels", is_flag=True, help="Compare kernels, core by core, in place of whole models.")
@click.option("--table", type=click.Path(path_type=Path), help="Rows of your own, in place of those with the package.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=REPORTS,
    show_default=True,
    help="Folder for validation.md, or with --kernels validation-kernels.md.",
)
@click.option("--sensitivity", is_flag=True, help="Also say how much each calibrated constant matters.")
@speaking
def validate(kernels: bool, table: Path | None, out: Path, sensitivity: bool) -> None:
    """Compare with measured machines, row by row.

    Rows are steps of training, prompts and tokens; with --kernels they are kernels, each run again as a program on
    simulated cores.
    """
    name = "validation-kernels.md" if kernels else "validation.md"
    found = _kernels(table) if kernels else _models(table, sensitivity=sensitivity)
    report = out / name
    with writing(report):
        out.mkdir(parents=True, exist_ok=True)
        found.write(report)
    if manner().json:
        print_json(found.to_json())
    if not manner().silent:
        found.print(console())
    say(f"\nreport: {report}")


def _models(table: Path | None, *, sensitivity: bool) -> Report:
    from wsesim import validation

    with progress("comparing with measurements") as tell:
        return validation.report(table, sensitivity=sensitivity, progress=tell)


def _kernels(table: Path | None) -> KernelValidation:
    from wsesim.validation.kernels import validate_kernels

    with bar("comparing with measurements") as tell:
        return validate_kernels(table, progress=tell)


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(min=1), help="Points to simulate side by side.  [default: one a core]")
@out_option("Folder to write to.  [default: runs/NAME]")
@force_option
@speaking
def sweep(study: Path, jobs: int | None, out: Path | None, force: bool) -> None:
    """Simulate every point of a study."""
    from wsesim import study as studies
    from wsesim.report.folder import check_folder

    loaded = studies.load_study(study)
    folder = out or RUNS / loaded.name
    check_folder(folder, overwrite=force, ours=studies.FILES)
    require_place(folder)
    with progress(f"sweeping {loaded.name}") as tell:
        found = studies.sweep(
            loaded, jobs=jobs, progress=lambda done, total: tell(f"{loaded.name}: {done:,} of {total:,} points")
        )
    with writing(folder):
        studies.write_sweep(found, folder, overwrite=force)
    if manner().json:
        print_json(found.to_json())
    if not manner().silent:
        found.print(console())
    say(f"\ntables: {folder}")
