"""Source files with what each of their lines took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wsesim.answer import CodeLine, CodeListing
from wsesim.csl.image import Image
from wsesim.csl.profile.sums import LIBRARY, Share, by_line
from wsesim.csl.profile.taken import FILE, Taken

MOST_LINES = 240
"""Of a file that are shown."""
AROUND = 2
"""Lines shown before and after one that took something."""
MOST_FILES = 12
NOTE = (
    "Cycles of all cores: what the main thread, or a microthread, worked; waits: under way and held up; handled: "
    "elements. Lines of operations that run side by side count each for itself."
)


def code_of(folder: Path, image: Image, taken: Taken) -> tuple[CodeListing, ...]:
    """Return the files of a program that took cycles, those of most first; the note tells code of libraries."""
    files: dict[str, dict[int, Share]] = {}
    for (file, line), share in by_line(image, taken).items():
        files.setdefault(file, {})[line] = share
    ours = [file for file in files if file == LIBRARY or file.startswith("<")]
    library = sum(share.worked for file in ours for share in files.pop(file).values())
    note = f"{NOTE} Code of libraries: {library:,} cycles." if library else NOTE
    ordered = sorted(files.items(), key=lambda each: (-sum(share.worked for share in each[1].values()), each[0]))
    return tuple(
        CodeListing(
            name=f"file-{at}", title=Path(file).name, lines=tuple(_lines(source_lines(file, folder), shares)), note=note
        )
        for at, (file, shares) in enumerate(ordered[:MOST_FILES])
    )


def source_lines(file: str, folder: Path) -> list[str]:
    """Return the lines of a file of a program compiled into a folder, where it still lies."""
    for place in _places(file, folder):
        with suppress(OSError, UnicodeDecodeError):
            return place.read_text("utf-8").splitlines()
    return []


def changed(folder: Path, image: Image) -> tuple[str, ...]:
    """Return the files that were written after the program ran: their lines may be others."""
    found = []
    with suppress(OSError):
        ran = (folder / FILE).stat().st_mtime
        for file in image.files:
            place = next((place for place in _places(file, folder) if place.is_file()), None)
            found += [file] if place is not None and place.stat().st_mtime > ran else []
    return tuple(found)


def _places(file: str, folder: Path) -> tuple[Path, ...]:
    """Return where a file may lie: a path starts where the compiler was called, in the folder above as a rule."""
    return folder.resolve().parent / file, Path(file)


def _lines(texts: list[str], shares: dict[int, Share]) -> Iterator[CodeLine]:
    """Yield the lines that took something, with some around them."""
    ranked = sorted(shares, key=lambda line: -shares[line].worked - shares[line].waited)[:MOST_LINES]
    wanted = sorted({near for line in ranked for near in range(line - AROUND, line + AROUND + 1)})
    last = 0
    for line in wanted:
        if not (line in shares or 1 <= line <= len(texts)):
            continue
        if line > last + 1 and last:
            yield CodeLine(text="⋯")
        last = line
        text = texts[line - 1].rstrip() if line <= len(texts) else ""
        share = shares.get(line)
        if share is None:
            yield CodeLine(text=text, place=str(line))
        else:
            yield CodeLine(text=text, place=str(line), by_cause=dict(share.by_cause), waited=share.waited,
                           handled=share.elements or None)  # fmt: skip
