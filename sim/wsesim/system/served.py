"""What became of requests that were served: when each had its tokens, and how full the pipeline was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
_ARRAYS = ("arrival_s", "ready_s", "begun_s", "first_s", "end_s", "output", "reused", "joined")
"""What is known of each request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """When each request was read and had its first and its last token; NaN from `begun_s` on for one never held."""

    arrival_s: Times
    ready_s: Times
    """When hosts had passed the prompt on to the wafers."""
    begun_s: Times
    """When the wafers began to read the prompt."""
    first_s: Times
    """Time of the first token of the answer."""
    end_s: Times
    output: npt.NDArray[np.int64]
    busy: tuple[tuple[float, float, float], ...]
    """Stretches of rounds: from, to, and seconds the entry of the pipeline was taken."""
    rounds: int
    reused: npt.NDArray[np.int64]
    """Tokens of each prompt that were in the cache."""
    joined: npt.NDArray[np.int64]
    """The stretch at whose beginning each began to write more than its first token."""
    writers: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Of each stretch the sequences that wrote a token in each of its rounds."""
    turns: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Rounds of each stretch."""
    copies: tuple[Served, ...] = ()
    """What each of several copies did, where requests were spread over them; those without any were idle."""

    @property
    def held(self) -> npt.NDArray[np.bool_]:
        """Which requests were served."""
        return ~np.isnan(self.end_s)

    @property
    def ttft_s(self) -> Times:
        """From arrival to the first token, of those served."""
        return (self.first_s - self.arrival_s)[self.held]

    @property
    def tpot_s(self) -> Times:
        """Per token after the first, of those served; 0 for an answer of one token, which waits for none."""
        return ((self.end_s - self.first_s) / np.maximum(1, self.output - 1))[self.held]

    @property
    def latency_s(self) -> Times:
        """From arrival to the last token, of those served."""
        return (self.end_s - self.arrival_s)[self.held]

    @property
    def waited_s(self) -> Times:
        """From when the wafers had the prompt to when they began to read it, of those served."""
        return (self.begun_s - self.ready_s)[self.held]

    def gaps(self, since_s: float = -math.inf) -> tuple[Times, npt.NDArray[np.int64]]:
        """Return the times from one token of an answer to its next, and how many took so long.

        Only of stretches that begin no earlier than *since_s*. Rounds of a stretch share its time evenly; to the first
        gap of an answer belongs what it waited for a round to begin.
        """
        if self.copies:
            found = [copy.gaps(since_s) for copy in self.copies]
            return np.concatenate([gap for gap, _ in found]), np.concatenate([count for _, count in found])
        start, end, _ = np.array(self.busy).reshape(-1, 3).T
        gap, count = (end - start) / np.maximum(1, self.turns), self.writers * self.turns
        more = np.flatnonzero(self.held & (self.output > 1))
        joined = self.joined[more]
        first = gap[joined] + start[joined] - self.first_s[more]
        np.subtract.at(count, joined, 1)
        late, there = start[joined] >= since_s, start >= since_s
        return np.concatenate([gap[there], first[late]]), np.concatenate([count[there], np.ones(late.sum(), np.int64)])

    def chosen(self, which: slice | npt.NDArray[np.bool_]) -> Served:
        """Return some of the requests, for what is said of each; when the pipeline was taken stays out."""
        return Served(**{name: getattr(self, name)[which] for name in _ARRAYS}, busy=(), rounds=0)

    @property
    def duration_s(self) -> float:
        """From the first arrival to the last token."""
        return float(self.end_s[self.held].max(initial=self.arrival_s[0]) - self.arrival_s[0])

    @property
    def entered_s(self) -> float:
        """Seconds in which tokens entered the pipeline; of several the mean."""
        if self.copies:
            return math.fsum(copy.entered_s for copy in self.copies) / len(self.copies)
        return math.fsum(taken for _, _, taken in self.busy)

    def utilization(self, bins: int) -> tuple[Times, Times]:
        """Return the middles of *bins* equal stretches of time, and the share of each the pipeline took tokens in."""
        edges = self.arrival_s[0] + np.linspace(0, max(self.duration_s, 1e-12), bins + 1)
        shares: Times = np.mean([copy._shares(edges) for copy in self.copies or (self,)], axis=0)
        return (edges[1:] + edges[:-1]) / 2, shares

    def _shares(self, edges: Times) -> Times:
        """Return the share of the time between *edges* that the pipeline took tokens in."""
        stretches = np.array(self.busy).reshape(-1, 3)
        totals = np.concatenate([[0.0], np.cumsum(stretches[:, 2])])
        times = np.concatenate([[edges[0]], stretches[:, 1]])
        gaps = np.searchsorted(times, stretches[:, 0])  # idle time before a stretch adds nothing
        times, totals = np.insert(times, gaps, stretches[:, 0]), np.insert(totals, gaps, totals[:-1])
        found: Times = np.diff(np.interp(edges, times, totals)) / np.diff(edges)
        return found


def together(copies: Sequence[Served]) -> Served:
    """Return what became of all requests, of which each of *copies* had every so many-th in turn."""
    turns = np.concatenate([np.arange(len(copy.end_s)) * len(copies) + turn for turn, copy in enumerate(copies)])
    order = np.argsort(turns)
    arrays = {name: np.concatenate([getattr(copy, name) for copy in copies])[order] for name in _ARRAYS}
    rounds, busy = sum(copy.rounds for copy in copies), tuple(stretch for copy in copies for stretch in copy.busy)
    return Served(**arrays, busy=busy, rounds=rounds, copies=tuple(copies))
