"""What a shell offers where Tab is pressed: names of kernels, machines, models, figures, and keys of settings.

Nothing here fails or prints: the line is still being written. Files are left to the shell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from wsesim.cores.programs import KernelProgram
    from wsesim.questions.base import Question

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
Names = Callable[[click.Context], Iterable[str]]


def offering(names: Names, *, files: bool = False, listed: bool = False) -> Completer:
    """Return what offers *names*; with *files* the shell's where none begins so, with *listed* after each comma."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        before, comma, begun = incomplete.rpartition(",") if listed else ("", "", incomplete)
        try:
            found = [f"{before}{comma}{name}" for name in names(context) if name.startswith(begun)]
        except Exception:  # a file with mistakes is told of when it is asked, not while the line is written
            found = []
        return [CompletionItem(name) for name in found] or ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def _machines(context: click.Context) -> Iterable[str]:
    from wsesim.hardware import MACHINES

    return MACHINES.names()


def _stacks(context: click.Context) -> Iterable[str]:
    from wsesim.software import STACKS

    return STACKS.names()


def _models(context: click.Context) -> Iterable[str]:
    from wsesim.model import model_names

    return model_names()


def _kernels(context: click.Context) -> Iterable[str]:
    from wsesim.cores.programs import PROGRAMS

    return PROGRAMS


def _gpus(context: click.Context) -> Iterable[str]:
    from wsesim.gpus import gpu_names

    return gpu_names()


def _levels(context: click.Context) -> Iterable[str]:
    from wsesim.answer import LEVELS

    return LEVELS


def _rows(context: click.Context) -> Iterable[str]:
    from wsesim.measured import read_rows

    return [each.id for each in read_rows()]


def _terms(context: click.Context) -> Iterable[str]:
    from wsesim.cli.terms import known_terms

    return dict.fromkeys(each.term for each in known_terms())


def _texts(context: click.Context) -> Iterable[str]:
    from wsesim.learning import PACKAGES, WORLDS

    return [*PACKAGES, *WORLDS]


def _figures(context: click.Context) -> Iterable[str]:
    return dict.fromkeys(spec.name for kind in _kinds(context) for spec in kind.figures)


def _kinds(context: click.Context) -> Sequence[type[Question]]:
    from wsesim.questions import kinds

    found = next(map(_asked, _files_given(context)), None)
    return [kinds()[found]] if found else [*kinds().values()]


def _files_given(context: click.Context) -> Iterator[Path]:
    """Yield the files of the line; where an option still lacks its value, all that was given is left over."""
    params = context.params
    given = [params.get("file"), *(params.get("files") or ()), *context.args]
    yield from (Path(each) for each in given if each and Path(each).is_file())


def _asked(file: Path) -> str | None:
    from wsesim.errors import InputError
    from wsesim.questions import is_study, load
    from wsesim.yamlfile import read_yaml

    try:
        return _asked(file.parent / read_yaml(file).data["workload"]) if is_study(file) else load(file).kind
    except (InputError, KeyError, TypeError):
        return None


_NAMED: Mapping[str, Names] = {
    "model": _models, "model.preset": _models, "cluster": _machines, "cluster.machine": _machines,
    "software": _stacks, "software.stack": _stacks,
}  # fmt: skip
"""Settings whose values have names."""


def _varied(context: click.Context) -> Iterable[str]:
    """Return the settings that `--vary` and the study of the line vary."""
    from wsesim.yamlfile import read_yaml

    yield from (each.partition("=")[0] for each in context.params.get("vary") or ())
    yield from (each.partition("=")[0] for each in context.args if "=" in each)
    for file in _files_given(context):
        yield from read_yaml(file).data.get("vary", {})


def _of_kernel(context: click.Context) -> KernelProgram:
    from wsesim.cores.programs import PROGRAMS

    return PROGRAMS[context.params.get("name") or next(each for each in context.args if each in PROGRAMS)]


def _measures(context: click.Context) -> Iterable[str]:
    return _of_kernel(context).measures


def _kernel_options(context: click.Context) -> Iterable[str]:
    return [f"{name}=" for name in _of_kernel(context).options]


def _samples(context: click.Context) -> Iterable[str]:
    return ("latin:", "sobol:", "random:")


def _files(context: click.Context) -> Iterable[str]:
    return ()


def folder(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the shell's folders."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def setting(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer `KEY=` of every setting that the file of the line can have; behind it names, choices and files."""
    from click.shell_completion import CompletionItem

    from wsesim.cli import settings

    key, equals, value = incomplete.partition("=")
    try:
        kinds = _kinds(context)
        if not equals:
            return [CompletionItem(name) for name in settings.keys(kinds) if name.startswith(key)]
        begun = value[: value.rfind(",") + 1] if parameter.name == "vary" else ""
        last = value[len(begun) :]
        names = _NAMED[key](context) if key in _NAMED else settings.choices(kinds, key)
        found = [name for name in names if name.startswith(last)]
        found += settings.paths(last) if key in settings.FILES and not found else []
        return [CompletionItem(f"{key}={begun}{name}") for name in found]
    except Exception:  # a file with mistakes is told of when it is asked, not while the line is written
        return []


MACHINE = offering(_machines, files=True)
MACHINES = offering(_machines, listed=True)
STACK = offering(_stacks, files=True)
MODEL = offering(_models)
KERNEL = offering(_kernels, files=True)
GPU = offering(_gpus)
LEVEL = offering(_levels)
ROW = offering(_rows)
TERM = offering(_terms)
TEXTS = offering(_texts)
FIGURE = offering(_figures)
FIGURES = offering(_figures, listed=True)
SETTING = setting
VARIED = offering(_varied, listed=True)
SAMPLE = offering(_samples)
MEASURE = offering(_measures)
KERNEL_OPTION = offering(_kernel_options)
FILE = offering(_files, files=True)
FOLDER = folder
