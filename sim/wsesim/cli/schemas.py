"""The schema of every JSON document that answers: what `wsesim schema --results` prints."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from wsesim.answer import Verification
from wsesim.numerics.mapped import HeldTensor
from wsesim.trials import OpOnCores

_STATUS = Literal["ok", "differs"]


class VerifyForm(TypedDict):
    """A graph's numbers beside float64."""

    status: _STATUS
    verification: Verification
    cost: dict[str, float]
    """What this run took; the only part that varies between runs."""


class MappedForm(TypedDict):
    """A step as mapped beside the plain one."""

    status: _STATUS
    split: list[str]
    reduced: str
    tensors: list[HeldTensor]
    cost: dict[str, float]


class OnCoresForm(TypedDict):
    """A step of a small copy on simulated cores."""

    status: _STATUS
    grid: list[int]
    cycles: int
    loss: float
    ops: list[OpOnCores]
    tensors: list[HeldTensor]
    cost: dict[str, float]


class ProblemForm(TypedDict):
    """A mistake, and where it is."""

    message: str
    file: str | None
    line: int | None
    column: int | None


class ErrorForm(TypedDict):
    """Mistakes in what was given: no answer, and exit code 2."""

    status: Literal["error"]
    problems: list[ProblemForm]


def results_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of all of them: one alternative each, named as the command that writes it.

    `run` is also what `wsesim kernel` writes, and each answer of Python.
    """
    from wsesim import study, trainer, validation
    from wsesim.answers import comparison_schema, result_schema, schema_of

    found = {
        "run": result_schema(), "levels": comparison_schema(), **study.schemas(), **validation.schemas(),
        **trainer.schemas(), "verify": schema_of(VerifyForm), "verify_as_mapped": schema_of(MappedForm),
        "verify_on_cores": schema_of(OnCoresForm), "error": schema_of(ErrorForm),
    }  # fmt: skip
    alternatives = [{"$ref": f"#/$defs/{name}"} for name in found]
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "What wsesim answers in JSON"}
    return {**about, "anyOf": alternatives, "$defs": found}
