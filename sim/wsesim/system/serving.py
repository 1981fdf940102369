"""Requests served by resident weights: they queue, are read chunk by chunk, and write tokens side by side.

    arrive --> queue --> [ a token of every sequence that writes | a chunk of a prompt ] --> drain --> write --> done
                          \\____________________ one round ____________________________/

The wafers are one pipeline. In a round a token of each sequence that writes enters, then a chunk of a prompt: the round
takes as long as that, or as a token is on its way through all stages if that is longer. A prompt that has entered
drains: its first token is there when the rest of its way is over. Meanwhile the next prompt enters. What enters behind
a prompt comes out behind it: tokens that are written wait for it, unless another prompt enters before it has drained.
Rounds that differ in nothing but their position follow from a closed form, so the cost of a simulation follows from the
number of requests, not of tokens.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from heapq import heappop, heappush

import numpy as np

from wsesim.system.abilities import ServiceTimes
from wsesim.system.apart import serve_apart
from wsesim.system.kept import KeptBlocks
from wsesim.system.requests import Requests
from wsesim.system.served import Served, together


def serve(requests: Requests, times: ServiceTimes) -> Served:
    """Play *requests*, by priority and then first come first served; the same requests give the same times.

    Copies take requests in turn, as a load balancer does that knows nothing of their lengths.
    """
    if times.readers is not None:
        return serve_apart(requests, times, serve)
    if times.copies == 1:
        return _Server(requests, times).play()
    return together([_Server(share, times).play() for share in requests.in_turn(times.copies) if len(share)])


class _Server:
    """The pipeline and its queue, at the end of a round."""

    def __init__(self, requests: Requests, times: ServiceTimes) -> None:
        self.times, self.requests = times, requests
        # Hosts pass requests on in order; one behind a long prompt waits for it.
        passed_on = requests.arrival_s + times.input_latency_s + times.input_token_s * requests.prompt
        self.ready_s = np.maximum.accumulate(passed_on)
        self.arrival = [*self.ready_s.tolist(), math.inf]
        """When each arrives, and at last never."""
        self.prompt, self.output = requests.prompt.tolist(), requests.output.tolist()
        enter_s, drain_s = times.enter_s(requests.prompt), times.drain_s(requests.prompt)
        chunks = times.chunks(requests.prompt)
        self.chunks, self.chunk_s, self.drain_s = chunks.tolist(), (enter_s / chunks).tolist(), drain_s.tolist()
        self.begun, self.first, self.end = np.full((3, len(requests)), np.nan)
        latency, interval = times.latency, times.interval
        self.lines = latency.base_s, latency.per_position_s, interval.base_s, interval.per_position_s
        self.now, self.round, self.next = self.arrival[0], 0, 0
        self.queue: list[tuple[int, int]] = []
        """A heap of (priority, request): of equals the first come."""
        self.priority = requests.priorities.tolist()
        fits = ~requests.refused & (requests.prompt + requests.output <= times.capacity_tokens)
        self.fits = fits.tolist()
        blocks, capacity = requests.blocks, times.capacity_tokens
        self.kept = KeptBlocks(blocks, requests.block_tokens, capacity) if blocks else None
        self.reused = np.zeros(len(requests), np.int64)
        self.entering: int | None = None
        self.left = 0
        """Chunks of it."""
        self.draining: deque[tuple[float, int]] = deque()
        """(When its first token is there, request), in the order of both."""
        self.writing: list[tuple[int, int]] = []
        """A heap of (round of the last token, request)."""
        self.starts: dict[int, int] = {}
        """Position less round, of each sequence that writes."""
        self.furthest = -math.inf
        """The largest of them."""
        self.positions, self.held = 0, 0
        self.known: tuple[int, tuple[float, float]] = 0, (0.0, 0.0)
        """What the next so many rounds take, if that is known."""
        self.busy: list[tuple[float, float, float]] = []
        self.writers, self.turns = array("q"), array("q")
        """Of each stretch the sequences that wrote, and its rounds."""
        self.joined = [0] * len(requests)
        """The stretch from which on each wrote."""

    def play(self) -> Served:
        """Play until all is done."""
        requests = len(self.requests)
        while self.next < requests or self.queue or self.held:
            if self.draining and self.draining[0][0] <= self.now:
                self._begin_writing()
            # While a prompt enters, others may wait to be queued, too.
            if self.entering is None and (self.queue or self.arrival[self.next] <= self.now):
                self._take_in()
            if self.entering is not None or self.writing:
                self._pass(self._rounds_alike())
            elif (comes := min(self._next_s(), self._drained_s())) < math.inf:
                self.now = comes
        return Served(
            arrival_s=self.requests.arrival_s, ready_s=self.ready_s, begun_s=self.begun, first_s=self.first,
            end_s=self.end, output=self.requests.output, busy=tuple(self.busy), rounds=self.round, reused=self.reused,
            joined=np.array(self.joined), writers=np.array(self.writers), turns=np.array(self.turns),
        )  # fmt: skip

    def _take_in(self) -> None:
        """Queue what has arrived; let the oldest prompt enter if there is room for its whole answer."""
        while self.arrival[self.next] <= self.now:
            if self.fits[self.next]:
                heappush(self.queue, (self.priority[self.next], self.next))
            self.next += 1
        if self.queue and self._has_slot():
            first = self.queue[0][1]
            tokens = self.prompt[first] + self.output[first]
            if self.held + tokens <= self.times.capacity_tokens:
                self.entering = heappop(self.queue)[1]
                self.left, self.begun[self.entering] = self.chunks[self.entering], self.now
                self.held += tokens
                if self.kept is not None:
                    self._reuse(self.entering, self.kept)

    def _reuse(self, request: int, kept: KeptBlocks) -> None:
        """Read of a prompt only what is not there yet: a later token costs what it does behind all before it."""
        prompt = self.prompt[request]
        if found := min(kept.begin(request, self.held), prompt - 1):
            self.reused[request] = found
            whole, there = (float(each) for each in self.times.enter_s(np.array([prompt, found])))
            self.left = self.chunks[request] = int(self.times.chunks(np.array([prompt - found]))[0])
            self.chunk_s[request] = (whole - there) / self.left

    def _has_slot(self) -> bool:
        return len(self.writing) + len(self.draining) < self.times.slots

    def _next_s(self) -> float:
        """Return when the next request arrives that finds a slot; never if there is none."""
        return self.arrival[self.next] if self._has_slot() else math.inf

    def _drained_s(self) -> float:
        """Return when the next first token is there; never if no prompt drains."""
        return self.draining[0][0] if self.draining else math.inf

    def _rounds_alike(self) -> int:
        """Return the rounds until a sequence ends, a prompt has entered, or the one in which something else happens.

        While a prompt enters the next has to wait, so that its arrival changes nothing; one that drained joins.
        """
        ends = self.writing[0][0] - self.round if self.writing else math.inf
        if self.entering is None and self.draining:
            return 1
        if self.entering is None:
            rounds, left = int(ends), self._next_s() - self.now
        else:
            rounds, left = int(min(ends, self.left)), self._drained_s() - self.now
        self.known = rounds, self._pass_s(rounds)
        return rounds if self.known[1][0] < left else self._rounds_until(left)

    def _rounds_until(self, left: float) -> int:
        """Return the first number of rounds that take as long; what is *known* do.

        They take nearly alike, so a line says about where; behind a guess that leaves more than half, it is halved.
        """
        low, low_s, (high, (high_s, _)), by_line = 0, 0.0, self.known, True
        while (wide := high - low) > 1:
            share = (left - low_s) / (high_s - low_s) if by_line and high_s > low_s else 0.5
            guess = min(max(low + int(share * wide), low + 1), high - 1)
            passed = self._pass_s(guess)
            if passed[0] < left:
                low, low_s = guess, passed[0]
            else:
                high, high_s, self.known = guess, passed[0], (guess, passed)
            by_line = 2 * (high - low) <= wide
        return high

    def _pass_s(self, rounds: int) -> tuple[float, float]:
        """Return the time of *rounds*, and how long tokens that are written and chunks enter the pipeline in it."""
        count, chunk_s = len(self.writing), 0.0 if self.entering is None else self.chunk_s[self.entering]
        if not count:
            return rounds * chunk_s, rounds * chunk_s
        base_s, rises_s, each_s, grows_s = self.lines  # of `GrowingTime`, written out: most of a simulation is here
        furthest, total = self.furthest + self.round, self.positions + count * self.round
        if rounds == 1:
            entering = count * each_s + grows_s * total + chunk_s
            return max(base_s + rises_s * furthest, entering), entering
        pairs = rounds * (rounds - 1) / 2
        entering = count * rounds * each_s + grows_s * (total * rounds + count * pairs) + rounds * chunk_s
        through = rounds * base_s + rises_s * (furthest * rounds + pairs)
        ahead = base_s + rises_s * furthest - count * each_s - grows_s * total - chunk_s
        slope = rises_s - count * grows_s
        # Until this round one of the two is longer, from it on the other; a round before the first or after the last
        # means that none takes over.
        turn = math.floor(min(max(-ahead / slope, -1.0), rounds - 1.0)) + 1 if slope else 0
        if not turn:
            return max(through, entering), entering
        pairs = turn * (turn - 1) / 2
        early = turn * base_s + rises_s * (furthest * turn + pairs)
        late = count * turn * each_s + grows_s * (total * turn + count * pairs) + turn * chunk_s
        return max(early, late) + max(through - early, entering - late), entering

    def _pass(self, rounds: int) -> None:
        """Let *rounds* pass: every sequence writes that many tokens; of a prompt as many chunks enter."""
        seconds, entered_s = self.known[1] if self.known[0] == rounds else self._pass_s(rounds)
        self.known = 0, (0.0, 0.0)
        started, self.now, self.round = self.now, self.now + seconds, self.round + rounds
        if self.entering is None and self.draining:
            self.now = max(self.now, min(self.draining[-1][0], self._next_s()))
        self.busy.append((started, self.now, entered_s))
        self.writers.append(len(self.writing))
        self.turns.append(rounds)
        while self.writing and self.writing[0][0] <= self.round:
            self._finish(heappop(self.writing)[1])
        if self.entering is not None:
            self.left -= rounds
            if not self.left:
                self._drain(self.entering)

    def _drain(self, request: int) -> None:
        """The prompt has entered; it comes out behind those before it."""
        before = self.draining[-1][0] if self.draining else self.now
        self.draining.append((max(before, self.now + self.drain_s[request]), request))
        self.entering = None
        if self.kept is not None:
            self.kept.entered(request)

    def _begin_writing(self) -> None:
        """Prompts that have drained have their first token; those that write more do so from the next round on."""
        while self.draining and self.draining[0][0] <= self.now:
            first_s, request = self.draining.popleft()
            self.first[request] = first_s
            if self.output[request] == 1:
                self.end[request] = first_s
                self._leave(request)
                continue
            self.joined[request] = len(self.busy)
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
        self._leave(request)

    def _leave(self, request: int) -> None:
        self.held -= self.prompt[request] + self.output[request]
        if self.kept is not None:
            self.kept.finish(request, self.held)
