"""Requests that arrive over time: drawn from a seed, or read from a trace.

Drawn arrivals are independent (gaps are exponential), lengths log-normal with the mean and spread asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wsesim.errors import InputError
from wsesim.system.trace_forms import MOST, bare_name
from wsesim.system.traces import MOST_TOKENS, Columns, Excerpt, read_columns
from wsesim.units import plural

Tokens = Callable[[str], int]
"""Counts the tokens of a text."""
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Which requests arrive: drawn at a rate, or those of a file."""

    rate_per_s: float | None
    """None where a trace says when they arrive; with a trace that does, what its rate is made."""
    requests: int | None
    """How many; None: all of a trace."""
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
    speed: float = 1.0
    """How much closer together than in the trace requests come."""
    skip_s: float = 0.0
    """Of a trace, what is left out before."""
    span_s: float = math.inf
    """Of a trace, how much is played."""
    longer: str = "refuse"
    """What becomes of rows of a trace over the longest: refuse | cut | drop."""
    urgent: float = 0.0
    """Share of requests, drawn at random, that go before others."""

    @property
    def excerpt(self) -> Excerpt:
        """What of a trace is asked for."""
        return Excerpt(
            skip_s=self.skip_s, span_s=self.span_s, most=self.requests, longest=self.longest, longer=self.longer
        )

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
    turned_away: npt.NDArray[np.bool_] | None = None
    """Which are longer than is served; None: none is."""
    blocks: tuple[tuple[int, ...], ...] = ()
    """Of each prompt its blocks by name, from the first; empty where nobody names them."""
    block_tokens: int = 0
    priority: Lengths | None = None
    """Whose prompts enter before others': the lower first; None: all are alike."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What is to be said of where they were read."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.arrival_s)

    @property
    def rate_per_s(self) -> float:
        """Requests a second, from the first to the last; infinite if all arrive together."""
        span_s = float(self.arrival_s[-1] - self.arrival_s[0])
        return (len(self) - 1) / span_s if span_s > 0 else math.inf

    @property
    def refused(self) -> npt.NDArray[np.bool_]:
        """Which of them are turned away for their length."""
        return np.zeros(len(self), bool) if self.turned_away is None else self.turned_away

    @property
    def priorities(self) -> Lengths:
        """The priority of each."""
        return np.zeros(len(self), np.int64) if self.priority is None else self.priority

    def chosen(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Requests:
        """Return some of them."""
        numbers = np.arange(len(self))[which]
        return Requests(
            self.arrival_s[which], self.prompt[which], self.output[which],
            turned_away=None if self.turned_away is None else self.turned_away[which],
            blocks=tuple(self.blocks[number] for number in numbers) if self.blocks else (),
            block_tokens=self.block_tokens, priority=None if self.priority is None else self.priority[which],
        )  # fmt: skip

    def repeated(self, count: int) -> Requests:
        """Return *count* of them, beginning again, a mean gap after the last, as often as it takes.

        Not if all arrive together.
        """
        number = np.arange(count)
        period_s, which = len(self) / self.rate_per_s, number % len(self)
        return replace(self.chosen(which), arrival_s=self.arrival_s[which] + number // len(self) * period_s)

    def in_turn(self, copies: int) -> tuple[Requests, ...]:
        """Return every so many-th request, from the first, the second and so on."""
        return tuple(self.chosen(slice(turn, None, copies)) for turn in range(copies))

    def at_rate(self, rate_per_s: float) -> Requests:
        """Return the same requests in the same order, closer together or further apart; not if all arrive together."""
        first = self.arrival_s[0]
        return replace(self, arrival_s=(self.arrival_s - first) * (self.rate_per_s / rate_per_s) + first)

    def together(self) -> Requests:
        """Return the same requests, all arriving with the first."""
        return replace(self, arrival_s=np.full(len(self), self.arrival_s[0]))


def _untold(text: str) -> None:
    """Report nothing."""


def words_in(text: str) -> int:
    """Count the tokens of a text as words, where there is no tokenizer."""
    return len(text.split())


def requests_of(arrivals: Arrivals, *, tokens: Tokens = words_in, say: Callable[[str], None] = _untold) -> Requests:
    """Return the requests that *arrivals* asks for; the same for the same seed.

    *tokens* counts those of a text, in traces of texts; *say* hears how far a trace is read.

    Raises:
        InputError: a trace that cannot be read, at its line.
    """
    if arrivals.trace is not None:
        return read_trace(arrivals, tokens=tokens, say=say)
    assert arrivals.rate_per_s is not None, "without a trace there is a rate"
    assert arrivals.requests is not None, "and a number"
    draw = np.random.default_rng(arrivals.seed)
    arrival = np.cumsum(draw.exponential(1 / arrivals.rate_per_s, arrivals.requests))
    drawn = _lengths(draw, arrivals.output, arrivals.output_spread, arrivals.requests)
    asked = _lengths(draw, arrivals.prompt, arrivals.prompt_spread, arrivals.requests)
    prompt, output = shortened(asked, drawn, arrivals.longest)
    cut = int(np.count_nonzero((output < drawn) | (prompt < asked)))
    return Requests(arrival, prompt, output, cut=cut, priority=_drawn_priorities(arrivals, arrivals.requests))


def _drawn_priorities(arrivals: Arrivals, count: int) -> Lengths | None:
    """Return 0 for requests that are urgent, 1 for others; drawn apart, so that arrivals and lengths stay the same."""
    if not arrivals.urgent:
        return None
    draw = np.random.default_rng((arrivals.seed, 1))
    return (draw.random(count) >= arrivals.urgent).astype(np.int64)


def shortened(prompts: Lengths, outputs: Lengths, longest: int) -> tuple[Lengths, Lengths]:
    """Return prompts and answers that are no longer together: prompts are cut, and answers if nothing else is left."""
    written = np.minimum(outputs, longest - 1)
    return np.minimum(prompts, longest - written), written


def _lengths(draw: np.random.Generator, mean: int, spread: float, count: int) -> Lengths:
    """Return whole log-normal lengths of a mean and a relative standard deviation, 1 or more."""
    variance = math.log1p(spread * spread)
    drawn = np.exp(draw.normal(math.log(mean) - variance / 2, math.sqrt(variance), count))
    return np.clip(np.rint(drawn), 1, MOST_TOKENS).astype(np.int64)


def read_trace(arrivals: Arrivals, *, tokens: Tokens, say: Callable[[str], None]) -> Requests:
    """Read the requests of the trace that *arrivals* names; of those out of order, the order is that of their times.

    Raises:
        InputError: not a file of requests, at its line; or one without times, and no rate is given.
    """
    assert arrivals.trace is not None, "there is a trace"
    read = read_columns(arrivals.trace, arrivals.excerpt, tokens=tokens, say=say)
    timed, rate = read.form.arrival is not None, arrivals.rate_per_s
    at_s = np.array(read.arrival_s) if timed else _drawn_arrivals(arrivals, len(read.prompt))
    order = np.argsort(at_s, kind="stable")
    late = int(np.count_nonzero(at_s < np.maximum.accumulate(at_s)))
    prompt, output = np.array(read.prompt)[order], np.array(read.output)[order]
    found = Requests(
        at_s[order] - at_s[order[0]], prompt, output, turned_away=prompt + output > arrivals.longest,
        blocks=tuple(read.blocks[each] for each in order) if read.blocks else (), block_tokens=read.block_tokens,
        priority=np.array(read.priority)[order] if read.priority else _drawn_priorities(arrivals, len(prompt)),
        notes=tuple(trace_words(arrivals.trace.name, read, arrivals.excerpt, late=late)),
    )  # fmt: skip
    wanted = rate if rate and timed else None
    if wanted is None and arrivals.speed == 1:
        return found
    if not math.isfinite(found.rate_per_s):
        message = "has requests that all arrive together; there is no rate to change"
        raise InputError.at(message, file=str(arrivals.trace))
    return found.at_rate(wanted or arrivals.speed * found.rate_per_s)


def _drawn_arrivals(arrivals: Arrivals, count: int) -> npt.NDArray[np.float64]:
    if arrivals.rate_per_s is None:
        message = "does not say when requests arrive; give serving.rate, and they come at random"
        raise InputError.at(message, file=str(arrivals.trace), line=1)
    return np.cumsum(np.random.default_rng(arrivals.seed).exponential(1 / arrivals.rate_per_s, count))


def trace_words(name: str, read: Columns, excerpt: Excerpt, *, late: int) -> Iterator[str]:
    """Say how a trace was read, and what became of rows that cannot be served as they are."""
    form, kept = read.form, len(read.prompt)
    counted = {1e-3: " in ms", 1e-6: " in us", 1e-9: " in ns"}.get(form.unit_s, "")
    columns = ", ".join(f"{each}{counted}" if each == form.arrival else each for each in form.columns)
    rows = f"{kept:,} of the {read.rows:,} rows that were read are played"
    yield f"{name} was read as a trace of the {form.name} form ({columns}): {rows}."
    if form.unread:
        yield f"Of {name} nothing is made of {', '.join(form.unread)}."
    if form.most or (form.output and bare_name(form.output) in MOST):
        yield f"Where {name} has no answer, {form.most or form.output} is taken for how long it is."
    if read.empty:
        yield f"{plural(read.empty, 'row')} left out, with no tokens to read or none to write."
    if read.longer:
        fate = {"refuse": "arrive and are turned away", "cut": "have their prompt cut", "drop": "are left out"}
        yield (
            f"Longer than serving.longest = {excerpt.longest:,} tokens: {plural(read.longer, 'row')}; "
            f"with serving.longer: {excerpt.longer} they {fate[excerpt.longer]}."
        )
    if late:
        yield f"{plural(late, 'row')} below later ones; requests are played in the order of their times."
    if form.blocks and any(read.blocks):
        yield (
            f"Prompts have blocks of {read.block_tokens} tokens ({form.blocks}); those that an earlier prompt left in "
            "positions that are free since are not read again, the least recently used are given up first."
        )
    elif form.blocks is None and form.arrival is None:
        yield "That trace has no times: its requests arrive at random, at serving.rate."
