"""A training as files, on the terminal and as JSON.

result.json:

    program, status, name, title    "ok", or "unfinished" where steps are left
    step, steps                     done; of the whole training
    text, text_sha256, about        what was learned from
    held_out                        {nats, bits_a_byte, right}: the last of `evaluations`
    evaluations                     list of {step, nats, bits_a_byte, right, sample}: loss a token and a byte, and the
                                    share of questions answered right, on what is not learned from; or null
    test                            {reader: share that is right}, the model first, asked once in the end
    wafer                           the same training, simulated: fields of `wsesim.trainer.wafer.OnWafer`
    answering                       answers of the trained model, simulated: fields of `AnsweringOnWafer` there
    notes, inputs                   sentences; the file with every default filled in
    cost                            {cpu_s, steps}: of this run of the program, the only part that varies

losses.csv has a line a step.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answers import json_text, publish, text
from wsesim.model import parameters
from wsesim.numerics import EXACT
from wsesim.trainer.checkpoint import checkpoint_files
from wsesim.trainer.loop import Learner
from wsesim.trainer.progress import Evaluation, Learned
from wsesim.trainer.wafer import AnsweringOnWafer, OnWafer
from wsesim.units import show_bytes, show_count
from wsesim.uses import Trained, trained_files

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.answers.printer import Printer

MOST_PRINTED = 12
"""Evaluations on the terminal; the page and the files have all."""
FLOAT32 = (
    "Numbers are float32, computed in this computer: the machine's own precision is simulated in time, not in value."
)
NOTES = (
    "The same file gives the same bits on the same computer with as many threads; sums of others may round otherwise.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A training to be shown, with what the wafer would take and what it took here."""

    learner: Learner
    wafer: OnWafer
    answering: AnsweringOnWafer
    cpu_s: float
    """Of this run of the program."""
    steps: int
    """That this run of the program did."""

    @property
    def title(self) -> str:
        """What is done, in one sentence."""
        course = self.learner.course
        return (f"{course.model.name} ({show_count(parameters(course.model))} parameters) learns from "
                f"{course.learning['text']}: {course.steps:,} steps of {course.sequences:,} sequences of "
                f"{course.length:,} tokens.")  # fmt: skip

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of numbers and file."""
        return (_numbers(self.learner), *NOTES, *self.learner.course.question.asked.notes)

    @property
    def trained(self) -> Trained:
        """The weights, with what they are for."""
        learner = self.learner
        return Trained(model=learner.course.model, weights=learner.arrays,
                       about=learner.lessons.about_weights(learner.course))  # fmt: skip

    @property
    def now(self) -> Evaluation:
        """The last evaluation."""
        return self.learner.progress.evaluations[-1]


def _numbers(learner: Learner) -> str:
    """Say what numbers were kept in, and what that took."""
    kept = learner.course.storage
    if kept is EXACT:
        return FLOAT32
    left_out = sum(one.norm is None for one in learner.progress.learned)
    scale = learner.progress.scale
    return (
        f"Numbers are kept as {kept.name} between ops, as the machine keeps them, and added up in fp32; what is held "
        f"out is judged in float32. The loss scale is {'dynamic, now' if scale.dynamic else 'fixed:'} {scale.value:g}; "
        f"{left_out:,} steps overflowed and were left out."
    )


def training_json(report: Report) -> dict[str, object]:
    """Return the form described above."""
    learner, now = report.learner, report.now
    course, progress = learner.course, learner.progress
    return {
        "program": "wsesim", "version": __version__, "status": "ok" if learner.done else "unfinished",
        "name": course.name, "title": report.title, "step": progress.step, "steps": course.steps,
        "text": course.learning["text"], "text_sha256": learner.lessons.sha256, "about": learner.lessons.about,
        "held_out": {"nats": now.nats, "bits_a_byte": now.bits_a_byte, "right": now.right},
        "evaluations": [asdict(one) for one in progress.evaluations], "test": progress.test,
        "wafer": asdict(report.wafer), "answering": asdict(report.answering),
        "notes": list(report.notes), "inputs": dict(course.question.asked.resolved),
        "cost": {"cpu_s": report.cpu_s, "steps": report.steps},
    }  # fmt: skip


def write_training(report: Report, out: Path, *, overwrite: bool) -> tuple[Path, ...]:
    """Write page, data, losses and checkpoint into the folder *out*, all or none; what was there stays until then.

    Returns:
        The paths written.

    Raises:
        InputError: as `publish`.
    """
    learner = report.learner
    files = {
        "report.html": render_training(report).encode(), "result.json": json_text(training_json(report)).encode(),
        "losses.csv": _losses_csv(learner.progress.learned),
        **trained_files(report.trained),
        **checkpoint_files(learner.course, learner.lessons.sha256, learner.arrays, learner.progress),
    }  # fmt: skip
    return publish(files, out, overwrite=overwrite)


def render_training(report: Report) -> str:
    """Return the page, without scripts, that loads nothing."""
    from markupsafe import Markup

    from wsesim.answers.page import templates
    from wsesim.trainer.curve import curve_svg

    learner = report.learner
    page = {
        "report": report, "learner": learner, "progress": learner.progress, "about": learner.lessons.about,
        "winner": winner(learner.progress.test), "curve": Markup(curve_svg(learner.progress)), "notes": report.notes,
        "took": taken(report.wafer), "answers": answered(report.answering, report.wafer.machine),
        "inputs": questions.show(learner.course.question), "causes": (),
        "program": f"wsesim {__version__}", "state_bytes": _state_bytes(learner),
    }  # fmt: skip
    return templates("wsesim.trainer").get_template("training.html.j2").render(page)


def print_training(report: Report, console: Console, *, folder: Path) -> None:
    """Print what was learned, and what the wafer would take."""
    from wsesim.answers.printer import Printer

    to, now, progress = Printer(console), report.now, report.learner.progress
    to.line((report.title, "bold"), gap=True)
    to.line((report.learner.lessons.about, ""))
    after = f"after {progress.step:,} steps; before the first {progress.evaluations[0].nats:.3f} nats."
    to.line((f"{now.shown}, {now.nats:.3f} nats a token", "bold"),
            (f" on what is not learned from, {after}", ""), gap=True)  # fmt: skip
    every = -(-len(progress.evaluations) // MOST_PRINTED)
    shown = progress.evaluations[::-1][::every][::-1]
    to.line(("Loss, nats a token", "bold"), gap=True)
    to.table(("step", "learned from", "held out", ""), [
        [(cell, "") for cell in (f"{one.step:,}", _nats_before(progress.learned, one.step), f"{one.nats:.3f}",
                                 one.shown)] for one in shown
    ], "rrrr")  # fmt: skip
    if progress.test:
        to.line(("The test: ", "bold"), (winner(progress.test), ""), gap=True)
    to.line(("It writes: ", "bold"), (now.sample, ""), gap=True)
    print_end(report, to, here=f"{report.steps:,} steps", cpu_s=report.cpu_s, folder=folder)


def print_end(report: Report, to: Printer, *, here: str, cpu_s: float, folder: Path) -> None:
    """Print what the wafer would take, what is to be noted, what was spent *here*, and where the page lies."""
    to.line((taken(report.wafer), ""), gap=True)
    to.line((answered(report.answering, report.wafer.machine), ""), gap=True)
    for place, note in enumerate(report.learner.course.question.asked.notes):
        to.line(("Note: ", "bold"), (note, ""), gap=place == 0)
    to.line((f"Here {here} took {text.seconds(cpu_s)} of CPU time.", "dim"), gap=True)
    to.line(("Report  ", "bold"), ((folder / "report.html").as_posix(), ""), gap=True, wrap=False)


def taken(wafer: OnWafer) -> str:
    """Say what the wafer would take, in a sentence."""
    name = wafer.machine if wafer.systems == 1 else f"{wafer.machine}, {wafer.systems} systems"
    if wafer.seconds is None:
        return f"On {name} it cannot be trained so: {wafer.why}"
    energy = "" if wafer.energy_j is None else f" and {text.joules(wafer.energy_j)}"
    before = (wafer.programming_s or 0) + (wafer.weight_upload_s or 0)
    systems = "1 system" if wafer.systems == 1 else f"{wafer.systems:,} systems"
    return (f"On {name} ({systems}) the same {wafer.steps:,} steps would take {text.seconds(wafer.seconds)}{energy}, "
            f"{text.seconds(wafer.step_s or 0)} each, and before the first {text.seconds(before)}.")  # fmt: skip


def answered(answering: AnsweringOnWafer, machine: str) -> str:
    """Say what answering would take, in a sentence or two."""
    asks = f"{answering.reads:,} tokens read" + (f", {answering.writes:,} written" if answering.writes else "")
    if answering.answer_s is None:
        return f"On {machine} an answer ({asks}) cannot be given with resident weights: {answering.why}"
    one = f"{text.seconds(answering.answer_s)}, {text.joules(answering.answer_energy_j or 0)}"
    said = f"An answer ({asks}) would take {one} on {machine}, with weights that stay there"
    if not answering.batch_s:
        return f"{said}."
    each = f"{answering.batch / answering.batch_s:,.0f} texts a second"
    energy = text.joules((answering.batch_energy_j or 0) / answering.batch)
    return f"{said}; {answering.batch:,} texts at once, read by weights that stream, {each}, {energy} each."


def winner(test: Mapping[str, float]) -> str:
    """Say in words who is right more often of a test, the model being the first; nothing where there is none."""
    if not test:
        return ""
    (model, share), *others = test.items()
    best, rival = max(others, key=lambda one: one[1])
    order = "more often than" if share > rival else "as often as" if share == rival else "less often than"
    rest = "; ".join(f"{name} {right:.3f}" for name, right in others if name != best)
    return f"{model} is right {order} any simple reader: {share:.3f}, {best} {rival:.3f}; {rest}."


def _nats_before(learned: list[Learned], step: int) -> str:
    return f"{learned[step - 1].nats:.3f}" if step else "–"


def _losses_csv(learned: list[Learned]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = [field.name for field in fields(Learned)]
    writer.writerow(names)
    writer.writerows([getattr(one, name) for name in names] for one in learned)
    return written.getvalue().encode()


def _state_bytes(learner: Learner) -> str:
    return show_bytes(sum(array.nbytes for array in learner.arrays.arrays.values()))
