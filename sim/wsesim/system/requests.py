"""Requests that arrive over time: drawn from a seed, or read from a file.

A file is CSV with the columns `arrival_s`, `prompt` and `output`, or JSON Lines with the same keys; times do not
decrease. Drawn arrivals are independent (gaps are exponential), lengths log-normal with the mean and spread asked for.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wsesim.errors import InputError
from wsesim.yamlfile import read_text

KEYS = ("arrival_s", "prompt", "output")
MOST_TOKENS = 10**9
LAST_ARRIVAL_S = 1e9
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Which requests arrive: drawn at a rate, or those of a file."""

    rate_per_s: float | None
    """None where a file says when they arrive."""
    requests: int
    seed: int
    trace: Path | None
    """A file of requests."""
    prompt: int
    """Mean tokens of a prompt."""
    prompt_spread: float
    """Standard deviation over mean."""
    output: int
    output_spread: float
    longest: int
    """Tokens of prompt and answer together, at most."""

    @property
    def usual(self) -> tuple[int, int]:
        """The tokens of a prompt and of an answer of mean length, cut as those drawn are."""
        prompt, output = shortened(np.array([self.prompt]), np.array([self.output]), self.longest)
        return int(prompt[0]), int(output[0])


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in the order they arrive, as arrays of equal length."""

    arrival_s: npt.NDArray[np.float64]
    prompt: Lengths
    """Tokens of each prompt."""
    output: Lengths
    """Tokens of each answer."""
    cut: int = 0
    """Requests that were drawn longer than they may be, and cut."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.arrival_s)

    @property
    def rate_per_s(self) -> float:
        """Requests a second, from the first to the last; infinite if all arrive together."""
        span_s = float(self.arrival_s[-1] - self.arrival_s[0])
        return (len(self) - 1) / span_s if span_s > 0 else math.inf

    def repeated(self, count: int) -> Requests:
        """Return *count* of them, beginning again, a mean gap after the last, as often as it takes.

        Not if all arrive together.
        """
        number = np.arange(count)
        period_s, which = len(self) / self.rate_per_s, number % len(self)
        arrival = self.arrival_s[which] + number // len(self) * period_s
        return Requests(arrival, self.prompt[which], self.output[which])

    def in_turn(self, copies: int) -> tuple[Requests, ...]:
        """Return every so many-th request, from the first, the second and so on."""
        return tuple(
            Requests(self.arrival_s[turn::copies], self.prompt[turn::copies], self.output[turn::copies])
            for turn in range(copies)
        )

    def at_rate(self, rate_per_s: float) -> Requests:
        """Return the same requests in the same order, closer together or further apart; not if all arrive together."""
        first = self.arrival_s[0]
        return Requests((self.arrival_s - first) * (self.rate_per_s / rate_per_s) + first, self.prompt, self.output)


def requests_of(arrivals: Arrivals) -> Requests:
    """Return the requests that *arrivals* asks for; the same for the same seed.

    Raises:
        InputError: a trace that cannot be read, at its line.
    """
    if arrivals.trace is not None:
        return read_trace(arrivals.trace, longest=arrivals.longest)
    assert arrivals.rate_per_s is not None, "without a trace there is a rate"
    draw = np.random.default_rng(arrivals.seed)
    arrival = np.cumsum(draw.exponential(1 / arrivals.rate_per_s, arrivals.requests))
    drawn = _lengths(draw, arrivals.output, arrivals.output_spread, arrivals.requests)
    asked = _lengths(draw, arrivals.prompt, arrivals.prompt_spread, arrivals.requests)
    prompt, output = shortened(asked, drawn, arrivals.longest)
    return Requests(arrival, prompt, output, cut=int(np.count_nonzero((output < drawn) | (prompt < asked))))


def shortened(prompts: Lengths, outputs: Lengths, longest: int) -> tuple[Lengths, Lengths]:
    """Return prompts and answers that are no longer together: prompts are cut, and answers if nothing else is left."""
    written = np.minimum(outputs, longest - 1)
    return np.minimum(prompts, longest - written), written


def _lengths(draw: np.random.Generator, mean: int, spread: float, count: int) -> Lengths:
    """Return whole log-normal lengths of a mean and a relative standard deviation, 1 or more."""
    variance = math.log1p(spread * spread)
    drawn = np.exp(draw.normal(math.log(mean) - variance / 2, math.sqrt(variance), count))
    return np.clip(np.rint(drawn), 1, MOST_TOKENS).astype(np.int64)


def read_trace(path: Path, *, longest: int) -> Requests:
    """Read the requests of a file.

    Raises:
        InputError: not a file of requests; says which line and key, and what would be right.
    """
    file, text = str(path), read_text(path, kind="file of requests")
    rows = _json_lines(text, file) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _csv(text, file)
    found: list[tuple[float, int, int]] = []
    for line, row in rows:
        found.append(_request(row, line, file, longest))
        if len(found) > 1 and found[-1][0] < found[-2][0]:
            message = f"arrival_s = {found[-1][0]:g} is before the request above it; sort by arrival_s"
            raise InputError.at(message, file=file, line=line)
    if not found:
        raise InputError.at("has no requests", file=file, line=1)
    arrivals, prompts, outputs = zip(*found, strict=True)
    return Requests(np.array(arrivals, float), np.array(prompts, np.int64), np.array(outputs, np.int64))


def _csv(text: str, file: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        missing = [key for key in KEYS if key not in (reader.fieldnames or ())]
        if missing:
            raise InputError.at(
                f"the column {missing[0]!r} is missing; needed are {', '.join(KEYS)}", file=file, line=1
            )
        for row in reader:
            yield reader.line_num, {key: row.get(key) for key in KEYS}
    except csv.Error as error:
        raise InputError.at(f"not a CSV table: {error}", file=file, line=reader.reader.line_num) from None


def _json_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for line, entry in enumerate(text.splitlines(), 1):
        if not entry.strip():
            continue
        try:
            data = json.loads(entry)
        except (ValueError, RecursionError) as error:
            raise InputError.at(f"not JSON: {error}", file=file, line=line) from None
        if not isinstance(data, dict):
            raise InputError.at('must be {"arrival_s": ..., "prompt": ..., "output": ...}', file=file, line=line)
        yield line, data


def _request(row: Mapping[str, object], line: int, file: str, longest: int) -> tuple[float, int, int]:
    numbers = {key: _number(row.get(key), key, line, file) for key in KEYS}
    for key in ("prompt", "output"):
        if numbers[key] != int(numbers[key]) or not 1 <= numbers[key] <= MOST_TOKENS:
            raise InputError.at(f"{key} = {numbers[key]:g} is not a whole number from 1 on", file=file, line=line)
    if not 0 <= numbers["arrival_s"] <= LAST_ARRIVAL_S:
        message = f"arrival_s = {numbers['arrival_s']:g} is before 0 or after {LAST_ARRIVAL_S:g} s"
        raise InputError.at(message, file=file, line=line)
    prompt, output = int(numbers["prompt"]), int(numbers["output"])
    if prompt + output > longest:
        message = f"prompt and output are {prompt + output:,} tokens, over serving.longest = {longest:,}"
        raise InputError.at(message, file=file, line=line)
    return numbers["arrival_s"], prompt, output


def _number(value: object, key: str, line: int, file: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) or value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if value is None:
        raise InputError.at(f"{key} is missing", file=file, line=line)
    if not math.isfinite(number):
        raise InputError.at(f"{key} = {value!r} is not a number", file=file, line=line)
    return number
