"""Puts one file in place, whole or not at all; what was there is replaced only if told to, and only a file."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from wsesim.answers.beside import beside, tidy
from wsesim.answers.place import cannot_write, place_for, require_name, require_writable
from wsesim.errors import InputError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""How file systems without hard links say so."""


def check_file(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that cannot be written, as far as can be seen before there is anything to write.

    Raises:
        InputError: it is there and *overwrite* is off, or a folder or a link that leads nowhere stands in its place.
    """
    place_for(path.parent)
    try:
        require_name(path)
    except OSError as error:
        raise cannot_write(path, error) from None
    if os.path.lexists(path):
        _require_file(path, overwrite=overwrite)
    if not os.path.exists(path) or os.path.isfile(path):
        require_writable(path.parent)


def _require_file(path: Path, *, overwrite: bool) -> None:
    if not overwrite:
        raise InputError.at("is already there; give --force to replace it", file=str(path))
    if path.is_symlink() and not os.path.exists(path):
        raise InputError.at(f"is a link to {os.readlink(path)}, which is not there; choose another", file=str(path))
    if os.path.isdir(path):
        raise InputError.at("is a folder; choose another", file=str(path))


def write_file(content: bytes, path: Path, *, overwrite: bool = False) -> None:
    """Write *content* to *path*; whatever interrupts leaves there what was.

    Raises:
        InputError: as `check_file`, or the file system refused.
        BrokenPipeError: *path* is a pipe whose reader went away.
    """
    check_file(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.exists(path) and not os.path.isfile(path):
            path.write_bytes(content)  # a device or a pipe is written to, not replaced
            return
        place = Path(os.path.realpath(path))
        tidy(place)
        with beside(place) as hidden:
            new = hidden / "new"
            new.write_bytes(content)
            _come_in(new, place, overwrite=overwrite)
    except FileExistsError:
        raise InputError.at("is already there; give --force to replace it", file=str(path)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from None


def _come_in(new: Path, place: Path, *, overwrite: bool) -> None:
    if overwrite:
        with suppress(FileNotFoundError):
            shutil.copymode(place, new)
        new.replace(place)
        return
    try:
        os.link(new, place)  # unlike a rename, it never replaces
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(place):
            raise FileExistsError from None
        new.rename(place)
