"""The pieces of steps: when each comes, is computed and leaves, in the order of work."""

from __future__ import annotations

from collections import defaultdict

from wsesim.mapping import PassGroup, Program, Stage
from wsesim.system.backlog import Backlog
from wsesim.system.due import Due, counted
from wsesim.system.machine import tree_latency_s
from wsesim.system.sequence import pieces
from wsesim.system.store import TRACK as STORE
from wsesim.system.store import cause_of
from wsesim.units import ROUNDING

COMPUTE, WEIGHTS_WAIT, GRADIENTS_WAIT = ("wafer", "compute"), ("wafer", "weights"), ("wafer", "gradients")
WEIGHTS_IN, GRADIENTS_OUT = ("swarmx down", "weights"), ("swarmx up", "gradients")
OF_PIECES = (WEIGHTS_IN, WEIGHTS_WAIT, COMPUTE, GRADIENTS_WAIT, GRADIENTS_OUT)
"""What a piece takes time of: track and cause."""


class Piecework:
    """What is known of the pieces of a step so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rate, self.latency_s = program.stream_bytes_per_s, tree_latency_s(program)
        self.now = self.free = self.soonest = 0.0
        self.weights, self.gradients = Backlog(program.buffer_bytes), Backlog(program.buffer_bytes)
        self.tokens = Backlog(program.input_room_bytes)
        self.lines = {"weights": self.weights, "gradients": self.gradients, "tokens": self.tokens}
        self.due: Due | None = None
        self.slack = 0.0
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.moved: dict[str, float] = defaultdict(float)
        self.pieces = 0
        self.counts: dict[int, int] = {}
        """Pieces of a copy of each stage of the program, by its identity."""

    def input(self, group: PassGroup) -> None:
        """Wait for the tokens of a pass."""
        line, start, size = self.tokens, self.now, group.token_bytes
        fed = line.at + self.program.input_s(group)
        self.spent("host", "input", line.at, fed)
        line.at = line.room_from(size, fed)
        self.now = max(start, line.at)
        line.put(size, self.now)
        self.spent("wafer", "input", start, self.now)

    def copy(self, stage: Stage, *, last: bool) -> None:
        """Work a copy of *stage* out."""
        count = self.counts.get(id(stage), 0)
        if not count:
            count = self.counts[id(stage)] = pieces(self.program, stage)
        self.pieces += count
        if self.due:
            self._updated_copy(stage, count, last=last)
        else:
            self._ready_copy(stage, count, last=last)

    def _updated_copy(self, stage: Stage, count: int, *, last: bool) -> None:
        """Work a copy of *stage* out whose weights may still be updated."""
        weights, gradients, compute_s = (
            stage.weight_bytes / count,
            stage.gradient_bytes / count,
            stage.compute_s / count,
        )
        new = counted(self.program, stage, weights)
        for _ in range(count):
            if weights:
                self._wait_for_weights(weights, new)
            start = self.now
            self.now = start + compute_s
            self.spent("wafer", "compute", start, self.now)
            if weights:
                self.weights.put(weights, self.now)
            if gradients:
                self._send_gradients(gradients, last=last)

    def _ready_copy(self, stage: Stage, count: int, *, last: bool) -> None:
        """Work a copy of *stage* out, piece after piece: the one loop that counts, so that nothing is called in it."""
        weights, gradients = stage.weight_bytes / count, stage.gradient_bytes / count
        compute_s, latency_s, fits = stage.compute_s / count, self.latency_s, 1 + ROUNDING
        weights_s, gradients_s = weights / self.rate, gradients / self.rate
        stored_s, stored = self.program.update_s(gradients, last=last), (STORE, cause_of(self.program, last=last))
        line, up, spent = self.weights, self.gradients, self.seconds
        line_at, line_room, line_held, line_taken = line.at, line.room * fits, line.held, line.taken
        up_at, up_room, up_held, up_taken = up.at, up.room * fits, up.held, up.taken
        free, now, before = self.free, self.now, [spent.get(key, 0.0) for key in (*OF_PIECES, stored)]
        weights_in, weights_wait, computed, gradients_wait, gradients_out, storing = before
        for _ in range(count):
            if weights:
                sent = line_at + weights_s
                if sent > line_at:
                    weights_in += sent - line_at
                arrival, line_at = sent + latency_s, sent
                while line_held and line_taken + weights > line_room:
                    left, gone = line_held.popleft()
                    line_taken -= left
                    if gone > line_at:
                        line_at = gone
                start, now = now, line_at if line_at > now else now
                if arrival > now:
                    now = now + (arrival - now)  # as an event's delay is added to its time
                if now > start:
                    weights_wait += now - start
            start, now = now, now + compute_s
            if now > start:
                computed += now - start
            if weights:
                line_taken += weights
                line_held.append((weights, now))
            if gradients:
                start = now
                while up_held and up_taken + gradients > up_room:
                    left, gone = up_held.popleft()
                    up_taken -= left
                    if gone > now:
                        now = gone
                if now > start:
                    gradients_wait += now - start
                start = up_at if up_at > now else now
                up_at = start + gradients_s
                if up_at > start:
                    gradients_out += up_at - start
                up_taken += gradients
                up_held.append((gradients, up_at))
                ready = up_at + latency_s
                free = (free if free > ready else ready) + stored_s
                storing += stored_s
        line.at, line.taken, up.at, up.taken, self.free, self.now = line_at, line_taken, up_at, up_taken, free, now
        after = (weights_in, weights_wait, computed, gradients_wait, gradients_out, storing)
        for key, was, is_now in zip((*OF_PIECES, stored), before, after, strict=True):
            if is_now != was:
                spent[key] = is_now
        self.soonest = up_at + latency_s + stored_s if gradients else self.soonest
        self._moved(weights, gradients, count)

    def _moved(self, weights: float, gradients: float, count: int) -> None:
        """Add the bytes of *count* pieces, one by one: sums are those of what is played."""
        for direction, size in (("weights", weights), ("gradients", gradients)):
            if size:
                total = self.moved[direction]
                for _ in range(count):
                    total += size
                self.moved[direction] = total

    def _wait_for_weights(self, size: float, new: float) -> None:
        line, start = self.weights, self.now
        ready = self._updated(new)
        sent = line.at + size / self.rate
        self.spent("swarmx down", "weights", line.at, sent)
        self.moved["weights"] += size
        arrival = sent + self.latency_s
        line.at = line.room_from(size, sent)
        got = max(start, line.at)
        self.now = got + (arrival - got) if arrival > got else got  # as an event's delay is added to its time
        updated = min(max(start, ready), self.now)
        self.spent("wafer", "update", start, updated)
        self.spent("wafer", "weights", updated, self.now)

    def _updated(self, size: float) -> float:
        """Let the sender wait until the next piece, of so many bytes not sent before, is updated; return since when."""
        line = self.weights
        if self.due is None:
            return 0.0
        ready = self.due.ready(size)
        if ready > line.at:
            line.at = line.at + (ready - line.at)
        self.slack = self.due.slack(line.at)
        if line.at >= self.due.end:
            self.due = None
        return ready

    def _send_gradients(self, size: float, *, last: bool) -> None:
        line, start = self.gradients, self.now
        self.now = line.room_from(size, start)
        self.spent("wafer", "gradients", start, self.now)
        start = max(line.at, self.now)
        line.at = start + size / self.rate
        self.spent("swarmx up", "gradients", start, line.at)
        self.moved["gradients"] += size
        line.put(size, line.at)
        seconds, arrival = self.program.update_s(size, last=last), line.at + self.latency_s
        self.free, self.soonest = max(self.free, arrival) + seconds, arrival + seconds
        self.seconds[STORE, cause_of(self.program, last=last)] += seconds

    def spent(self, track: str, cause: str, start: float, end: float) -> None:
        """Add what a track spent on a cause."""
        if end > start:
            self.seconds[track, cause] += end - start
