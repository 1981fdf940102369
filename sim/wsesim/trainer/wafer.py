"""What the same training would take on the machine of the file: as many steps of the very same model and batch."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim import questions
from wsesim.answer import Number
from wsesim.trainer.course import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class OnWafer:
    """The simulated training; without figures where the machine cannot, and why."""

    machine: str
    systems: int
    status: str
    why: str
    steps: int
    step_s: Number | None = None
    seconds: float | None = None
    """Of all steps, back to back."""
    energy_j: float | None = None
    """Of all wafers over these."""
    tokens_per_s: Number | None = None
    programming_s: Number | None = None
    """Once, before the first step."""
    weight_upload_s: Number | None = None
    """Once, before the first step."""


def on_wafer(course: Course) -> OnWafer:
    """Ask what a step takes, and return what all of them do."""
    result = questions.run(course.question, verify=False)
    cluster, figures = course.question.asked.hardware.cluster, result.figures
    steps, tokens = course.steps, course.steps * course.sequences * course.length
    of_all = {"step_s": steps, "energy_per_token_j": tokens}
    seconds, energy_j = (None if figures.get(name) is None else times * float(figures[name] or 0)
                         for name, times in of_all.items())  # fmt: skip
    return OnWafer(
        machine=cluster.name, systems=cluster.systems, status=result.status.value, why=result.why, steps=steps,
        seconds=seconds, energy_j=energy_j, step_s=figures.get("step_s"), tokens_per_s=figures.get("tokens_per_s"),
        programming_s=figures.get("programming_s"), weight_upload_s=figures.get("weight_upload_s"),
    )  # fmt: skip
