"""Kernels as programs for cores: any rectangle, any shape, real values; cycles from the cores or in closed form."""

from importlib import import_module
from pkgutil import walk_packages

from wsesim.cores.errors import NoRoom, NotWritten, TooFew, TooLarge
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


def _found() -> dict[str, KernelProgram]:
    """Return every program by its name, in the order of the folders' and modules' names: being there is enough."""
    found: dict[str, KernelProgram] = {}
    for module in walk_packages(__path__, f"{__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, KernelProgram):
                found[value.name] = value
    return found


PROGRAMS: dict[str, KernelProgram] = _found()

__all__ = [
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
    "usually_watched",
    "within",
]  # fmt: skip
