"""File → KernelQuestion: every problem at its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wsesim.cores.programs import PROGRAMS, usually_watched
from wsesim.errors import InputError, nearest
from wsesim.hardware import Wafer, override_names
from wsesim.kernelrun.question import KernelQuestion
from wsesim.kernelrun.schema import KernelFile
from wsesim.workload.checks import hardware_of
from wsesim.workload.problems import Report
from wsesim.workload.schema import ClusterSection
from wsesim.workload.sections import add_invalid, keys, name_of, read_fields
from wsesim.workload.settings import apply_settings
from wsesim.yamlfile import read_yaml


def load_kernel(path: str | Path, *, settings: Sequence[str] = ()) -> KernelQuestion:
    """Read the question at *path*; *settings* like `shape=[64]` replace what the file says.

    Raises:
        InputError: with every problem, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        message = "a kernel's file is a mapping (lines of `key: value`) with kernel, grid, shape and cluster"
        raise InputError([document.problem(message)])
    data = dict(document.data)
    given = apply_settings(data, settings, known=_setting_names())
    report = Report(file=str(path), document=document, settings=given)
    read, errors = read_fields(KernelFile, data)
    add_invalid(report, errors, (), keys(KernelFile))
    cluster = read.get("cluster")
    section = cluster if isinstance(cluster, ClusterSection) else None
    hardware = hardware_of(section, read.get("hardware"), report, folder=Path(path).parent)
    program = read.get("kernel")
    if program is not None and program not in PROGRAMS:
        hint = nearest(program, PROGRAMS) or "; `wsesim kernel` lists them"
        report.add_field(("kernel",), f"= {program!r} is not a kernel that wsesim knows{hint}")
    elif program is not None:
        _check_options(program, read.get("options", {}), report)
    if hardware is not None and cluster is not None and "grid" in read:
        _check_grid(read["grid"], hardware.cluster.wafer, read.get("watch", []), report)
    report.raise_if_any()
    assert hardware is not None, "a machine that is not there is a problem"
    columns, rows = read["grid"]
    return KernelQuestion(
        name=read["name"] or name_of(path, "kernel"), kernel=read["kernel"], grid=(columns, rows),
        shape=tuple(read["shape"]),
        options={name: str(value) for name, value in read["options"].items()}, hardware=hardware,
        level=read["level"], verify=read["verify"], fold=read["fold"], seed=read["seed"], pictures=read["pictures"],
        watch=tuple((column, row) for column, row in read["watch"]) or usually_watched(columns),
    )  # fmt: skip


def _setting_names() -> tuple[str, ...]:
    options = dict.fromkeys(f"options.{name}" for program in PROGRAMS.values() for name in program.options)
    clusters = (f"cluster.{name}" for name in ClusterSection.model_fields)
    return (*keys(KernelFile), *options, *clusters, *(f"hardware.{name}" for name in override_names()))


def _check_options(kernel: str, options: Mapping[str, Any], report: Report) -> None:
    known = PROGRAMS[kernel].options
    for name in options:
        if name not in known:
            hint = nearest(name, known) or f"; there are: {', '.join(known) or 'none'}"
            report.add(("options", name), f"options.{name} is not an option of {kernel}{hint}", at_key=True)


def _check_grid(grid: list[int], wafer: Wafer, watch: list[list[int]], report: Report) -> None:
    columns, rows = grid
    if columns > wafer.columns or rows > wafer.rows:
        most = f"{wafer.columns} columns and {wafer.rows} rows of cores"
        report.add_field(("grid",), f"= {columns} x {rows} does not fit the wafer, which has {most}")
    for index, (column, row) in enumerate(watch):
        if not (0 <= column < columns and 0 <= row < rows):
            report.add(("watch", index), f"watch: the core [{column}, {row}] is not on the grid of {columns} x {rows}")
