"""Whether something can be written where it is to stand; cheap, so that it can be asked before simulating."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from wsesim.answers.beside import beside_name
from wsesim.errors import InputError


def place_for(folder: Path) -> Path:
    """Return where *folder* is, all links followed, if it is there or can be made.

    Raises:
        InputError: a file or a link that leads nowhere is in the way, or a name is too long.
    """
    try:
        existing = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
        _require_folder(existing, folder)
        place = Path(os.path.realpath(folder))
        for name in place.relative_to(os.path.realpath(existing)).parts or filter(
            None, [place.name]
        ):  # the root has none
            require_name(place / name)
    except FileNotFoundError:
        raise InputError.at("the folder you work in is not there any more; change to one that is") from None
    except OSError as error:
        raise cannot_write(folder, error) from None
    return place


def _require_folder(existing: Path, folder: Path) -> None:
    if os.path.isdir(existing):
        return
    why = "is a file"
    if existing.is_symlink() and not os.path.exists(existing):
        why = f"is a link to {os.readlink(existing)}, which is not there"
    raise InputError.at(f"{why}, so the folder {folder} cannot be made; choose another", file=str(existing))


def require_name(path: Path) -> None:
    """Refuse a name that is too long, if not for itself, then for that of a hidden folder beside it.

    Raises:
        OSError: it is.
    """
    existing = next(folder for folder in path.absolute().parents if os.path.isdir(folder))
    try:
        os.lstat(existing / beside_name(path.name))
    except FileNotFoundError:
        return


def require_writable(folder: Path) -> None:
    """Refuse a folder in which nothing may be written, or if it is not there, in which it may not be made.

    Raises:
        InputError: writing is not allowed.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError.at("cannot be written to; choose another folder", file=str(existing))


def cannot_write(path: Path, error: OSError) -> InputError:
    """Return what to tell a user whose *path* the file system refused."""
    reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown reason")
    return InputError.at(f"cannot write {path}: {reason.lower()}; choose another place")
