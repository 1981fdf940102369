"""Records of a file one after the other, however long it is: a CSV table, JSON Lines, or one JSON list.

Which of them a file is follows from its first sign. Only a newline ends a record of CSV or JSON Lines: what else breaks
a line in a text (U+2028, a form feed) may stand in a JSON string as it is (RFC 8259).
"""

from __future__ import annotations

import csv
import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, cast

from wsesim.errors import InputError
from wsesim.system.json_records import BLANK, LONGEST_RECORD, column_in, json_lines, json_list

_DELIMITERS = ",\t;"
_READ_AT_ONCE = 1 << 16
_PEEKED = 1 << 12
_DEEPEST = 4
"""Objects within objects whose values may be columns."""
_GZIP = b"\x1f\x8b"
"""How a file that is packed by gzip begins: it is unpacked while it is read."""
_PACKED = {
    b"PAR1": "a Parquet file: save it as CSV or JSON Lines", b"PK\x03\x04": "a zip archive: unpack it",
    b"(\xb5/\xfd": "packed by zstd: unpack it, or pipe it: zstd -dc FILE | wsesim run QUESTION --set serving.trace=-",
}  # fmt: skip
"""By how a file begins, what it is that is no text."""
Row = tuple[int, tuple[Any, ...]]
"""The line of a record, and its values."""


@dataclass(frozen=True, slots=True)
class Records:
    """What a file of records has."""

    names: tuple[str, ...]
    """Of the columns, or of the keys of the first record."""
    rows: Callable[[tuple[str, ...]], Iterator[Row]]
    """Yields of each record the values of some names; None where it has none. Once only."""
    read: Callable[[], float]
    """Share of the file that was read."""
    column: Callable[[str], int | None]
    """Returns in which column the value of a name begins, in the last record that was yielded; None: nobody knows."""
    typed: bool
    """Whether values have types, as in JSON; in a table all are text."""
    inner: tuple[str, ...] = ()
    """Names of what stands in objects within the first record: `body.max_tokens`."""


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """Open the file at *path*.

    Raises:
        InputError: it cannot be read, or is no such file; at its line.
    """
    file = str(path)
    try:
        with path.open("rb") as stored, _unpacked(stored) as raw:
            size, stream = max(1, path.stat().st_size), TextIOWrapper(raw, encoding="utf-8-sig", newline="\n")
            if packed := next((what for start, what in _PACKED.items() if raw.peek(4).startswith(start)), None):
                raise InputError.at(f"is {packed}", file=file)

            def read() -> float:
                return min(1.0, stored.tell() / size)

            if raw.peek(_PEEKED).removeprefix(BOM_UTF8).lstrip(BLANK.encode()).startswith(b"["):
                yield _of_objects(json_list(_parts(stream, file), file), file, read, lambda _: None)
                return
            lines = _Lines(stream, file)
            first = next((line for line in lines if line[1].strip(BLANK)), None)
            if first is None:
                raise InputError.at("has no requests", file=file, line=1)
            if first[1].lstrip(BLANK).startswith("{"):
                entries = json_lines(chain([first], lines), file)
                yield _of_objects(entries, file, read, lambda name: column_in(lines.text, name))
            else:
                yield _of_table(first, lines, file, read)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError.at("cannot be unpacked: the end is missing, or it is not what gzip wrote", file=file) from None
    except OSError as error:
        raise InputError.at(f"cannot be read: {error.strerror}", file=file) from None


def _unpacked(stored: BufferedReader) -> BufferedReader:
    """Return what is read of a file, packed by gzip or not."""
    if not stored.peek(len(_GZIP)).startswith(_GZIP):
        return stored
    return BufferedReader(cast(RawIOBase, gzip.GzipFile(fileobj=stored)))


class _Lines:
    """The lines of a file, each with its number."""

    def __init__(self, stream: TextIO, file: str) -> None:
        self.stream, self.file, self.number, self.text = stream, file, 0, ""
        self.gap = _Gap(file)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Go on."""
        return self

    def __next__(self) -> tuple[int, str]:
        """Return the next line, with its end."""
        try:
            self.text = self.stream.readline(LONGEST_RECORD)
        except UnicodeDecodeError as error:
            raise _not_utf8(error, self.file, self.number + 1) from None
        if not self.text:
            raise StopIteration
        self.number += 1
        if len(self.text) == LONGEST_RECORD:
            raise InputError.at(f"a line of more than {LONGEST_RECORD:,} signs", file=self.file, line=self.number)
        self.gap.add(self.text, self.number)
        return self.number, self.text


@dataclass(slots=True)
class _Gap:
    """Blanks and empty lines that follow each other: a few bytes may unpack to any number of them."""

    file: str
    signs: int = 0

    def add(self, text: str, line: int) -> None:
        """Count what a file goes on with, up to a *line*.

        Raises:
            InputError: there is no end of blanks.
        """
        self.signs = self.signs + len(text) if not text.strip(BLANK) else 0
        if self.signs > LONGEST_RECORD:
            what = f"more than {LONGEST_RECORD:,} blanks and empty lines without a record between them"
            raise InputError.at(what, file=self.file, line=line)


def _parts(stream: TextIO, file: str) -> Iterator[str]:
    """Yield a file in parts, wherever its lines end."""
    line, gap = 1, _Gap(file)
    try:
        while part := stream.read(_READ_AT_ONCE):
            yield part
            line += part.count("\n")
            gap.add(part, line)
    except UnicodeDecodeError as error:
        raise _not_utf8(error, file, line) from None


def _not_utf8(error: UnicodeDecodeError, file: str, line: int) -> InputError:
    bad = f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8"
    return InputError.at(bad, file=file, line=line + error.object.count(b"\n", 0, error.start))


def _of_table(first: tuple[int, str], lines: _Lines, file: str, read: Callable[[], float]) -> Records:
    def texts() -> Iterator[str]:
        for number, text in chain([first], lines):
            if "\r" in text.rstrip(BLANK):
                alone = "lines end in a carriage return alone; save the file with newlines"
                raise InputError.at(alone, file=file, line=number, column=text.index("\r") + 1)
            yield text

    mark = max(_DELIMITERS, key=first[1].count)
    reader = csv.reader(texts(), delimiter=mark, strict=True, skipinitialspace=True)
    names = tuple(name.strip() for name in next(_of_reader(reader, lines), ()))

    def rows(wanted: tuple[str, ...]) -> Iterator[Row]:
        places = [names.index(name) for name in wanted]
        for row in _of_reader(reader, lines):
            if any(row[len(names) :]):
                raise InputError.at(f"{len(row)} values for {len(names)} columns", file=file, line=lines.number)
            if row:
                yield lines.number, tuple([row[place] if place < len(row) else None for place in places])

    return Records(names, rows, read, lambda name: _place(lines.text, mark, names.index(name)), typed=False)


def _of_reader(reader: Iterator[list[str]], lines: _Lines) -> Iterator[list[str]]:
    """Yield rows of a table; what is no table is refused at the line that was read last."""
    try:
        yield from reader
    except csv.Error as error:
        open_quote = "unexpected end" in str(error)
        what = "a quote opens that nothing closes" if open_quote else str(error)
        raise InputError.at(f"not a CSV table: {what}", file=lines.file, line=lines.number) from None


def _place(text: str, mark: str, number: int) -> int | None:
    """Return the column in which the value of that number begins; None where quotes go over several lines."""
    column, quoted, found = 1, False, 0
    if text.count('"') % 2:
        return None
    for column, sign in enumerate(text, 1):
        if found == number and (sign not in BLANK or sign == mark):
            return column
        quoted ^= sign == '"'
        found += sign == mark and not quoted
    return column


def _of_objects(
    entries: Iterator[tuple[int, Any]], file: str, read: Callable[[], float], column: Callable[[str], int | None]
) -> Records:  # fmt: skip
    first = next(entries, None)
    if first is None:
        raise InputError.at("has no requests", file=file, line=1)
    names, inner = tuple(_object(first, file)), dict(_inner(_object(first, file)))

    def rows(wanted: tuple[str, ...]) -> Iterator[Row]:
        paths = [inner.get(name, (name,)) for name in wanted]
        for entry in chain([first], entries):
            values = _object(entry, file)
            yield entry[0], tuple([_value(values, path) for path in paths])

    return Records(names, rows, read, column, typed=True, inner=tuple(inner))


def _inner(held: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield names and paths of what objects within an object hold."""
    for name, value in held.items():
        if path:
            yield ".".join((*path, name)), (*path, name)
        if isinstance(value, dict) and len(path) < _DEEPEST:
            yield from _inner(value, (*path, name))


def _value(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path[:-1]:
        inside = values.get(name)
        if not isinstance(inside, dict):
            return None
        values = inside
    return values.get(path[-1])


def _object(entry: tuple[int, Any], file: str) -> dict[str, Any]:
    line, value = entry
    if not isinstance(value, dict):
        raise InputError.at('must be an object, {"arrival_s": ..., "prompt": ..., "output": ...}', file=file, line=line)
    return value
