"""The forms of JSON that validations are written in; `wsesim schema --results` prints their schema."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from wsesim.answers import schema_of
from wsesim.gpus import SeriesScore
from wsesim.validation.calibrate import Shift
from wsesim.validation.constants import Constants
from wsesim.validation.gpus.left_out import LeftOutSeries


class NearestForm(TypedDict):
    """The measured rows that one is most like."""

    group: str
    row: str
    rows: int
    median: float
    worst: float
    left_out: float | None
    unlike: list[str]
    within: float


class RowForm(TypedDict):
    """A row of models: measured and simulated."""

    id: str
    group: str
    metric: str
    unit: str
    measured: float
    simulated: float | None
    naive: float | None
    error: float | None
    naive_error: float | None
    reason: NotRequired[str]
    note: NotRequired[str]
    nearest: NotRequired[NearestForm]


class GroupForm(TypedDict):
    """The errors of rows that are scored together."""

    rows: int
    run: int
    signed_median: float | None
    median: float | None
    worst: float | None
    worst_id: str
    naive_median: float | None
    naive_worst: float | None
    median_goal: float | None
    worst_goal: float | None
    met: bool | None


class ModelsForm(TypedDict):
    """Measured models: rows, groups and constants."""

    rows: list[RowForm]
    summary: dict[str, GroupForm]
    constants: Constants
    sensitivity: NotRequired[list[Shift]]


class KernelRowForm(TypedDict):
    """A kernel: measured and simulated."""

    id: str
    family: str
    target: str
    metric: str
    unit: str
    measured: float
    simulated: float | None
    error: float | None
    level: NotRequired[str]
    reason: NotRequired[str]
    note: NotRequired[str]


class FamilyForm(TypedDict):
    """The errors of kernels of a family on a machine."""

    family: str
    target: str
    rows: int
    run: int
    median: float | None
    worst: float | None
    worst_id: str
    median_goal: float | None
    worst_goal: float | None
    missing: str
    met: bool | None


class KernelsForm(TypedDict):
    """Measured kernels: rows, families and the figures of both generations."""

    rows: list[KernelRowForm]
    families: list[FamilyForm]
    constants: list[dict[str, str]]


class GpuRowForm(TypedDict):
    """A published time of GPUs and its estimate."""

    id: str
    series: str
    unit: str
    measured: float
    estimated: float | None
    error: float | None
    constant_error: float | None
    reason: NotRequired[str]


class GpusForm(TypedDict):
    """Published times of GPUs: rows, series and what was calibrated."""

    rows: list[GpuRowForm]
    series: list[SeriesScore]
    constants: dict[str, float]
    left_out: NotRequired[list[LeftOutSeries]]


class ExpectedForm(TypedDict):
    """What an answer is expected to do, and whether it does."""

    what: str
    holds: bool


class WhatIfForm(TypedDict):
    """A what-if and whether its answers move as physics says."""

    title: str
    because: str
    asked: dict[str, Any]
    figure: str
    level: str | None
    answers: list[dict[str, Any]]
    expected: list[ExpectedForm]
    holds: bool


class BehaviourForm(TypedDict):
    """What an expert asks first."""

    what_ifs: list[WhatIfForm]


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each form, by the command and option that write it."""
    forms = {"validate": ModelsForm, "validate_kernels": KernelsForm, "validate_gpus": GpusForm,
             "validate_behaviour": BehaviourForm}  # fmt: skip
    return {name: schema_of(form) for name, form in forms.items()}
