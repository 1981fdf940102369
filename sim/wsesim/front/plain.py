"""Values of a program as a file would have them: lists for tuples, Python's numbers for NumPy's, paths as text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = (".yaml", ".yml", ".json")


def plain(value: object, folder: Path) -> Any:
    """Return *value* as a file in *folder* would have it."""
    if isinstance(value, Mapping):
        return {key: plain(held, folder) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [plain(held, folder) for held in value]
    if isinstance(value, Path):
        return named(value, folder)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()  # type: ignore[attr-defined]  # a number of NumPy's, looked at just now
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
