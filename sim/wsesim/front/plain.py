"""Values of a program as a file would have them: lists for tuples, Python's numbers for NumPy's, paths as text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsesim.errors import InputError

FILES = (".yaml", ".yml", ".json")
DEEPEST = 16
"""Mappings and lists in one another, more than any file has."""


def plain(value: object, folder: Path, depth: int = 0) -> Any:
    """Return *value* as a file in *folder* would have it.

    Raises:
        InputError: mappings and lists in one another without end.
    """
    if depth > DEEPEST:
        raise InputError.at(f"mappings and lists are nested deeper than {DEEPEST} in one another")
    if isinstance(value, Mapping):
        return {key: plain(held, folder, depth + 1) for key, held in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(held, folder, depth + 1) for held in value]
    if isinstance(value, Path):
        return named(value, folder)
    if hasattr(value, "as_value"):  # a model, a machine or a stack where a file has one value
        return value.as_value(folder)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    return value


def is_file(name: str | Path) -> bool:
    """Return whether *name* is a path, and no name of a preset."""
    return isinstance(name, Path) or Path(name).suffix in FILES or Path(name).is_dir()


def named(name: str | Path, folder: Path) -> str:
    """Return a name as it is; a path, which starts where the program runs, as one that starts at *folder*."""
    if not is_file(name):
        return str(name)
    path = Path(name)
    return path.as_posix() if path.is_absolute() or folder == Path() else Path(os.path.relpath(path, folder)).as_posix()
