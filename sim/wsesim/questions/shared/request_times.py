"""The times of a request on its placement, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from wsesim.answer import DoesNotFit, Interval, OpTime
from wsesim.kernels import resident_events
from wsesim.mapping.resident import PhaseTime, PlanGoal, ResidentPlan, ResidentRequest
from wsesim.questions.base import Say
from wsesim.questions.shared.choosing import left_open
from wsesim.questions.shared.placing import placed, placing_of
from wsesim.questions.shared.request import Request, software_of_request
from wsesim.units import ROUNDING

SAMPLED_POSITIONS = 33
"""Positions at which decoding is timed; between them it grows evenly but for steps of a value a core."""
SHOWN_TOKENS = 8
"""Tokens whose way through the stages the timeline shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTimes:
    """Where the time of a request goes."""

    input_s: float
    prefill: PhaseTime | None
    """Of all prompts held; None where none is read."""
    move_s: float
    """To lay weights and cache out anew between reading and writing."""
    decode_s: float
    """Of all passes."""
    decode_parts: Mapping[str, float]
    """Seconds by cause; they sum to `decode_s`."""
    token: PhaseTime | None
    """Of a token halfway; None where none is written."""
    passes: float

    @property
    def total_s(self) -> float:
        """From the prompt's arrival to the last token."""
        return self.input_s + (self.prefill.seconds if self.prefill else 0.0) + self.move_s + self.decode_s

    def spent(self, clock_hz: float) -> dict[str, float]:
        """Return the seconds of the whole by cause."""
        seconds = {"input": self.input_s, "move": self.move_s, **self.decode_parts}
        for cause, cycles in (self.prefill.parts if self.prefill else {}).items():
            seconds[cause] = seconds.get(cause, 0.0) + cycles / clock_hz
        return {cause: spent for cause, spent in seconds.items() if spent > 0}


def plan_of(request: Request, say: Say) -> ResidentPlan | DoesNotFit:
    """Return where the model of a request lies; the same for all that ask for the same."""
    say("placing the model")
    return placed(_placing(request), _goal(request))


def open_plan(request: Request) -> ResidentPlan | DoesNotFit | None:
    """Return where the model would lie were nothing chosen by hand; None if nothing is."""
    placing = _placing(request)
    opened = left_open(placing)
    return None if opened == placing else placed(opened, _goal(request))


def _placing(request: Request) -> ResidentRequest:
    asked = request.asked
    return placing_of(
        asked.resolved["inference"], asked.merged, asked.hardware.cluster, software_of_request(asked),
        positions=request.positions, batch=request.batch, precision=asked.resolved["precision"],
    )  # fmt: skip


def _goal(request: Request) -> PlanGoal:
    return PlanGoal(
        prompt=request.prompt if request.reads else 0, reused=request.reused, prompts=request.batch,
        batch=request.batch, position=request.middle, passes=request.passes, guesses=request.guesses.tokens,
        guess_cost=request.guesses.cost,
    )  # fmt: skip


def time_request(request: Request, plan: ResidentPlan) -> RequestTimes:
    """Time what is asked, for all sequences that the busiest copy holds: the one sum of a request there is."""
    host, batch = request.asked.hardware.cluster.host, plan.share(request.batch)
    token_bytes = software_of_request(request.asked).token_bytes
    prompt = _read(plan, request) if request.reads else None
    arrives_s = host.latency_s + batch * request.prompt * token_bytes / host.input_bytes_per_s
    decode_s, parts, token = _write(plan, request) if request.writes else (0.0, dict[str, float](), None)
    return RequestTimes(
        input_s=arrives_s if request.reads else 0.0, prefill=prompt,
        move_s=plan.replacement_s() if request.reads and request.writes else 0.0, decode_s=decode_s,
        decode_parts=parts, token=token, passes=request.passes,
    )  # fmt: skip


def time_by_formula(request: Request, plan: ResidentPlan) -> RequestTimes:
    """Time the same without growth: all tokens as one halfway; no host, no move of weights."""
    token = _token(plan, request, request.middle) if request.writes else None
    cycles = {} if token is None else {**token.parts, **_guessing(request, token)}
    parts = {cause: request.passes * each / plan.clock_hz for cause, each in cycles.items()}
    return RequestTimes(
        input_s=0.0, prefill=_read(plan, request) if request.reads else None, move_s=0.0, decode_s=fsum(parts.values()),
        decode_parts=parts, token=token, passes=request.passes,
    )  # fmt: skip


def _guessing(request: Request, token: PhaseTime) -> dict[str, float]:
    extra = request.guesses.cycles(token)
    return {"guesses": extra} if extra else {}


def _read(plan: ResidentPlan, request: Request) -> PhaseTime:
    return plan.prompts(plan.share(request.batch), request.prompt, reused=request.reused)


def _token(plan: ResidentPlan, request: Request, position: int) -> PhaseTime:
    """Return the time of a token of each sequence that one copy holds."""
    return plan.decode(position, batch=plan.share(request.batch), checks=request.guesses.checks)


def _write(plan: ResidentPlan, request: Request) -> tuple[float, dict[str, float], PhaseTime]:
    """Return the seconds of all passes, the same by cause, and one pass in the middle."""
    last = request.prompt + request.generate - 1
    positions = sorted({*np.linspace(request.prompt, last, SAMPLED_POSITIONS).round().astype(int).tolist()})
    timed = plan.decode_each(positions, batch=plan.share(request.batch), checks=request.guesses.checks)
    shares = np.gradient(np.array(positions, float)) if len(positions) > 1 else np.ones(1)
    shares[[0, -1]] /= 1 if len(positions) == 1 else 2
    weights = request.passes * shares / shares.sum()
    parts: dict[str, float] = {}
    for phase, weight in zip(timed, weights.tolist(), strict=True):
        for cause, cycles in {**phase.parts, **_guessing(request, phase)}.items():
            parts[cause] = parts.get(cause, 0.0) + weight * cycles / plan.clock_hz
    return fsum(parts.values()), parts, _token(plan, request, positions[len(positions) // 2])


def ops_of(timed: PhaseTime, phase: str, calls: float, plan: ResidentPlan) -> tuple[OpTime, ...]:
    """Return the ops of a phase; where stages work side by side, each takes its share of the path through them."""
    ops, wafer, precision = timed.ops, plan.request.cluster.wafer, plan.request.precision
    side_by_side = max(1.0, fsum(op.cycles for op in ops) / timed.cycles)
    return tuple(
        OpTime(
            block="resident", phase=phase, name=op.name, kind=op.kind, calls=max(1, round(calls)),
            flops=round(2 * op.macs * calls), cycles=round(op.cycles),
            seconds=op.cycles * calls / plan.clock_hz / side_by_side,
            bound=max(op.parts, key=lambda cause: op.parts[cause]), parts=op.parts,
            fabric_bytes=round(op.fabric_bytes), sram_bytes=round(op.sram_bytes),
            events=resident_events(op.cost, wafer, precision),
        )
        for op in ops
        if op.cycles > 0
    )  # fmt: skip


def timeline_of(times: RequestTimes) -> tuple[Interval, ...]:
    """Return the request on one track, and the first tokens on their way through the stages on others."""
    found, now = [], 0.0
    reading_s = times.prefill.seconds if times.prefill else 0.0
    steps = (
        ("prompt in", times.input_s, "input"), ("prompt read", reading_s, "compute"), ("moved", times.move_s, "move"),
    )  # fmt: skip
    for name, lasts_s, cause in steps:
        if lasts_s > 0:
            found.append(Interval(track="request", name=name, start_s=now, end_s=now + lasts_s, cause=cause))
            now += lasts_s
    token, decode_s = times.token, times.decode_s
    if token is None or decode_s <= 0:
        return tuple(found)
    found.append(Interval(track="request", name="tokens written", start_s=now, end_s=now + decode_s, cause="compute"))
    scale = token.seconds / token.cycles
    for number in range(SHOWN_TOKENS):
        at = now + number * token.seconds
        if at + token.seconds > now + decode_s * (1 + ROUNDING):
            break
        for stage, cycles in enumerate(token.stage_cycles):
            track, end = f"stage {stage}", at + cycles * scale
            found.append(Interval(track=track, name=f"token {number + 1}", start_s=at, end_s=end, cause="compute"))
            at = end
    return tuple(found)
