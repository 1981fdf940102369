"""Puts a finished set of files in place, all at once or not at all, and never in place of what is not ours.

A folder that was published holds `.wsesim.json`, which names its files with their sums. Only such a folder, in which
nothing was added, changed or exchanged since, may be replaced.

1. `new` is filled, in a hidden folder beside NAME.  2. `new` and NAME change places, in one step.  3. The folder beside
is removed.

Where a system has no such step, or nothing is at NAME, 2. is: NAME, if it is there, becomes `old`, and `new` becomes
NAME. A rename onto a folder that holds something fails, so that of two runs at once only one comes in. What interrupts,
a kill too, leaves NAME as it was, or `wsesim.answers.beside` brings it back.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from wsesim.answers.beside import TAKEN, beside, tidy
from wsesim.answers.mark import MARK, foreign, mark_of
from wsesim.answers.place import cannot_write, place_for, require_writable
from wsesim.errors import InputError

_EXCHANGE = {"linux": ("renameat2", (-100,), 2), "darwin": ("renamex_np", (), 2)}
"""The call of a system, what stands before each path (AT_FDCWD), and the flag (RENAME_EXCHANGE, RENAME_SWAP)."""


def check_folder(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that cannot become a run's; cheap, so that it can be asked before simulating.

    Brings back first what a killed run had moved away.

    Raises:
        InputError: *out* is a file, cannot be made or replaced, holds something no run wrote, or holds a run and
            *overwrite* is off.
    """
    place = _place(out)
    busy, held = False, True
    others: tuple[str, ...] = ()
    try:
        busy = tidy(place)
        held = place.exists() and any(place.iterdir())
        others = foreign(place) if held else ()
        others = others and foreign(place)  # another run may have come in while it was looked at
    except FileNotFoundError:  # it was taken away meanwhile
        busy, others = True, ()
    except OSError as error:
        raise cannot_write(out, error) from None
    if busy and not place.exists():
        raise InputError.at(f"another run writes {out} now; name another folder with --out")
    _require_ours(out, others)
    if held and not overwrite:
        ways = "pass --force to replace it, or another --out (from Python: force=True)"
        raise InputError.at(f"{out} is an existing run folder; {ways}")


def _place(out: Path) -> Path:
    """Return where *out* is, if a folder can be made there, or one that is there be replaced."""
    if os.path.exists(out) and not os.path.isdir(out):
        raise InputError.at(f"{out} is a file; name a folder with --out")
    place = place_for(out)
    with suppress(FileNotFoundError):  # the folder one works in may be gone
        if Path.cwd().is_relative_to(place):
            raise InputError.at(f"{out} is the folder you work in; name a folder below it with --out")
    if os.path.ismount(place):
        raise InputError.at(f"{out} is where a file system begins, which cannot be replaced; name a folder below it")
    for folder in (place, place.parent):  # what is replaced is moved away first
        require_writable(folder)
    return place


def _require_ours(out: Path, others: tuple[str, ...]) -> None:
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError.at(f"{out} holds {others[0]}{more}, which no run wrote; name another folder with --out")


def publish(files: Mapping[str, bytes], out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write *files* beside *out*, then rename; whatever interrupts leaves *out* as it was.

    Returns:
        The paths of *files*.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written, or another run wrote it meanwhile.
    """
    check_folder(out, overwrite=overwrite)
    place = _place(out)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with beside(place) as hidden:
            new = hidden / "new"
            new.mkdir()
            for name, content in {**files, MARK: mark_of(files)}.items():
                (new / name).write_bytes(content)
            _swap(new, place, hidden / "old", overwrite=overwrite)
    except OSError as error:
        raise cannot_write(out, error) from None
    return tuple(out / name for name in files)


def _swap(new: Path, place: Path, old: Path, *, overwrite: bool) -> None:
    """Put *new* at *place*; what was there goes to *old*, from where it is fetched back if anything goes wrong."""
    with suppress(OSError):
        place.rmdir()  # only an empty folder goes, which some systems do not rename onto
    if overwrite and place.exists() and _exchanged(new, place, old):
        return
    with suppress(FileNotFoundError):  # nothing was there, or another run just moved it away
        if overwrite:
            place.rename(old)
    _require_ours(place, foreign(old) if old.exists() else ())  # what came since it was looked at
    try:
        new.rename(place)
    except OSError as error:
        if error.errno in TAKEN:
            raise InputError.at(f"another run wrote {place} meanwhile; name another folder with --out") from None
        raise


def _exchanged(new: Path, place: Path, old: Path) -> bool:
    """Let *new* and what is at *place* change places, at the cost of *old*; return whether that could be done."""
    new.rename(old)
    if not exchange(old, place):
        old.rename(new)
        return False
    if others := foreign(old):  # that came since it was looked at
        exchange(old, place)
        _require_ours(place, others)
    return True


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; return False where the system or the file system has no such step."""
    if sys.platform not in _EXCHANGE:
        return False
    name, here, swap = _EXCHANGE[sys.platform]
    try:
        rename = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return False
    return bool(rename(*here, os.fsencode(one), *here, os.fsencode(other), swap) == 0)
