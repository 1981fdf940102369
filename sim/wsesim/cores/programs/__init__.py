"""Kernels as programs for cores: any rectangle, any shape, real values; cycles from the cores or in closed form."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from wsesim.cores.detours import told_detours
from wsesim.cores.errors import NO_HOPS, NoRoom, NotWritten, TooFew, TooLarge
from wsesim.cores.host import free_bytes, within
from wsesim.cores.kit.base import KernelCase, KernelProgram, Measure, Reading, slowdown
from wsesim.cores.kit.file import is_file
from wsesim.cores.kit.prepared import Agreement, Prepared
from wsesim.cores.kit.terms import TERMS, closed_terms
from wsesim.cores.path import NO_PATH, PATH_CAUSES, CriticalPath, PathSegment
from wsesim.cores.programs.run import (
    KernelOutcome,
    ValuesRun,
    find_program,
    run_case,
    run_kernel,
    run_values,
    usually_watched,
)


class Programs(Mapping[str, KernelProgram]):
    """Every program by its name, in the order of the folders' and modules' names: being there is enough.

    One that is asked for is looked for in the module of its name first, as it takes a while to read them all.
    """

    def __getitem__(self, name: str) -> KernelProgram:
        """Return a program."""
        own = [module for module in _modules() if module.rpartition(".")[2] == name.replace("-", "_")]
        found = _programs(*own)
        return found[name] if name in found else _programs(*_modules())[name]

    def __iter__(self) -> Iterator[str]:
        """Yield their names."""
        return iter(_programs(*_modules()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(_programs(*_modules()))


@cache
def _modules() -> tuple[str, ...]:
    folders = [info.name for info in iter_modules(__path__, f"{__name__}.") if info.ispkg]
    paths = ([f"{path}/{folder.rpartition('.')[2]}" for path in __path__] for folder in folders)
    return tuple(
        info.name for folder, at in zip(folders, paths, strict=True) for info in iter_modules(at, f"{folder}.")
    )


@cache
def _programs(*modules: str) -> dict[str, KernelProgram]:
    values = (value for module in modules for value in vars(import_module(module)).values())
    return {value.name: value for value in values if isinstance(value, KernelProgram)}


PROGRAMS = Programs()

__all__ = [
    "NO_HOPS",
    "NO_PATH",
    "PATH_CAUSES",
    "PROGRAMS",
    "TERMS",
    "Agreement",
    "CriticalPath",
    "KernelCase",
    "KernelOutcome",
    "KernelProgram",
    "Measure",
    "NoRoom",
    "NotWritten",
    "PathSegment",
    "Prepared",
    "Reading",
    "TooFew",
    "TooLarge",
    "ValuesRun",
    "closed_terms",
    "find_program",
    "free_bytes",
    "is_file",
    "run_case",
    "run_kernel",
    "run_values",
    "slowdown",
    "told_detours",
    "usually_watched",
    "within",
]  # fmt: skip
