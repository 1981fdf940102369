"""What the same training would take on the machine of the file: as many steps of the very same model and batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wsesim import questions
from wsesim.answer import Number, Result
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
    each_j = figures.get("energy_per_token_j")
    return OnWafer(
        machine=cluster.name, systems=cluster.systems, status=result.status.value, why=result.why, steps=steps,
        seconds=figures.get("budget_s"), energy_j=None if each_j is None else tokens * each_j,
        step_s=figures.get("step_s"), tokens_per_s=figures.get("tokens_per_s"),
        programming_s=figures.get("programming_s"), weight_upload_s=figures.get("weight_upload_s"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringOnWafer:
    """What answering would take, simulated: one at a time by weights that stay, and a batch by weights that stream."""

    status: str
    why: str
    reads: int
    """Tokens of what is asked."""
    writes: int
    """Tokens of the answer; 0: it is read off what the model says at the last one."""
    answer_s: float | None = None
    """From what is asked to the whole answer, weights resident."""
    answer_energy_j: float | None = None
    tokens_per_s: Number | None = None
    """That are read or, where it writes, written, for one who asks."""
    batch: int
    """Asked at once, weights streamed: a step of evaluation."""
    batch_s: float | None = None
    batch_energy_j: float | None = None


def answering_on_wafer(course: Course, reads: int, writes: int) -> AnsweringOnWafer:
    """Ask what an answer takes on the machine of the file, with the usual software for it."""
    resolved = course.question.asked.resolved
    shared = {key: resolved[key] for key in ("name", "model", "cluster", "hardware")}
    wanted = {"prompt": reads, "generate": writes} if writes else {"prompt": reads}
    one = _asked(course, {**shared, "phase": "generate" if writes else "prefill", "inference": wanted})
    many = _asked(course, {**shared, "phase": "evaluation", "batch": {"sequences": course.sequences, "length": reads}})
    speed = "tokens_per_s_user" if writes else "prompt_tokens_per_s"
    return AnsweringOnWafer(
        status=one.status.value, why=one.why, reads=reads, writes=writes, answer_s=_times(one, "total_s", 1),
        answer_energy_j=_times(one, "energy_per_token_j", writes or reads), tokens_per_s=one.figures.get(speed),
        batch=course.sequences, batch_s=_times(many, "step_s", 1),
        batch_energy_j=_times(many, "energy_per_token_j", course.sequences * reads),
    )  # fmt: skip


def _asked(course: Course, data: dict[str, Any]) -> Result:
    asked = course.question.asked
    return questions.run(questions.ask(data, file=asked.file, folder=asked.folder), verify=False)


def _times(result: Result, name: str, times: int) -> float | None:
    found = result.figures.get(name)
    return None if found is None else times * float(found)
