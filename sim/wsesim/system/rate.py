"""The largest rate at which a service holds its objective, as a property of the service.

    full rate      requests a second that leave while others always wait: at more, the queue grows without end
    largest rate   the largest rate up to the full one at which the share of good answers is as asked

A rate is judged on the same requests, moved closer together or further apart, so that only the rate differs; those that
come first, while queues fill, and those that come last, which fewer follow, are played and do not count.

Rates tried are fixed parts of the full rate, each half of the one before and then halved in between. So if every time
of a service is f <= 1 times as long, what held at a rate holds at 1/f times that rate, every step of the search goes
at least as far, and the largest rate is at least 1/f times as large. Other changes for the better have no such law:
first come, first served with room for few has anomalies (Graham 1969).

More slots let more sequences write side by side, each of which then waits longer for its tokens. So where a full
pipeline would not hold the limit per token, fewer are let in at once than there are slots for, if that holds a larger
rate: then more slots are no worse, but for the numbers between those that are tried.

Where weights stay, how much of a prompt enters between two tokens of the others is open, too. Smaller chunks let tokens
through sooner and first tokens come later; those are taken that hold the larger rate.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from wsesim.system.abilities import ServiceTimes
from wsesim.system.objective import Objective, percentiles
from wsesim.system.requests import Requests
from wsesim.system.serving import serve

CLOSE = 0.01
"""The search ends when the rate is known to one per cent."""
SETTLE, DRAIN = 0.2, 0.1
"""Shares of the requests, first and last, that do not count."""
_BATCHES = 10
"""Parts of what counts, of which the spread of the share follows: requests near one another meet the same queue."""
_FEWER = 0.8
"""From one number of sequences let in at once to the next that is tried."""
_ALONE = 1e-3
"""Requests there are on average where each is alone: that part of the full rate, over the slots, comes to no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTried:
    """What became of requests at a rate; only those that count."""

    share: float
    """That were good enough."""
    error: float
    """Standard error of it."""
    waits: Mapping[str, Mapping[str, float]]
    """Mean and percentiles of what they took, in seconds: see `percentiles`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestRate:
    """The largest rate that holds the objective, and how it was found."""

    per_s: float
    """Requests a second; 0 where too few are good enough even one by one."""
    goal: float
    """Share that has to be good enough."""
    full_per_s: float
    """Requests a second at which the queue begins to grow without end; 0 where nothing can be held."""
    slots: int
    """Sequences let in at once, by each copy."""
    chunk: int
    """Tokens of a prompt that enter between two tokens of the others."""
    tried: Mapping[float, RateTried]
    """By rate, rising, what became of the requests."""

    @property
    def share(self) -> float:
        """Share that was good enough at the rate found, or one by one where none was."""
        return self.tried[min(self.tried) if self.per_s == 0 else self.per_s].share if self.tried else 0.0

    @property
    def error(self) -> float:
        """Standard error of that share."""
        return self.tried[self.per_s].error if self.per_s else 0.0

    @property
    def between_per_s(self) -> tuple[float, float]:
        """Rates tried between which the largest one lies, were the share two standard errors higher or lower."""
        surely = [rate for rate, met in self.tried.items() if met.share - 2 * met.error >= self.goal]
        never = [rate for rate, met in self.tried.items() if met.share + 2 * met.error < self.goal]
        low = max((rate for rate in surely if rate <= self.per_s), default=0.0)
        return low, min((rate for rate in never if rate > self.per_s), default=self.full_per_s)


def counted(requests: int) -> slice:
    """Return which of so many requests count."""
    return slice(math.floor(SETTLE * requests), max(1, requests - math.floor(DRAIN * requests)))


def tried_at(rate: float, requests: Requests, times: ServiceTimes, objective: Objective) -> RateTried:
    """Return what becomes of *requests* at *rate* (requests a second).

    They must not all arrive together.
    """
    count = serve(requests.at_rate(rate), times).chosen(counted(len(requests)))
    good = objective.met(count)
    shares = [float(part.mean()) for part in np.array_split(good, _BATCHES) if len(part)]
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares))
    return RateTried(share=float(good.mean()), error=error, waits=percentiles(count))


def full_rate(requests: Requests, times: ServiceTimes) -> float:
    """Return the rate at which *requests* leave while others always wait; 0 if none can be held.

    Queues are stable below it and at no more (the saturation rule, Baccelli and Foss 1995).
    """
    served = serve(requests.together(), times)
    ends: npt.NDArray[np.float64] = np.sort(served.end_s[served.held])
    inside = ends[counted(len(ends))]
    if len(inside) < 2 or inside[-1] == inside[0]:
        return len(requests) / served.duration_s if len(ends) else 0.0
    return float((len(inside) - 1) / (inside[-1] - inside[0])) * len(requests) / len(ends)


def largest_rate(
    requests: Requests, times: ServiceTimes, objective: Objective, *, full: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> LargestRate:  # fmt: skip
    """Return the largest rate at which *requests* hold the objective, known to `CLOSE`, and the share at each tried.

    The requests must not all arrive together; *full* is their full rate where that is known.
    """
    full, tried = full_rate(requests, times) if full is None else full, dict[float, RateTried]()

    def holds(rate: float) -> bool:
        say(f"trying {rate:.4g} requests a second")
        tried[rate] = tried_at(rate, requests, times, objective)
        return tried[rate].share >= objective.share

    found = _search(holds, full, _ALONE * full / times.slots) if full else 0.0
    return LargestRate(
        per_s=found, goal=objective.share, full_per_s=full, slots=times.slots, chunk=times.chunk,
        tried=dict(sorted(tried.items())),
    )  # fmt: skip


def _search(holds: Callable[[float], bool], full: float, alone: float) -> float:
    if not holds(alone):
        return 0.0
    low = high = full
    while not holds(low):
        low, high = max(low / 2, alone), low
        if low == alone:
            break
    while high / low > 1 + CLOSE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def best_rate(
    requests: Requests, times: ServiceTimes, objective: Objective, *, chunks: Sequence[int] = (), fewer: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[LargestRate, ...]:  # fmt: skip
    """Return the largest rate with the best of some *chunks* and as many sequences let in at once as is best.

    Behind it what is less: as many let in with the chunk of *times*, then all slots with the best chunk. *fewer* are
    tried where it is the limit per token that is missed at more: first tokens only come later with fewer.
    """
    most = first = largest_rate(requests, times, objective, say=say)
    for chunk in chunks:
        other = replace(times, chunk=chunk)
        most = _better(requests, other, objective, most, full_rate(requests, other), say)
    best, chosen = most, replace(times, chunk=most.chunk)
    slow = fewer and _tokens_slow(requests, chosen, objective, most)
    for slots in _fewer_slots(requests, chosen, objective) if slow else ():
        some = replace(chosen, slots=slots)
        if (full := full_rate(requests, some)) < best.per_s * (1 + CLOSE):
            break
        best = _better(requests, some, objective, best, full, say)
    found = [best] if best is most else [best, most]
    if best.chunk != first.chunk:  # behind, unless it is as good for so many
        own = first if best is most else largest_rate(requests, replace(times, slots=best.slots), objective, say=say)
        found = [own, *found]
    return tuple(sorted(found, key=_per_s, reverse=True))


def _per_s(found: LargestRate) -> float:
    return found.per_s


def _better(
    requests: Requests, times: ServiceTimes, objective: Objective, best: LargestRate, full: float,
    say: Callable[[str], None],
) -> LargestRate:  # fmt: skip
    """Return what these *times*, with a *full* rate, hold if that is more than the *best* so far; else that."""
    more = best.per_s * (1 + CLOSE)
    if not more or full < more:
        return best
    say(f"trying {more:.4g} requests a second, at most {times.slots:,} let in, chunks of {times.chunk:,} tokens")
    if tried_at(more, requests, times, objective).share < objective.share:
        return best
    return max(best, largest_rate(requests, times, objective, full=full, say=say), key=_per_s)


def _tokens_slow(requests: Requests, times: ServiceTimes, objective: Objective, found: LargestRate) -> bool:
    """Return whether the next rate tried would hold the objective had it no limit per token."""
    over = [rate for rate in found.tried if rate > found.per_s]
    if not found.per_s or not over:
        return False
    loose = replace(objective, tpot_s=sys.float_info.max)
    return tried_at(min(over), requests, times, loose).share >= objective.share


def _fewer_slots(requests: Requests, times: ServiceTimes, objective: Objective) -> Iterator[int]:
    """Yield numbers of sequences that could be let in at once, most first.

    Not more than would hold the limit in a full pipeline. There every sequence adds to the time of all others' tokens
    that one of its own enters, and for each token that it writes a share of the prompt that follows it.
    """
    written = max(1.0, float(requests.output.mean()) - 1)
    position = float(requests.prompt.mean()) + written / 2
    each_s = times.interval.sum_s(position, 1) + float(times.enter_s(requests.prompt).mean()) / written
    slots = min(times.slots - 1, math.floor(min(objective.tpot_s / each_s, times.slots)))
    while slots > 0:
        yield slots
        slots = min(slots - 1, math.ceil(_FEWER * slots))
