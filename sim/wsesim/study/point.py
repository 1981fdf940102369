"""One point of a study, simulated: small and plain on the way in and out, so that it can be sent to a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsesim import pipeline
from wsesim.errors import InputError, WsesimError
from wsesim.study.figures import figure_of
from wsesim.study.spec import Study, Value
from wsesim.study.table import ERROR, Row
from wsesim.workload import build_workload, set_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a point needs."""

    number: int
    values: Mapping[str, Value]
    fixed: Mapping[str, Value]
    data: Mapping[str, Any]
    folder: Path
    figures: tuple[str, ...]


def tasks_of(study: Study) -> tuple[Task, ...]:
    """Return a task for every point, in order."""
    return tuple(
        Task(number=number, values=values, fixed=dict(study.fixed), data=dict(study.data), folder=study.folder,
             figures=study.figures)
        for number, values in enumerate(study.points())
    )  # fmt: skip


def run_point(task: Task) -> Row:
    """Simulate one point; what is wrong with it, or too large about it, stands in its row."""
    data, changes = dict(task.data), {**task.fixed, **task.values}
    try:
        for name in sorted(changes, key=_sections_first):
            set_path(data, name, changes[name])
        result = pipeline.run(build_workload(data, file="", folder=task.folder), verify=False)
    except WsesimError as error:
        return failed(task, _reason(error))
    return Row(
        values=task.values,
        status=str(result.status),
        why=result.why,
        figures={name: figure_of(result, name) for name in task.figures},
        inputs_sha256=result.provenance.inputs_sha256,
    )


def failed(task: Task, why: str) -> Row:
    """Return the row of a point that could not be simulated."""
    return Row(values=task.values, status=ERROR, why=why, figures=dict.fromkeys(task.figures))


def _sections_first(name: str) -> bool:
    """A whole section, `model`, is set before what changes it, `model.layers`."""
    return "." in name


def _reason(error: WsesimError) -> str:
    return "; ".join(problem.message for problem in error.problems) if isinstance(error, InputError) else str(error)
