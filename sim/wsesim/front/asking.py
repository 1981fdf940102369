"""One question answered: at a level, at all of them, with real numbers; and a kernel, whose question is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.errors import InputError
from wsesim.front.given import flag, texts
from wsesim.front.loading import level_of, load

if TYPE_CHECKING:
    from wsesim.answer import Comparison, Result, Verification
    from wsesim.front.parts import Machine
    from wsesim.questions.base import Question


def run(
    question: str | Path | Mapping[str, Any] | Question | None = None, /, *, level: str | None = None,
    verify: bool = True, gpus: str | Sequence[str] = (), **settings: Any,
) -> Result:  # fmt: skip
    """Answer a question, as `wsesim run` does.

    >>> import wsesim
    >>> file = "workloads/cerebras-gpt-111m.yaml"
    >>> wsesim.run(file, set={"batch.sequences": 60}, level="closed", verify=False)
    <Result cerebras-gpt-111m: one step ... ms, tokens per second ..., samples per second ..., MFU ... %>
    >>> wsesim.run(file, model=wsesim.Model("cerebras-gpt-111m", width=98304, heads=768)).status
    <Status.DOES_NOT_FIT: 'does_not_fit'>

    Args:
        question: as of `load`: a file's path, a mapping, a question, or nothing.
        level: `closed`, `system` or `cores`. Default: as is usual for the kind of question.
        verify: whether a small part of the model is computed with real numbers, and compared with float64.
        gpus: clusters of GPUs whose estimates stand beside the answer: `h100x64`, `b200x8:fp8`.
        settings: as of `load`.

    Raises:
        InputError: not a right question, or a file that it names cannot be used.
    """
    from wsesim import questions

    asked, wanted = load(question, **settings), level_of(level)
    result = questions.run(asked, level=wanted, verify=flag("verify", verify), explain=True)
    if not gpus:
        return result
    from wsesim.gpus import fleet_named

    return questions.beside_gpus(asked, result, tuple(map(fleet_named, dict.fromkeys(texts("gpus", gpus)))))


def show(question: str | Path | Mapping[str, Any] | Question | None = None, /, **settings: Any) -> str:
    """Return a question as the file of it, every default filled in and each figure with its source, as `wsesim show`.

    >>> import wsesim
    >>> text = wsesim.show(model="gpt2", machine="cs-2", batch={"sequences": 64, "length": 1024})
    >>> "precision: mixed" in text
    True

    Args:
        question: as of `load`.
        settings: as of `load`.

    Raises:
        InputError: not a right question.
    """
    from wsesim import questions

    return questions.show(load(question, **settings))


def levels(question: str | Path | Mapping[str, Any] | Question | None = None, /, **settings: Any) -> Comparison:
    """Answer a question at every level, and say why they differ, as `wsesim levels` does.

    >>> import wsesim
    >>> found = wsesim.levels(kernel="allreduce-2d", machine="cs-2", grid=[4, 4], shape=[8])
    >>> found
    <Comparison question: cycles closed 81, cores 81>

    Args:
        question: as of `load`.
        settings: as of `load`.

    Raises:
        InputError: as of `run`.
    """
    from wsesim import questions

    return questions.compare(load(question, **settings))


def verify(question: str | Path | Mapping[str, Any] | Question | None = None, /, **settings: Any) -> Verification:
    """Compute a small part of a question's model with real numbers and compare it with float64.

    >>> import wsesim
    >>> wsesim.verify(
    ...     model={"layers": 1, "width": 16, "heads": 2, "vocab": 64},
    ...     machine="cs-2",
    ...     batch={"sequences": 1, "length": 8},
    ... ).ok
    True

    Args:
        question: as of `load`.
        settings: as of `load`.

    Raises:
        InputError: as of `run`, or the question has no model.
    """
    from wsesim import questions

    return questions.verify(load(question, **settings))


def kernel(
    name: str | Path, /, *, grid: str | Sequence[int] | None = None, shape: int | str | Sequence[int] | None = None,
    machine: str | Path | Machine = "cs-2", level: str | None = None, **settings: Any,
) -> Result:  # fmt: skip
    """Run one kernel on a rectangle of cores, every wavelet with its value, as `wsesim kernel` does.

    >>> import wsesim
    >>> result = wsesim.kernel("allreduce-2d", grid=(4, 4), shape=8)
    >>> result.figures["differing_values"]
    0

    Args:
        name: of a kernel that `wsesim kernel` lists, or the path of a Python file that has one, which is run; or of the
            layout of a program in CSL, whose `params`, `launch`, `operands` and `expect` are settings.
        grid: columns and rows of cores; a program in CSL lays itself out.
        shape: size of the problem; `wsesim kernel` says what the numbers mean.
        machine: a name, the path of a file, or a `Machine`.
        level: `cores`, or `closed` for the formula.
        settings: more keys of a file with `kernel`: `options`, `measure`, `fold`, `seed`, `verify`, `watch`, ....

    Raises:
        InputError: not a right question.
    """
    from wsesim import questions

    if not isinstance(name, str | Path):
        raise InputError.at(f"a kernel is a name, or the path of a file; got {name!r}")
    sizes = {"grid": grid, "shape": [shape] if isinstance(shape, int) else shape}
    given = {key: value for key, value in sizes.items() if value is not None}
    asked = load({"name": Path(name).stem, "kernel": name, **given, "machine": machine}, **settings)
    return questions.run(asked, level=level_of(level))
