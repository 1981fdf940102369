"""Requests served by resident weights: they queue, are read chunk by chunk, and write tokens side by side.

    arrive --> queue --> [ one chunk of the oldest prompt | one token of every sequence that writes ] --> done
                          \\_______________________ one round ______________________________________/

The wafers are one pipeline. A round lets a chunk of the prompt that is being read pass, and a token of each sequence
that writes: that takes the time of the chunk, and the longer of one token's way through all stages and of all tokens
entering one after the other. Rounds that differ in nothing but their position follow from a closed form, so the cost
of a simulation follows from the number of requests, not of tokens.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from wsesim.errors import require_not_negative, require_positive
from wsesim.system.requests import Requests
from wsesim.system.served import Served


@dataclass(frozen=True, slots=True)
class GrowingTime:
    """Seconds that grow evenly with the position of a token."""

    base_s: float
    per_position_s: float

    def sum_s(self, first: float, rounds: float, tokens: int = 1) -> float:
        """Return the sum over *rounds* of *tokens* whose positions add up to *first* and grow by one each round."""
        grown = first * rounds + tokens * rounds * (rounds - 1) / 2
        return tokens * rounds * self.base_s + self.per_position_s * grown


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """What a placement of resident weights can do."""

    prefill_tokens: Sequence[int]
    """Lengths of prompts, rising, from 0."""
    prefill_s: Sequence[float]
    """Time to read each; a chunk takes the difference of two."""
    latency: GrowingTime
    """Of one token through all stages."""
    interval: GrowingTime
    """From one token to the next in a full pipeline."""
    chunk: int
    """Tokens of a prompt that pass at a time."""
    slots: int
    """Sequences held at once."""
    capacity_tokens: int
    """Positions held at once, over all sequences."""
    input_latency_s: float = 0.0
    """From the arrival of a request at the host to the first token on the wafers."""
    input_token_s: float = 0.0
    """Of each token of a prompt more."""

    def __post_init__(self) -> None:
        require_positive(chunk=self.chunk, slots=self.slots)
        require_not_negative(input_latency_s=self.input_latency_s, input_token_s=self.input_token_s)

    def read_s(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the time to read the first *tokens* of a prompt."""
        return np.interp(tokens, self.prefill_tokens, self.prefill_s)


def serve(requests: Requests, times: ServiceTimes) -> Served:
    """Play *requests*, first come first served; the same requests give the same times."""
    return _Server(requests, times).play()


class _Server:
    """The pipeline and its queue, at the end of a round."""

    def __init__(self, requests: Requests, times: ServiceTimes) -> None:
        self.times, self.requests = times, requests
        # Hosts pass requests on in order; one behind a long prompt waits for it.
        passed_on = requests.arrival_s + times.input_latency_s + times.input_token_s * requests.prompt
        self.ready_s = np.maximum.accumulate(passed_on)
        self.arrival = self.ready_s.tolist()
        self.prompt, self.output = requests.prompt.tolist(), requests.output.tolist()
        self.whole_s = times.read_s(requests.prompt).tolist()
        self.begun, self.first, self.end = np.full((3, len(requests)), np.nan)
        self.now, self.round, self.next = self.arrival[0], 0, 0
        self.queue: deque[int] = deque()
        self.reading: int | None = None
        self.read, self.read_s = 0, 0.0
        self.writing: list[tuple[int, int]] = []
        """A heap of (round of the last token, request)."""
        self.starts: dict[int, int] = {}
        """Position less round, of each sequence that writes."""
        self.furthest = -math.inf
        """The largest of them."""
        self.positions, self.held = 0, 0
        self.busy: list[tuple[float, float, float]] = []

    def play(self) -> Served:
        """Play until all is done."""
        while self.next < len(self.arrival) or self.queue or self.reading is not None or self.writing:
            self._take_in()
            if self.reading is not None or self.writing:
                self._pass(self._rounds_alike())
            elif self.next < len(self.arrival):
                self.now = self.arrival[self.next]
        return Served(
            arrival_s=self.requests.arrival_s, ready_s=self.ready_s, begun_s=self.begun, first_s=self.first,
            end_s=self.end, output=self.requests.output, busy=tuple(self.busy), rounds=self.round,
        )  # fmt: skip

    def _take_in(self) -> None:
        """Queue what has arrived; begin to read the oldest prompt if there is room for its whole answer."""
        while self.next < len(self.arrival) and self.arrival[self.next] <= self.now:
            if self.prompt[self.next] + self.output[self.next] <= self.times.capacity_tokens:
                self.queue.append(self.next)
            self.next += 1
        if self.reading is None and self.queue and len(self.writing) < self.times.slots:
            tokens = self.prompt[self.queue[0]] + self.output[self.queue[0]]
            if self.held + tokens <= self.times.capacity_tokens:
                self.reading, self.read, self.read_s = self.queue.popleft(), 0, 0.0
                self.begun[self.reading] = self.now
                self.held += tokens

    def _rounds_alike(self) -> int:
        """Return the rounds until a sequence ends, a prompt is read, or the one in which the next request arrives.

        While a prompt is read the next has to wait, so that its arrival changes nothing.
        """
        ends = self.writing[0][0] - self.round if self.writing else math.inf
        if self.reading is not None:
            return int(min(ends, -((self.read - self.prompt[self.reading]) // self.times.chunk)))
        rounds = int(ends)
        if self.next < len(self.arrival) and len(self.writing) < self.times.slots:
            left = self.arrival[self.next] - self.now
            if self._write_s(rounds)[0] < left:
                return rounds
            rounds = 1 + bisect_left(range(1, rounds), left, key=lambda count: self._write_s(count)[0])
        return rounds

    def _write_s(self, rounds: int) -> tuple[float, float]:
        """Return the time of *rounds* in which all sequences write, and how long tokens enter the pipeline in it."""
        count = len(self.writing)
        if not count:
            return 0.0, 0.0
        latency, interval = self.times.latency, self.times.interval
        furthest, total = self.furthest + self.round, self.positions + count * self.round
        entering = interval.sum_s(total, rounds, count)
        through = latency.sum_s(furthest, rounds)
        ahead = latency.sum_s(furthest, 1) - interval.sum_s(total, 1, count)
        slope = latency.per_position_s - count * interval.per_position_s
        # Until this round one of the two is longer, from it on the other; a round before the first or after the last
        # means that none takes over.
        turn = math.floor(min(max(-ahead / slope, -1.0), rounds - 1.0)) + 1 if slope else 0
        early, late = latency.sum_s(furthest, turn), interval.sum_s(total, turn, count)
        return max(early, late) + max(through - early, entering - late), entering

    def _pass(self, rounds: int) -> None:
        """Let *rounds* pass: every sequence writes that many tokens; of a prompt as many chunks are read."""
        seconds, entering = self._write_s(rounds)
        if self.reading is not None:
            reading_s = self._read(rounds)
            seconds, entering = seconds + reading_s, entering + reading_s
        started, self.now, self.round = self.now, self.now + seconds, self.round + rounds
        self.busy.append((started, self.now, entering))
        while self.writing and self.writing[0][0] <= self.round:
            self._finish(heappop(self.writing)[1])
        if self.reading is not None and self.read == self.prompt[self.reading]:
            self._begin_writing(self.reading)

    def _read(self, rounds: int) -> float:
        """Read as many chunks of the prompt; return their time."""
        assert self.reading is not None
        before_s, whole = self.read_s, self.prompt[self.reading]
        self.read = min(self.read + rounds * self.times.chunk, whole)
        all_read = self.read == whole
        self.read_s = self.whole_s[self.reading] if all_read else float(self.times.read_s(np.array(self.read)))
        return float(self.read_s - before_s)

    def _begin_writing(self, request: int) -> None:
        """The prompt is read, and with it the first token is known."""
        self.reading, self.first[request] = None, self.now
        if self.output[request] == 1:
            self.end[request] = self.now
            self.held -= self.prompt[request] + 1
            return
        self.starts[request] = start = self.prompt[request] - self.round
        self.furthest = max(self.furthest, start)
        self.positions += start
        heappush(self.writing, (self.round + self.output[request] - 1, request))

    def _finish(self, request: int) -> None:
        self.end[request] = self.now
        start = self.starts.pop(request)
        self.positions -= start
        if start == self.furthest:
            self.furthest = max(self.starts.values(), default=-math.inf)
        self.held -= self.prompt[request] + self.output[request]
