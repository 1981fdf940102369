"""The mark by which wsesim knows its own: which files a run wrote into a folder, with their sums."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path

MARK = ".wsesim.json"
"""Names the files of a published folder with their SHA-256."""
PROGRAM = "wsesim"


def mark_of(files: Mapping[str, bytes]) -> bytes:
    """Return the content of the mark of a folder that holds *files*."""
    sums = {name: _sum(content) for name, content in files.items()}
    return json.dumps({"program": PROGRAM, "files": sums}, indent=1).encode()


def foreign(folder: Path) -> tuple[str, ...]:
    """Return what *folder* holds that no run wrote, or that is not as a run wrote it.

    Raises:
        OSError: *folder* is none, or it is gone or changes while it is read.
    """
    sums = _sums(folder)
    return tuple(
        entry.name
        for entry in sorted(folder.iterdir())
        if not (sums and entry.name == MARK) and (_is_other(entry) or sums.get(entry.name) != _sum(entry.read_bytes()))
    )


def _sums(folder: Path) -> dict[str, str]:
    """Return the sums of the files that a run wrote into *folder*; empty if none did."""
    try:
        if _is_other(folder / MARK):
            return {}
        form = json.loads((folder / MARK).read_bytes())
    except (OSError, ValueError):
        return {}
    files = form.get("files") if isinstance(form, dict) and form.get("program") == PROGRAM else None
    return files if isinstance(files, dict) else {}


def _is_other(path: Path) -> bool:
    """Return whether something else than a file is at *path*: a folder, a link, a pipe."""
    return not stat.S_ISREG(path.lstat().st_mode)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
