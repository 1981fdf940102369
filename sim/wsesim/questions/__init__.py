"""Kinds of question: each is one file here that states its keys, its figures, what it reads and how it is solved.

    load or ask ─► Question ─┬─ run ─────► Result
                             ├─ compare ─► Comparison (levels side by side)
                             ├─ verify ──► Verification
                             └─ forward ─► Computed

Importing this package is cheap: kinds are imported by the function that needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import LEVELS

if TYPE_CHECKING:
    from wsesim.answer import Comparison, Level, Outcome, Result, Verification
    from wsesim.gpus import Fleet
    from wsesim.numerics import Computed
    from wsesim.questions.base import Question, Say
    from wsesim.questions.running import Tell
    from wsesim.questions.shared.as_mapped import HeldAsMapped
    from wsesim.questions.shared.precision import PrecisionLost
    from wsesim.trials import StepOnCores
    from wsesim.workload import Settings
    from wsesim.yamlfile import Document, Loc

__all__ = [
    "KEY",
    "ask",
    "ask_changed",
    "beside_gpus",
    "broken",
    "changed",
    "compare",
    "forward",
    "hold_as_mapped",
    "inputs_sha256",
    "is_study",
    "json_schema",
    "kinds",
    "load",
    "outline",
    "precision_lost",
    "require_level",
    "run",
    "show",
    "sketch",
    "step_on_cores",
    "verify",
]

KEY = "phase"
"""The key of a file that says which kind of question it asks."""


def broken(question: Question, outcome: Outcome) -> tuple[str, ...]:
    """Return a sentence for each assertion of a file that its answer does not keep to; without an answer, none is."""
    from wsesim.questions.asserting import broken

    return tuple(broken(question, outcome))


def kinds() -> Mapping[str, type[Question]]:
    """Return every kind of question by its name."""
    from wsesim.questions.registry import kinds

    return kinds()


def load(path: str | Path, *, settings: Settings = ()) -> Question:
    """Read the question at *path*; *settings* like `batch.sequences=240` replace what the file says.

    Raises:
        InputError: with every problem of the file, each at its line.
    """
    from wsesim.questions.reading import load

    return load(path, settings=settings)


def ask(
    data: Mapping[str, Any], *, file: str, folder: Path, document: Document | None = None,
    given: Mapping[Loc, str] | None = None, settings: Settings = (),
) -> Question:  # fmt: skip
    """Make a question of plain *data*; relative paths start at *folder*, and problems name *file*.

    Args:
        data: as it would stand in a file.
        file: names the place of a problem that has no other.
        folder: where relative paths start.
        document: what the data was read from, if it was.
        given: what of it stood on a command line, as it was given there, by place.
        settings: by dotted name, replace what the data says.

    Raises:
        InputError: with every problem, each at its line if *document* is there, or with what was *given*.
    """
    from wsesim.questions.reading import ask

    return ask(data, file=file, folder=folder, document=document, given=given or {}, settings=settings)


def ask_changed(
    data: Mapping[str, Any], changes: Mapping[str, object], *, kind: str, file: str, folder: Path
) -> Question:  # fmt: skip
    """Make the question of that *kind* that *data* of a file asks with settings changed.

    Args:
        data: as it would stand in a file.
        changes: values as they would stand in a file, lists also as tuples, by dotted name.
        kind: of the question once it is changed.
        file: names the place of a problem.
        folder: where relative paths start.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    from wsesim.questions.changing import ask_changed

    return ask_changed(data, changes, kind=kind, file=file, folder=folder)


def changed(question: Question, changes: Mapping[str, object]) -> Question:
    """Return *question* with settings changed by dotted name, `hardware.wafer.io`; what follows from them follows.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    asked, kind = question.asked, str(changes.get(KEY, question.kind))
    return ask_changed(asked.data, changes, kind=kind, file=asked.file, folder=asked.folder)


def is_study(path: str | Path) -> bool:
    """Return whether the file at *path* asks for many points.

    Raises:
        InputError: it cannot be read.
    """
    from wsesim.questions.reading import asks_for_points
    from wsesim.yamlfile import read_yaml

    return asks_for_points(read_yaml(path).data)


def run(
    question: Question, *, level: Level | None = None, verify: bool = True, explain: bool = False,
    say: Say | None = None,
) -> Result:  # fmt: skip
    """Answer *question* at *level* (default: the kind's own); if it fits, check its numbers and *explain* its time.

    Raises:
        InputError: a file that the question names cannot be used.
    """
    from wsesim.questions.base import silent
    from wsesim.questions.running import run

    return run(question, level=level, verify=verify, explain=explain, say=say or silent)


def sketch(question: Question, *, level: Level | None = None) -> Outcome:
    """Answer *question* at *level* with figures, seconds by cause and bound alone: what studies and searches need.

    Raises:
        InputError: a file that the question names cannot be used.
    """
    from wsesim.questions.running import sketch

    return sketch(question, level)


def outline(question: Question, *, level: Level | None = None) -> Outcome:
    """Answer *question* at *level* as `sketch` does, with facts and ops: what is compared with other answers.

    Raises:
        InputError: a file that the question names cannot be used.
    """
    from wsesim.questions.running import outline

    return outline(question, level)


def inputs_sha256(question: Question) -> str:
    """Return the sum of all that went into *question*, as its report has it; it changes when any of it does."""
    from wsesim.questions.shared.facts import inputs_sha256

    return inputs_sha256(question)


def beside_gpus(question: Question, result: Result, fleets: Sequence[Fleet]) -> Result:
    """Return *result* of *question* with what GPUs would make of it, by estimates."""
    from wsesim.questions.shared.gpus import beside_gpus

    return beside_gpus(question, result, fleets)


def compare(question: Question, levels: Sequence[Level] = LEVELS, *, tell: Tell | None = None) -> Comparison:
    """Answer *question* at *levels*, and say why each differs from the one before.

    Raises:
        InputError: a file that the question names cannot be read.
    """
    from wsesim.questions.running import compare, untold

    return compare(question, levels, tell=tell or untold)


def verify(question: Question, *, say: Say | None = None) -> Verification:
    """Compute a small part of a question's model with real numbers and compare it with float64.

    Raises:
        InputError: a kind without a model, or text or weights that cannot be used.
    """
    from wsesim.questions.base import silent
    from wsesim.questions.shared.numbers import verify

    return verify(question, say=say or silent)


def forward(question: Question, *, tell: Tell | None = None) -> Computed:
    """Compute all of a question's model with real numbers, layer by layer; *tell* hears of each.

    Raises:
        InputError: a kind without a model, text or weights that cannot be used, or not enough memory.
    """
    from wsesim.questions.running import untold
    from wsesim.questions.shared.numbers import forward

    return forward(question, tell=tell or untold)


def hold_as_mapped(question: Question, *, say: Say | None = None) -> HeldAsMapped:
    """Compute a part of a question's step as it is mapped, and compare all its numbers with the plain one's.

    Raises:
        InputError: a kind whose weights do not stream, or what does not fit.
    """
    from wsesim.questions.base import silent
    from wsesim.questions.shared.as_mapped import hold_as_mapped

    return hold_as_mapped(question, say=say or silent)


def step_on_cores(question: Question, grid: tuple[int, int], *, say: Say | None = None) -> StepOnCores:
    """Run a step of training, of a small copy of a question's model, on simulated cores, and compare all its numbers.

    Raises:
        InputError: a kind without a model, or an op that no core program does.
    """
    from wsesim.questions.base import silent
    from wsesim.questions.shared.on_cores import step_on_cores

    return step_on_cores(question, grid, say=say or silent)


def precision_lost(question: Question, *, say: Say | None = None) -> PrecisionLost:
    """Compute a small part of a question's model as machines would keep its numbers, in each format.

    Raises:
        InputError: a kind without a model.
    """
    from wsesim.questions.base import silent
    from wsesim.questions.shared.precision import precision_lost

    return precision_lost(question, say=say or silent)


def show(question: Question) -> str:
    """Return *question* as yaml that resolves to the same, each default and each figure with its source."""
    from wsesim.workload import show

    asked = question.asked
    figures = {f"The hardware, {asked.hardware.cluster.name}": asked.hardware.figures}
    if asked.software is not None:
        figures[f"The software, {asked.software.stack}"] = asked.software.figures
    return show(question.title, asked.resolved, asked.defaults, figures)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the files of all kinds."""
    from wsesim.questions.schema import json_schema

    return json_schema()


def require_level(level: str) -> Level:
    """Return a level by its name.

    Raises:
        InputError: there is none; names the nearest.
    """
    from wsesim.questions.running import require_level

    return require_level(level)
