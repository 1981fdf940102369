"""Records of JSON Lines or of one JSON list, one after the other, with never all of them in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from wsesim.errors import InputError

LONGEST_RECORD = 1 << 24
"""Signs of one record, at most: a conversation of millions of words is a file that is something else."""
BLANK = " \t\r\n"
_NOT_BLANK = re.compile(r"[^ \t\r\n]|\Z")
_ONE_A_LINE = "; each line is one object, {...}, or all of the file is one list, [{...}, {...}]"


def json_lines(lines: Iterator[tuple[int, str]], file: str) -> Iterator[tuple[int, Any]]:
    """Yield the line and the value of each record.

    Raises:
        InputError: not JSON, at its line and column.
    """
    for number, line in lines:
        if line.strip(BLANK):
            try:
                yield number, json.loads(line, strict=False)
            except (ValueError, RecursionError) as error:
                ends = isinstance(error, json.JSONDecodeError) and error.pos >= len(line.rstrip(BLANK))
                column = error.pos + 1 if isinstance(error, json.JSONDecodeError) else None
                message = f"not JSON: {_why(error)}{_ONE_A_LINE if ends else ''}"
                raise InputError.at(message, file=file, line=number, column=column) from None


def column_in(line: str, name: str) -> int | None:
    """Return in which column of a *line* the value of that name begins."""
    found = re.search(rf"{re.escape(json.dumps(name.rpartition('.')[2], ensure_ascii=False))}\s*:\s*", line)
    return found.end() + 1 if found else None


def _why(error: ValueError | RecursionError) -> str:
    """Say what is wrong, without the advice that Python adds for programmers."""
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return "nested too deep" if isinstance(error, RecursionError) else "a number has too many digits"


class _Text:
    """What of a list was read, where in it what is not used yet begins, and in which line of the file."""

    def __init__(self, parts: Iterator[str]) -> None:
        self.parts, self.text, self.at, self.number = parts, "", 0, 1

    def more(self) -> bool:
        """Forget what was used and read a part more; return whether there was one."""
        part = next(self.parts, "")
        self.text, self.at = self.text[self.at :] + part, 0
        return bool(part)

    def go_to(self, at: int) -> None:
        """Take what stands before a place as used."""
        self.number += self.text.count("\n", self.at, at)
        self.at = at

    def next_sign(self) -> str:
        """Return the next sign that is not blank; empty at the end."""
        while True:
            self.go_to(_NOT_BLANK.search(self.text, self.at).start())  # type: ignore[union-attr]  # the end matches
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]

    def fail(self, why: str, file: str) -> NoReturn:
        """Raise that this is no list, at the line that was come to."""
        raise InputError.at(f"not JSON: {why}", file=file, line=self.number) from None


def json_list(parts: Iterator[str], file: str) -> Iterator[tuple[int, Any]]:
    """Yield the line and the value of each entry of a list that comes in *parts*.

    Raises:
        InputError: not JSON, at its line; or the list does not end, or something follows it.
    """
    read, decoder, first = _Text(parts), json.JSONDecoder(strict=False), True
    read.next_sign()
    read.go_to(read.at + 1)
    while (sign := read.next_sign()) != "]":
        if not first and sign == ",":
            read.go_to(read.at + 1)
            sign = read.next_sign()
        elif not first and sign:
            read.fail("a comma is missing between two entries", file)
        if not sign:
            read.fail("the list does not end", file)
        yield _entry(read, decoder, file)
        first = False
    read.go_to(read.at + 1)
    if read.next_sign():
        read.fail("something follows the end of the list", file)


def _entry(read: _Text, decoder: json.JSONDecoder, file: str) -> tuple[int, Any]:
    """Return the entry that is next; more is read, twice as much each time, until it is whole."""
    wanted = 0
    while True:
        try:
            value, end = decoder.raw_decode(read.text, read.at)
            if end < len(read.text) or not read.more():  # a number may go on
                break
        except (ValueError, RecursionError) as error:
            tooth = isinstance(error, RecursionError) or len(read.text) - read.at > LONGEST_RECORD
            if tooth or not read.more():
                if isinstance(error, json.JSONDecodeError):
                    read.go_to(min(error.pos, len(read.text)))
                read.fail(_why(error), file)
            while len(read.text) < wanted and read.more():
                pass
            wanted = 2 * len(read.text)
    number = read.number
    read.go_to(end)
    return number, value
