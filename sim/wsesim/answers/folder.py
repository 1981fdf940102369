"""Puts a finished set of files in place, all at once or not at all, and never in place of what is not ours.

A folder that was published holds `.wsesim.json`, which names its files with their sums. Only such a folder, in which
nothing was added, changed or exchanged since, may be replaced.

    .NAME.wsesim-xxxxxxxx/      beside NAME while it is written: `owner` (who), `new` (what comes), `old` (what was)

1. `new` is filled.  2. NAME, if it is there, becomes `old`.  3. `new` becomes NAME.  4. The folder beside is removed.
Each step is one rename, and a rename onto a folder that holds something fails, so that of two runs at once only one
comes in. Killed before 3, the folder beside is left with `old` in it: whoever looks at or publishes NAME next puts that
back. Killed later or earlier, what is left is removed. Left means that its owner runs no more, or, as it may run on
another machine, that it is older than a day.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from wsesim.errors import InputError

MARK = ".wsesim.json"
"""Names the files of a published folder with their SHA-256."""
_PROGRAM = "wsesim"
_OWNER = "owner"
_DAY_S = 86400.0
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


def check_folder(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that cannot become a run's; cheap, so that it can be asked before simulating.

    Brings back first what a killed run had moved away.

    Raises:
        InputError: *out* is a file, holds something no run wrote, or holds a run and *overwrite* is off.
    """
    try:
        _tidy(out.resolve())
        held = sorted(entry.name for entry in out.iterdir()) if out.exists() else []
        foreign = _foreign(out) if held else ()
        foreign = foreign and _foreign(out)  # another run may have come in while it was looked at
    except NotADirectoryError:
        raise InputError.at(f"{out} is a file; name a folder with --out") from None
    except FileNotFoundError:
        raise InputError.at(f"another run writes {out} now; name another folder with --out") from None
    except OSError as error:
        raise _cannot_write(out, error) from None
    if out.exists() and Path.cwd().is_relative_to(out.resolve()):
        raise InputError.at(f"{out} is the folder you work in; name a folder below it with --out")
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise InputError.at(f"{out} holds {foreign[0]}{more}, which no run wrote; name another folder with --out")
    if held and not overwrite:
        raise InputError.at(f"{out} is an existing run folder; pass --force to replace it, or another --out")


def _foreign(folder: Path) -> tuple[str, ...]:
    """Return what *folder* holds that no run wrote, or that is not as a run wrote it."""
    sums = _mark(folder)
    return tuple(
        entry.name
        for entry in sorted(folder.iterdir())
        if not (sums and entry.name == MARK) and (_is_other(entry) or sums.get(entry.name) != _sum(entry.read_bytes()))
    )


def _mark(folder: Path) -> dict[str, str]:
    """Return the sums of the files that a run wrote into *folder*; empty if none did."""
    try:
        if _is_other(folder / MARK):
            return {}
        form = json.loads((folder / MARK).read_bytes())
    except (OSError, ValueError):
        return {}
    files = form.get("files") if isinstance(form, dict) and form.get("program") == _PROGRAM else None
    return files if isinstance(files, dict) else {}


def _is_other(path: Path) -> bool:
    """Return whether something else than a file is at *path*: a folder, a link, a pipe."""
    return not stat.S_ISREG(path.lstat().st_mode)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def publish(files: Mapping[str, bytes], out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write *files* beside *out*, then rename; whatever interrupts leaves *out* as it was.

    Returns:
        The paths of *files*.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written, or another run wrote it meanwhile.
    """
    check_folder(out, overwrite=overwrite)
    place = out.resolve()
    sums = {name: _sum(content) for name, content in files.items()}
    mark = json.dumps({"program": _PROGRAM, "files": sums}, indent=1).encode()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _beside(place) as beside:
            new = beside / "new"
            new.mkdir()
            for name, content in {**files, MARK: mark}.items():
                (new / name).write_bytes(content)
            _swap(new, place, beside / "old", overwrite=overwrite)
    except OSError as error:
        raise _cannot_write(out, error) from None
    return tuple(out / name for name in files)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    beside = Path(mkdtemp(prefix=_prefix(place), dir=place.parent))
    try:
        owner = {"program": _PROGRAM, "host": platform.node(), "process": os.getpid()}
        (beside / _OWNER).write_text(json.dumps(owner), "utf-8")
        yield beside
    finally:
        _clear(beside, place)


def _clear(beside: Path, place: Path) -> None:
    """Remove *beside*, but if its run did not come in, put back first what it had moved away from *place*."""
    old = beside / "old"
    if (beside / "new").is_dir() and old.is_dir():
        try:
            old.rename(place)
        except OSError as error:
            if error.errno not in _TAKEN or _foreign(old):  # another run is there now: nothing but a run is given up
                return
    shutil.rmtree(beside, ignore_errors=True)


def _prefix(place: Path) -> str:
    return f".{place.name}.{_PROGRAM}-"


def _swap(new: Path, place: Path, old: Path, *, overwrite: bool) -> None:
    """Put *new* at *place*; what was there goes to *old*, and `_clear` fetches it back if anything goes wrong."""
    with suppress(OSError):
        place.rmdir()  # only an empty folder goes, which some systems do not rename onto
    with suppress(FileNotFoundError):  # nothing was there, or another run just moved it away
        if overwrite:
            place.rename(old)
    foreign = _foreign(old) if old.exists() else ()
    if foreign:  # that came since it was looked at
        raise InputError.at(f"{place} holds {foreign[0]}, which no run wrote; name another folder with --out")
    _come_in(new, place)


def _come_in(new: Path, place: Path) -> None:
    try:
        new.rename(place)
    except OSError as error:
        if error.errno in _TAKEN:
            raise InputError.at(f"another run wrote {place} meanwhile; name another folder with --out") from None
        raise


def _tidy(place: Path) -> None:
    """Put back what a killed run had moved away from *place*, and remove what such runs left."""
    prefix = _prefix(place)
    for beside in sorted(place.parent.glob(f"{_escaped(prefix)}*")) if place.parent.is_dir() else []:
        if _is_left(beside):
            _clear(beside, place)


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _is_left(beside: Path) -> bool:
    """Return whether a run made *beside* that runs no more."""
    try:
        owner = json.loads((beside / _OWNER).read_bytes())
        if owner["program"] != _PROGRAM or {entry.name for entry in beside.iterdir()} - {_OWNER, "new", "old"}:
            return False
        here = owner["host"] == platform.node() and os.name == "posix"
        gone = here and not _runs(int(owner["process"]))
        return gone or time.time() - beside.stat().st_mtime > _DAY_S
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # signals nothing: asks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _cannot_write(out: Path, error: OSError) -> InputError:
    reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown reason")
    return InputError.at(f"cannot write {out}: {reason.lower()}; name another folder with --out")
