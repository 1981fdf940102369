"""A hidden folder beside a place, where a process makes ready what is to stand there.

    .NAME.wsesim-xxxxxxxx/      beside NAME: `owner` (who), `new` (what comes), `old` (what was)

The process that made it holds a lock on `owner`, which ends with the process, however that ends. Whoever looks at NAME
next puts `old` back if its new run did not come in, and removes what is left. Where files cannot be locked, or another
machine made it, it counts as left when it is older than a day.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from wsesim.answers.mark import PROGRAM, foreign

if sys.platform != "win32":
    import fcntl

TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
"""How a rename onto a folder that holds something fails."""
_OWNER = "owner"
_DAY_S = 86400.0
_TRIES = 100
_RANDOM = 8


def beside_name(name: str) -> str:
    """Return a name as long as that of the hidden folder beside *name*."""
    return f"{_prefix(name)}{'x' * _RANDOM}"


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """Make a hidden folder beside *place*; in the end put back what it took from there, if nothing came in."""
    folder, owner = _claimed(place)
    try:
        yield folder
    finally:
        _clear(folder, place)
        os.close(owner)


def tidy(place: Path) -> bool:
    """Put back what a killed run took from *place*, and remove what such runs left.

    Returns:
        Whether a run that lives has taken away what was at *place*, to put its own there.
    """
    folders = sorted(filter(_looks_ours, place.parent.glob(f"{glob.escape(_prefix(place.name))}*")))
    alive = [folder for folder in folders if not _cleared(folder, place)]
    return any((folder / "old").exists() for folder in alive)


def _looks_ours(folder: Path) -> bool:
    try:
        return not folder.is_symlink() and {entry.name for entry in folder.iterdir()} <= {_OWNER, "new", "old"}
    except OSError:
        return False


def _claimed(place: Path) -> tuple[Path, int]:
    """Make the folder and lock its owner; anew, if before it was locked another run took it for a left one."""
    for _ in range(_TRIES):
        folder = Path(mkdtemp(prefix=_prefix(place.name), dir=place.parent))
        try:
            owner = os.open(folder / _OWNER, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            _lock(owner)
            os.write(owner, json.dumps({"program": PROGRAM, "host": platform.node()}).encode())
            if (folder / _OWNER).exists():
                return folder, owner
            os.close(owner)
        except FileNotFoundError:
            continue
        except BaseException:
            _remove(folder)
            raise
    raise FileNotFoundError(errno.ENOENT, "other runs remove what is written")


def _cleared(folder: Path, place: Path) -> bool:
    """Clear *folder* if it is left of a run of ours, holding its lock meanwhile; return whether it was."""
    try:
        if not (folder / _OWNER).exists():
            folder.rmdir()  # killed before it had an owner; one that holds something is not ours
            return True
        owner = os.open(folder / _OWNER, os.O_RDWR)
    except OSError:
        return False
    try:
        if not _is_left(folder, owner):
            return False
        _clear(folder, place)
        return True
    finally:
        os.close(owner)


def _is_left(folder: Path, owner: int) -> bool:
    try:
        text = os.read(owner, 10_000)
        form = json.loads(text) if text else {"program": PROGRAM, "host": platform.node()}  # killed before it wrote
        if form["program"] != PROGRAM:
            return False
        locked = _lock(owner, wait=False) if form["host"] == platform.node() else None
        return time.time() - folder.stat().st_mtime > _DAY_S if locked is None else locked
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _lock(owner: int, *, wait: bool = True) -> bool | None:
    """Lock an open file; return whether this process has it now, None where files cannot be locked."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _clear(folder: Path, place: Path) -> None:
    """Remove *folder*, but if its run did not come in, put back first what it had moved away from *place*."""
    old = folder / "old"
    if (folder / "new").is_dir() and old.is_dir():
        try:
            old.rename(place)
        except OSError as error:
            if error.errno not in TAKEN or foreign(old):  # another run is there now: nothing but a run is given up
                return
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, its owner last: killed before, it is still known as ours."""
    for name in ("new", "old"):
        shutil.rmtree(folder / name, ignore_errors=True)
    with suppress(OSError):
        (folder / "new").unlink(missing_ok=True)
        (folder / _OWNER).unlink(missing_ok=True)
        folder.rmdir()


def _prefix(name: str) -> str:
    return f".{name}.{PROGRAM}-"
