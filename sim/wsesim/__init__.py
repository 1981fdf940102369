"""wsesim: what a wafer-scale machine would do with a GPT.

>>> import wsesim
>>> result = wsesim.run("workloads/cerebras-gpt-111m.yaml")
>>> result.figures["tokens_per_s"]

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from wsesim._version import __version__

TYPE_CHECKING = False  # that of `typing` costs more than all else here, before Ctrl-C can be heard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from wsesim.answer import Answer, Comparison, Level, Result, Status, Verification
    from wsesim.errors import InputError, WsesimError
    from wsesim.gpt import CerebrasGPT
    from wsesim.model import Model
    from wsesim.questions import ask, load
    from wsesim.questions.base import Question
    from wsesim.study import Study, SweepTable

__all__ = [
    "Answer",
    "CerebrasGPT",
    "Comparison",
    "InputError",
    "Model",
    "Question",
    "Result",
    "Status",
    "WsesimError",
    "__version__",
    "ask",
    "compare",
    "load",
    "run",
    "sweep",
    "verify",
]

_HOME = {
    "Answer": "wsesim.answer",
    "CerebrasGPT": "wsesim.gpt",
    "Comparison": "wsesim.answer",
    "InputError": "wsesim.errors",
    "Model": "wsesim.model",
    "Question": "wsesim.questions.base",
    "Result": "wsesim.answer",
    "Status": "wsesim.answer",
    "WsesimError": "wsesim.errors",
    "ask": "wsesim.questions",
    "load": "wsesim.questions",
}


def run(question: str | Path | Question, *, level: Level | None = None, verify: bool = True) -> Result:
    """Answer a question, or the one in a file, at a level (default: the one its kind is usually answered at).

    Raises:
        InputError: the file is not a right question.
    """
    from wsesim import questions

    return questions.run(_loaded(question), level=level, verify=verify, explain=True)


def compare(question: str | Path | Question) -> Comparison:
    """Answer a question, or the one in a file, at every level, and say why they differ.

    Raises:
        InputError: the file is not a right question.
    """
    from wsesim import questions

    return questions.compare(_loaded(question))


def verify(question: str | Path | Question) -> Verification:
    """Compute a small part of a question's model with real numbers and compare it with float64.

    Raises:
        InputError: the file is not a right question, or has no model.
    """
    from wsesim import questions

    return questions.verify(_loaded(question))


def sweep(
    study: str | Path | Study | Question, vary: Mapping[str, Any] | None = None, *, jobs: int | None = None,
    keep: bool = True, **more: Any,
) -> SweepTable:  # fmt: skip
    """Answer every point of a study, or of the one in a file; or of a question in which something varies.

    >>> wsesim.sweep("workloads/cerebras-gpt-13b.yaml", {"cluster.systems": "1..16"}, level="closed").frame()

    Args:
        study: a study or its file; with *vary*, a question or its file.
        vary: settings by dotted name, each with a list of values, or a range as text.
        jobs: processes to use; None for one a core, or for none if there are few points.
        keep: whether answers are kept on disk, and those that are there are used.
        more: what else a study file may say: `set`, `figures`, `level`, `sample`, `scenarios`, `derive`, ....

    Raises:
        InputError: not a right study.
    """
    from wsesim import study as studies

    if vary is not None or more:
        given = {} if vary is None else {"vary": vary}
        study = studies.study_of(study, {**given, **more})  # type: ignore[arg-type]
    loaded = study if isinstance(study, studies.Study) else studies.load_study(study)  # type: ignore[arg-type]
    return studies.sweep(loaded, jobs=jobs, journal=studies.journal_place() if keep else None)


def _loaded(question: str | Path | Question) -> Question:
    from pathlib import Path

    from wsesim.questions import load

    return load(question) if isinstance(question, str | Path) else question


if not TYPE_CHECKING:  # or a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
