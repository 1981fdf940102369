"""A kernel in a Python file of the user's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, wraps
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import ParamSpec, TypeVar

from wsesim.cores.kit.base import KernelProgram
from wsesim.errors import InputError, WsesimError

ENDING = ".py"
VARIABLE = "KERNEL"
KEPT = 16
"""Files whose kernels are kept; a changed one is read anew."""
Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


def is_file(name: str) -> bool:
    """Return whether a kernel's name is that of a file."""
    return name.endswith(ENDING)


def load_kernel(path: Path) -> KernelProgram:
    """Return the kernel that a Python file keeps in its variable `KERNEL`. The file is run.

    Raises:
        InputError: it cannot be read or run, or has no such variable; names the line.
    """
    try:
        return _loaded(path, path.read_bytes())
    except OSError as error:
        raise InputError.at(f"cannot read the kernel {path}: {error.strerror}") from None


@lru_cache(maxsize=KEPT)
def _loaded(path: Path, source: bytes) -> KernelProgram:
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    with _authored(path), _beside(path):
        exec(compile(source, str(path), "exec"), module.__dict__)
    found = getattr(module, VARIABLE, None)
    if not isinstance(found, KernelProgram):
        raise InputError.at(f"needs a variable {VARIABLE} that `wsesim.kit.kernel` has made", file=str(path))
    return _told(found, path)


def _told(program: KernelProgram, path: Path) -> KernelProgram:
    """Return the kernel with what goes wrong in its author's functions told by file and line."""

    def told(function: Callable[Parameters, Found]) -> Callable[Parameters, Found]:
        @wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Found:
            with _authored(path):
                return function(*args, **kwargs)

        return call

    assert program.prepare is not None, "a kernel that a file makes has a program"
    return replace(program, prepare=told(program.prepare), closed=told(program.closed), need=told(program.need))


@contextmanager
def _authored(path: Path) -> Iterator[None]:
    """Tell what goes wrong in a block as a mistake in the file, at the last line of it that was carried out."""
    try:
        yield
    except (WsesimError, MemoryError):
        raise
    except SyntaxError as error:
        raise InputError.at(f"is not Python: {error.msg}", file=str(path), line=error.lineno) from None
    except Exception as error:
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        message = f"{type(error).__name__}: {error}"
        raise InputError.at(message, file=str(path), line=lines[-1] if lines else None) from None


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let a file import what lies beside it."""
    sys.path.insert(0, str(path.parent))
    try:
        yield
    finally:
        sys.path.remove(str(path.parent))
