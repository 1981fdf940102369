"""The forms of JSON that studies are written in; `wsesim schema --results` prints their schema."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from wsesim.answer import Number
from wsesim.answers import schema_of


class Made(TypedDict):
    """By which version, of which inputs."""

    version: str
    inputs_sha256: str


class SweepForm(TypedDict):
    """A sweep: a row for each point."""

    program: Literal["wsesim"]
    status: Literal["ok"]
    name: str
    question: str
    points: dict[str, int]
    """How many ended how."""
    rows: list[dict[str, Any]]
    """Columns are settings, figures, `status`, `why` and `inputs_sha256`."""
    not_read: dict[str, list[str]]
    changed_nothing: list[str]
    never_there: list[str]
    best: NotRequired[list[int]]
    now: NotRequired[dict[str, Any]]
    study: dict[str, Any]
    """What was asked."""
    provenance: Made


class CauseForm(TypedDict):
    """What a cause explains of a difference in time."""

    cause: str
    before_s: float
    after_s: float
    share: float | None


class SidesForm(TypedDict):
    """Questions, results, machines or stacks side by side."""

    status: Literal["ok"]
    sides: list[str]
    asked: dict[str, list[str | int | float | bool | None]]
    figures: dict[str, list[Number | None]]
    causes: list[list[CauseForm]]


class SizedForm(TypedDict):
    """A deployment that was tried."""

    machine: str
    systems: int
    reached: bool
    best: bool
    why: str
    figures: dict[str, Number | None]


class SizeForm(TypedDict):
    """The smallest deployment that reaches goals."""

    status: Literal["ok"]
    goals: list[str]
    machine: str
    systems: int | None
    """The fewest; null where none reaches them."""
    shown: list[SizedForm]


class ChangeForm(TypedDict):
    """A figure of machine or software changed, and what comes of it."""

    value: Any
    answer: float | None
    change: float | None
    why: str | None


class InfluenceForm(TypedDict):
    """What a figure of machine or software does to an answer."""

    name: str
    now: str
    source: str
    better_way: str | None
    better: ChangeForm | None
    worse: ChangeForm | None
    elasticity: float | None


class TieForm(TypedDict):
    """Figures that do something only together."""

    settings: list[str]
    change: float
    alone: list[float]


class SensitivityForm(TypedDict):
    """What each figure of machine and software does to an answer, one at a time."""

    program: Literal["wsesim"]
    version: str
    name: str
    title: str
    kind: str
    level: str
    figure: str
    now: float
    times: float
    figures: list[InfluenceForm]
    ties: list[TieForm]
    without_effect: list[str]


class IndicesForm(TypedDict):
    """What settings do to an answer over their ranges, all together."""

    program: Literal["wsesim"]
    version: str
    name: str
    title: str
    kind: str
    level: str
    method: str
    figure: str
    samples: int
    used: int
    seed: int
    confidence: float
    lowest: float
    highest: float
    why: str | None
    settings: list[dict[str, Any]]
    left_out: dict[str, Any]
    inputs_sha256: str


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each form, by the command that writes it."""
    forms = {"sweep": SweepForm, "compare": SidesForm, "size": SizeForm, "sensitivity": SensitivityForm,
             "sensitivity_over_ranges": IndicesForm}  # fmt: skip
    return {name: schema_of(form) for name, form in forms.items()}
