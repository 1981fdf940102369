"""Trainings that differ by their seed alone, side by side: mean and range, and who wins.

result.json of all:

    program, version, status, name, title, text, about
    seeds               list of {seed, folder, held_out, test, cpu_s}
    best                the seed whose weights are beside it
    test                {reader: {mean, least, most}}, the model first
    said                who wins, in words
    wafer, answering    of one training, as its own result.json has them
    notes, inputs, cost

Beside it are the weights of the training that does best on what choices are made by, never on the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answers import json_text, publish
from wsesim.trainer.output import Report, answered, print_end, taken, winner
from wsesim.uses import trained_files

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanAndRange:
    """A figure of several trainings."""

    mean: float
    least: float
    most: float

    def __str__(self) -> str:
        """Write it as `0.950 (0.941 to 0.957)`, or as one number where all are alike."""
        same = self.least == self.most
        return f"{self.mean:.3f}" + ("" if same else f" ({self.least:.3f} to {self.most:.3f})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsReport:
    """Several finished trainings."""

    reports: tuple[Report, ...]
    folders: tuple[str, ...]
    """Names of the folders of each."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each."""
        return tuple(int(one.learner.course.learning["seed"]) for one in self.reports)

    @property
    def title(self) -> str:
        """What is done, in one sentence."""
        return f"{self.reports[0].title} Seeds: {', '.join(map(str, self.seeds))}."

    @property
    def best(self) -> Report:
        """The training that does best on what choices are made by, never on the test."""
        return min(self.reports, key=lambda one: (-(one.now.right or 0), one.now.nats))

    @property
    def test(self) -> Mapping[str, MeanAndRange]:
        """What is right of the test by reader; without a test, what is held out."""
        tests = [one.learner.progress.test for one in self.reports]
        return {reader: _spread([test[reader] for test in tests]) for reader in tests[0]}

    @property
    def held_out(self) -> str:
        """What compares with others, on what is not learned from."""
        bits = [one.now.bits_a_byte for one in self.reports if one.now.bits_a_byte is not None]
        right = [one.now.right for one in self.reports if one.now.right is not None]
        return f"{_spread(bits)} bits a byte" if bits else f"{_spread(right)} right"

    @property
    def said(self) -> str:
        """Who wins, in words."""
        if not self.test:
            return f"On what is held out: {self.held_out}."
        means = winner({reader: each.mean for reader, each in self.test.items()})
        first = next(iter(self.test.values()))
        if len(self.reports) == 1:
            return f"Of one seed {means}"
        return f"Of {len(self.reports)} seeds {means} The model's range: {first.least:.3f} to {first.most:.3f}."

    @property
    def cpu_s(self) -> float:
        """Of this run of the program, all seeds."""
        return sum(one.cpu_s for one in self.reports)


def _spread(found: list[float]) -> MeanAndRange:
    return MeanAndRange(mean=sum(found) / len(found), least=min(found), most=max(found))


def seeds_json(report: SeedsReport) -> dict[str, object]:
    """Return the form described above."""
    one = report.reports[0]
    course, lessons = one.learner.course, one.learner.lessons
    return {
        "program": "wsesim", "version": __version__, "status": "ok", "name": course.name, "title": report.title,
        "text": course.learning["text"], "about": lessons.about,
        "seeds": [
            {"seed": seed, "folder": folder, "test": each.learner.progress.test, "cpu_s": each.cpu_s,
             "held_out": {"nats": each.now.nats, "bits_a_byte": each.now.bits_a_byte, "right": each.now.right}}
            for seed, folder, each in zip(report.seeds, report.folders, report.reports, strict=True)
        ],
        "best": int(report.best.learner.course.learning["seed"]),
        "test": {reader: asdict(each) for reader, each in report.test.items()}, "said": report.said,
        "wafer": asdict(one.wafer), "answering": asdict(one.answering), "notes": list(one.notes),
        "inputs": dict(course.question.asked.resolved), "cost": {"cpu_s": report.cpu_s},
    }  # fmt: skip


def write_seeds(report: SeedsReport, out: Path, *, overwrite: bool) -> tuple[Path, ...]:
    """Write page, data and weights into the folder *out*, all or none.

    Raises:
        InputError: as `publish`.
    """
    files = {"report.html": render_seeds(report).encode(), "result.json": json_text(seeds_json(report)).encode(),
             **trained_files(report.best.trained)}  # fmt: skip
    return publish(files, out, overwrite=overwrite)


def render_seeds(report: SeedsReport) -> str:
    """Return the page, without scripts, that loads nothing."""
    from wsesim.answers.page import templates

    one = report.reports[0]
    page = {
        "report": report, "one": one, "rows": _rows(report), "heads": _heads(report), "notes": one.notes,
        "took": taken(one.wafer), "answers": answered(one.answering, one.wafer.machine), "causes": (),
        "inputs": questions.show(one.learner.course.question), "program": f"wsesim {__version__}",
    }  # fmt: skip
    return templates("wsesim.trainer").get_template("seeds.html.j2").render(page)


def print_seeds(report: SeedsReport, console: Console, *, folder: Path) -> None:
    """Print what the trainings came to."""
    from wsesim.answers.printer import Printer

    to, one = Printer(console), report.reports[0]
    to.line((report.title, "bold"), gap=True)
    to.line((one.learner.lessons.about, ""))
    to.line((report.said, "bold"), gap=True)
    heads = _heads(report)
    to.line(("", ""))
    to.table(heads, [[(cell, "") for cell in row] for row in _rows(report)], "r" * len(heads))
    print_end(one, to, here="it", cpu_s=report.cpu_s, folder=folder)


def _heads(report: SeedsReport) -> tuple[str, ...]:
    return ("seed", "held out", *report.test)


def _rows(report: SeedsReport) -> list[list[str]]:
    return [
        [str(seed), each.now.shown, *(f"{share:.3f}" for share in each.learner.progress.test.values())]
        for seed, each in zip(report.seeds, report.reports, strict=True)
    ]  # fmt: skip
