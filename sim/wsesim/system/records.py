"""Records of a file one after the other, however long it is: a CSV table, JSON Lines, or one JSON list.

Which of them a file is follows from its first sign. Only a newline ends a record of CSV or JSON Lines: what else breaks
a line in a text (U+2028, a form feed) may stand in a JSON string as it is (RFC 8259).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, cast

from wsesim.errors import InputError

LONGEST_RECORD = 1 << 24
"""Signs of one record, at most: a conversation of millions of words is a file that is something else."""
_READ_AT_ONCE = 1 << 16
_BLANK = " \t\r\n"
_DELIMITERS = ",\t;"
_PACKED = {
    b"PAR1": "a Parquet file: save it as CSV or JSON Lines", b"PK\x03\x04": "a zip archive: unpack it",
    b"\x1f\x8b": "packed by gzip: unpack it", b"(\xb5/\xfd": "packed by zstd: unpack it",
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
    typed: bool
    """Whether values have types, as in JSON; in a table all are text."""


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """Open the file at *path*.

    Raises:
        InputError: it cannot be read, or is no such file; at its line.
    """
    file = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as stream:
            size, raw = max(1, path.stat().st_size), cast("BufferedReader", stream.buffer)
            if packed := next((what for start, what in _PACKED.items() if raw.peek(4).startswith(start)), None):
                raise InputError.at(f"is {packed}", file=file)
            lines = _lines(stream, file)
            first = next((line for line in lines if line[1].strip(_BLANK)), None)
            if first is None:
                raise InputError.at("has no requests", file=file, line=1)
            lines = chain([first], lines)
            opening = first[1].lstrip(_BLANK)[:1]

            def read() -> float:
                return min(1.0, raw.tell() / size)

            if opening in ("{", "["):
                yield _of_objects(_json_list(lines, file) if opening == "[" else _json_lines(lines, file), file, read)
            else:
                yield _of_table(lines, file, read)
    except OSError as error:
        raise InputError.at(f"cannot be read: {error.strerror}", file=file) from None


def _lines(stream: TextIO, file: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        while line := stream.readline(LONGEST_RECORD):
            number += 1
            if len(line) == LONGEST_RECORD:
                raise InputError.at(f"a line of more than {LONGEST_RECORD:,} signs", file=file, line=number)
            yield number, line
    except UnicodeDecodeError as error:
        bad = f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise InputError.at(bad, file=file, line=number + 1 + error.object.count(b"\n", 0, error.start)) from None


def _of_table(lines: Iterator[tuple[int, str]], file: str, read: Callable[[], float]) -> Records:
    at = 0

    def texts() -> Iterator[str]:
        nonlocal at
        for at, text in lines:  # noqa: B007  # said in errors
            yield text

    source = texts()
    header = next(source)
    mark = max(_DELIMITERS, key=header.count)
    try:
        heads = next(csv.reader([header], delimiter=mark, skipinitialspace=True))
    except csv.Error as error:
        raise InputError.at(f"not a CSV table: {error}", file=file, line=1) from None
    names = tuple(name.strip() for name in heads)

    def rows(wanted: tuple[str, ...]) -> Iterator[Row]:
        reader = csv.reader(source, delimiter=mark, strict=True, skipinitialspace=True)
        places = [names.index(name) for name in wanted]
        try:
            for row in reader:
                if any(row[len(names) :]):
                    raise InputError.at(f"{len(row)} values for {len(names)} columns", file=file, line=at)
                if row:
                    yield at, tuple([row[place] if place < len(row) else None for place in places])
        except csv.Error as error:
            raise InputError.at(f"not a CSV table: {error}", file=file, line=at) from None

    return Records(names, rows, read, typed=False)


def _of_objects(entries: Iterator[tuple[int, Any]], file: str, read: Callable[[], float]) -> Records:
    first = next(entries, None)
    if first is None:
        raise InputError.at("has no requests", file=file, line=1)
    names = tuple(_object(first, file))

    def rows(wanted: tuple[str, ...]) -> Iterator[Row]:
        for entry in chain([first], entries):
            values = _object(entry, file)
            yield entry[0], tuple([values.get(name) for name in wanted])

    return Records(names, rows, read, typed=True)


def _object(entry: tuple[int, Any], file: str) -> dict[str, Any]:
    line, value = entry
    if not isinstance(value, dict):
        raise InputError.at('must be an object, {"arrival_s": ..., "prompt": ..., "output": ...}', file=file, line=line)
    return value


def _json_lines(lines: Iterator[tuple[int, str]], file: str) -> Iterator[tuple[int, Any]]:
    for number, line in lines:
        if line.strip(_BLANK):
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError.at(_not_json(error), file=file, line=number) from None


def _not_json(error: ValueError | RecursionError) -> str:
    """Say what is wrong without what Python would be told."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error}"
    return f"not JSON: {'nested too deep' if isinstance(error, RecursionError) else 'a number has too many digits'}"


def _json_list(lines: Iterator[tuple[int, str]], file: str) -> Iterator[tuple[int, Any]]:
    """Yield what a list holds, without ever having all of it in memory."""
    decoder, text, number, wanted = json.JSONDecoder(), "", 1, _READ_AT_ONCE
    signs = _signs(lines)
    text = next(signs, "").lstrip(_BLANK).removeprefix("[")
    while True:
        shorter = text.lstrip(f"{_BLANK},")
        number, text = number + text.count("\n", 0, len(text) - len(shorter)), shorter
        if text.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(text) if text else (None, 0)
        except RecursionError as error:
            raise InputError.at(_not_json(error), file=file, line=number) from None
        except ValueError as error:
            end = 0
            if len(text) > LONGEST_RECORD or (more := next(signs, None)) is None:
                raise InputError.at(_not_json(error), file=file, line=number) from None
            text += more
            while len(text) < wanted and (more := next(signs, None)) is not None:
                text += more
            wanted = 2 * len(text)
        else:
            if not text:
                text = next(signs, "")
                if not text:
                    raise InputError.at("not JSON: the list does not end", file=file, line=number)
                continue
            yield number, value
            number, text, wanted = number + text.count("\n", 0, end), text[end:], _READ_AT_ONCE


def _signs(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    return (line for _, line in lines)
