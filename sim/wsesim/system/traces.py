"""Requests of a trace, read record by record: when each arrives, how long it is, and which are left out.

Only gaps count: times start at the earliest request, whatever they are counted from.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from wsesim.errors import InputError
from wsesim.system.records import Row, open_records
from wsesim.system.trace_forms import ANSWERS, TraceForm, form_of
from wsesim.units import show_share

MOST_TOKENS = 10**9
LONGEST_SPAN_S = 1e9
MOST_KEPT = 2_000_000
"""Requests that are played of one trace, at most: each takes about a kilobyte while it is."""
TOLD_EVERY = 20_000
BLOCKS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Tokens that a block of a prompt may have, where it has a name of its own."""

_CLOCK = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T]([01]\d|2[0-3]):([0-5]\d):((?:[0-5]\d|60)(?:[.,]\d*)?)"
    r"\s*(?:Z|UTC|([+-])(0\d|1[0-4]):?([0-5]\d))?", re.ASCII
)  # fmt: skip
LATEST_S = 1e11
"""Seconds since 1970 that nobody means: the year 5138."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Which rows of a trace are asked for, and what becomes of those that are too long."""

    skip_s: float = 0.0
    span_s: float = math.inf
    most: int | None = None
    longest: int
    longer: str = "refuse"
    """refuse (they arrive and are turned away) | cut (the prompt is) | drop."""


@dataclass(slots=True)
class Columns:
    """What was read: requests in the order of the file."""

    form: TraceForm
    arrival_s: array[float] = field(default_factory=lambda: array("d"))
    prompt: array[int] = field(default_factory=lambda: array("q"))
    output: array[int] = field(default_factory=lambda: array("q"))
    priority: array[int] = field(default_factory=lambda: array("q"))
    blocks: list[tuple[int, ...]] = field(default_factory=list)
    empty: int = 0
    """Rows without tokens to read or to write."""
    longer: int = 0
    """Rows over the longest."""
    rows: int = 0
    block_tokens: int = 0


def read_columns(
    path: Path, excerpt: Excerpt, *, tokens: Callable[[str], int], say: Callable[[str], None]
) -> Columns:  # fmt: skip
    """Read the requests of a file.

    Raises:
        InputError: not a file of requests; says which line and column, and what would be right.
    """
    with open_records(path) as records:
        found = Columns(form_of(records, str(path)))
        reader = _Reader(found, excerpt, str(path), tokens, records.column)
        for row in records.rows(found.form.columns):
            if reader.add(row):
                break
            if found.rows % TOLD_EVERY == 0:
                say(f"reading requests: {found.rows:,} rows, {show_share(records.read(), digits=0)} of {path.name}")
    if not found.prompt:
        raise InputError.at(f"has no requests that are asked for: {_none_of(found)}", file=str(path), line=1)
    found.block_tokens = _block_tokens(found) if found.blocks else 0
    return found


def _none_of(found: Columns) -> str:
    """Say why no row is played."""
    if not found.rows:
        return "there is nothing but the names of columns"
    left = {"without tokens to read or to write": found.empty, "longer than serving.longest": found.longer}
    said = [f"{count:,} {what}" for what, count in left.items() if count]
    return f"of {found.rows:,} rows {', '.join(said) or 'none is in the span'}"


class _Reader:
    """Adds rows to columns."""

    def __init__(
        self, found: Columns, excerpt: Excerpt, file: str, tokens: Callable[[str], int],
        column: Callable[[str], int | None],
    ) -> None:  # fmt: skip
        self.found, self.excerpt, self.file, self.tokens, self.column = found, excerpt, file, tokens, column
        self.names: dict[str, int] = {}
        self.origin_s: float | None = None
        self.origin_day: int | None = None

    def add(self, row: Row) -> bool:
        """Add a row; return whether that was the last that is asked for."""
        line, values = row
        found, form, excerpt = self.found, self.found.form, self.excerpt
        found.rows += 1
        at_s = 0.0
        if form.arrival is not None:
            at_s, values = self._arrival(values[0], line), values[1:]
            if not excerpt.skip_s <= at_s < excerpt.skip_s + excerpt.span_s and (excerpt.skip_s or at_s > 0):
                return False
        prompt, output = self._sizes(values, line)
        if prompt < 1 or output < 1:
            found.empty += 1
            return False
        if prompt + output > excerpt.longest:
            found.longer += 1
            if excerpt.longer == "drop":
                return False
        self._keep(at_s, prompt, output, line)
        if form.priority is not None:
            found.priority.append(self._size(values[-1 if form.blocks is None else -2], form.priority, line))
        if form.blocks is not None:
            found.blocks.append(self._blocks(values[-1], line))
        return len(found.prompt) == excerpt.most

    def _keep(self, at_s: float, prompt: int, output: int, line: int) -> None:
        if len(self.found.prompt) == MOST_KEPT:
            message = f"more than {MOST_KEPT:,} requests; ask for fewer with serving.requests, or serving.span"
            raise InputError.at(message, file=self.file, line=line)
        if self.excerpt.longer == "cut" and prompt + output > self.excerpt.longest:
            output = min(output, self.excerpt.longest - 1)
            prompt = min(prompt, self.excerpt.longest - output)
        self.found.arrival_s.append(at_s)
        self.found.prompt.append(prompt)
        self.found.output.append(output)

    def _arrival(self, value: Any, line: int) -> float:
        """Return when a request arrives, seconds after the first of the file."""
        try:
            number = _number(value)
            if self.origin_s is None and not self.found.form.unit_named:
                self.found.form = replace(self.found.form, unit_s=_unit_of(number))
            time_s = number * self.found.form.unit_s
        except ValueError:
            time_s = self._clock(value, line)
        else:
            self._check_number(value, time_s, line)
        if self.origin_s is None:
            self.origin_s = time_s
        at_s = time_s - self.origin_s
        if not abs(at_s) <= LONGEST_SPAN_S:
            self._fail(self.found.form.arrival, value, f"is more than {LONGEST_SPAN_S:g} s from the first", line)
        return at_s

    def _check_number(self, value: Any, time_s: float, line: int) -> None:
        if self.origin_day is not None:
            self._fail(self.found.form.arrival, value, "is a number, and times before were times of day", line)
        if self.origin_s is None and time_s >= LATEST_S:
            message = f"is {time_s:.3g} s, after the year 5138; name the column by what it counts, as arrival_ms"
            self._fail(self.found.form.arrival, value, message, line)

    def _clock(self, value: Any, line: int) -> float:
        match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
        day = _ordinal(match[1]) if match else None
        if match is None or day is None:
            message = "is not a number, nor a time such as 2023-11-16 18:20:01.1"
            self._fail(self.found.form.arrival, value, message, line)
        if self.origin_day is None:
            if self.origin_s is not None:
                self._fail(self.found.form.arrival, value, "is a time of day, and times before were numbers", line)
            self.origin_day = day
        east_min = int(f"{match[5]}1") * (60 * int(match[6]) + int(match[7])) if match[5] else 0
        minutes = 60 * int(match[2]) + int(match[3]) - east_min
        return 86400.0 * (day - self.origin_day) + 60.0 * minutes + float(match[4].replace(",", "."))

    def _sizes(self, values: Sequence[Any], line: int) -> tuple[int, int]:
        form = self.found.form
        if form.output is None:
            prompt, said = self._said(values[0], line)
            return prompt, said or (self._size(values[1], form.most, line) if form.most else 0)
        return self._size(values[0], form.prompt, line), self._size(values[1], form.output, line)

    def _size(self, value: Any, name: str, line: int) -> int:
        try:
            number = _number(value)
        except ValueError:
            if isinstance(value, str) and self.found.form.typed:
                return self.tokens(value) if value else 0
            self._fail(name, value, "is not a number", line)
        if number != math.floor(number) or not 0 <= number <= MOST_TOKENS:
            self._fail(name, value, f"is not a whole number from 0 to {MOST_TOKENS:,}", line)
        return int(number)

    def _said(self, turns: Any, line: int) -> tuple[int, int]:
        """Return the tokens of what is said before the first answer, and of that; 0 of what is not there."""
        if not isinstance(turns, list):
            self._fail(self.found.form.prompt, turns, "is not a list of what is said", line)
        before = 0
        for number, turn in enumerate(turns):
            held = turn if isinstance(turn, dict) else {"value": turn}
            text, speaker = _text_of(held.get("value", held.get("content"))), held.get("from", held.get("role"))
            size = self.tokens(text) if text else 0
            if speaker in ANSWERS or (speaker is None and number):
                return before, size
            before += size
        return before, 0

    def _blocks(self, value: Any, line: int) -> tuple[int, ...]:
        if value is None:
            return ()
        if isinstance(value, list) and all(type(each) is str for each in value):
            return tuple(self.names.setdefault(each, len(self.names)) for each in value)
        if self.names or not isinstance(value, list) or not all(type(each) is int for each in value):
            self._fail(self.found.form.blocks, value, "is not a list of whole numbers, or of names", line)
        return tuple(value)

    def _fail(self, name: str | None, value: Any, message: str, line: int) -> NoReturn:
        column = self.column(name) if name else None
        if value is None or value == "":
            raise InputError.at(f"{name} is missing", file=self.file, line=line, column=column)
        shown = repr(value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        raise InputError.at(f"{name} = {shown} {message}", file=self.file, line=line, column=column)


def _text_of(content: Any) -> str:
    """Return what is said: a text, or the texts of its parts; empty where there is none."""
    if isinstance(content, list):
        return "".join(_text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _unit_of(number: float) -> float:
    """Return what a time counts whose column does not say: of those since 1970 what makes it one of our age, else 1 s.

    In seconds, 1e11 would be the year 5138.
    """
    return next((unit_s for least, unit_s in ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3)) if number >= least), 1.0)


def _number(value: Any) -> float:
    """Return a finite number as it stands in a table or in JSON.

    Raises:
        ValueError: it is none.
    """
    if type(value) is str or type(value) is int or type(value) is float:
        try:
            number = float(value)
        except OverflowError:
            raise ValueError from None
        if math.isfinite(number):
            return number
    raise ValueError


@lru_cache(maxsize=4096)
def _ordinal(day: str) -> int | None:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError:
        return None


def _block_tokens(found: Columns) -> int:
    """Return the tokens of a block: the fewest, of those that are usual, with which no prompt has too few blocks."""
    pairs = zip(found.blocks, found.prompt, strict=True)
    least = max((prompt / len(blocks) for blocks, prompt in pairs if blocks), default=0.0)
    return next((size for size in BLOCKS if size >= least), BLOCKS[-1])
