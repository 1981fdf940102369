"""Puts a finished set of files in place, all at once or not at all."""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from wsesim.errors import InputError

FILES = ("report.html", "result.json", "ops.csv", "timeline.json.gz")
"""What a run writes; a folder that holds anything else is not ours to replace."""


def check_folder(out: Path, *, overwrite: bool = False, ours: Collection[str] = FILES) -> None:
    """Refuse a folder that cannot become a run's; *ours* are the files a run may have left there.

    Raises:
        InputError: *out* is a file, holds something no run wrote, or holds a run and *overwrite* is off.
    """
    try:
        held = sorted(entry.name for entry in out.iterdir()) if out.exists() else []
    except NotADirectoryError:
        raise InputError.at(f"{out} is a file; name a folder with --out") from None
    except OSError as error:
        raise _cannot_write(out, error) from None
    if out.exists() and Path.cwd().is_relative_to(out.resolve()):
        raise InputError.at(f"{out} is the folder you work in; name a folder below it with --out")
    foreign = [name for name in held if name not in ours]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise InputError.at(f"{out} holds {foreign[0]}{more}, which no run wrote; name another folder with --out")
    if held and not overwrite:
        raise InputError.at(f"{out} is an existing run folder; pass --force to replace it, or another --out")


def publish(files: Mapping[str, bytes], out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write *files* beside *out*, then rename; whatever interrupts leaves *out* as it was.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written.
    """
    check_folder(out, overwrite=overwrite, ours=files)
    place = out.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as beside:
            new, old = Path(beside, "new"), Path(beside, "old")
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            _swap(new, place, old)
    except OSError as error:
        raise _cannot_write(out, error) from None
    return tuple(out / name for name in files)


def _swap(new: Path, place: Path, old: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise


def _cannot_write(out: Path, error: OSError) -> InputError:
    reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown reason")
    return InputError.at(f"cannot write {out}: {reason.lower()}; name another folder with --out")
