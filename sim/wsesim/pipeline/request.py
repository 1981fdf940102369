"""One request on resident weights: prompt in, prompt read, tokens written; and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from wsesim.mapping.resident import PhaseTime, ResidentPlan
from wsesim.result import Interval, OpTime, RequestMetrics
from wsesim.workload import Inference, Workload

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
    tokens_per_pass: float
    """Above 1 where guesses are checked."""
    interval_s: float | None
    """From one pass to the next of a full pipeline, over the tokens of a pass."""
    flops: float
    core_s: float
    """Cores times seconds at work."""
    ops: tuple[OpTime, ...]
    timeline: tuple[Interval, ...]


def tokens_per_pass(asked: Inference) -> float:
    """Return the tokens a pass brings on average: guesses are right until the first that is not, which is put right.

    1 + a + a^2 + ... + a^k for k guesses, each right with chance a (Leviathan et al. 2023, arXiv 2211.17192).
    """
    return sum(asked.acceptance**guess for guess in range(asked.draft_tokens + 1))


def guess_cycles(token: PhaseTime, asked: Inference) -> float:
    """Return what guesses add to a pass: they come before it, and their checks follow the token through the stages."""
    return asked.draft_tokens * (token.interval_cycles + asked.draft_cost * token.cycles)


def time_request(workload: Workload, plan: ResidentPlan) -> RequestTimes:
    """Time what the phase of *workload* does, for all sequences it holds."""
    asked = workload.asked
    batch, reads, writes = asked.batch or 1, workload.phase != "decode", workload.phase != "prefill"
    prompt = _read(plan, asked, batch) if reads else None
    host, token_bytes = workload.hardware.cluster.host, plan.request.software.token_bytes
    input_s = host.latency_s + batch * asked.prompt * token_bytes / host.input_bytes_per_s if reads else 0.0
    move_s = plan.replacement_s() if reads and writes else 0.0
    ops = list(_ops(prompt, "prefill", 1, plan.clock_hz)) if prompt else []
    core_s, flops = (prompt.core_cycles / plan.clock_hz, prompt.flops) if prompt else (0.0, 0.0)
    # A prompt that is read gives the first token.
    passes = (asked.generate - (1 if reads else 0)) / tokens_per_pass(asked) if writes else 0.0
    decode_s, parts, interval_s, middle = 0.0, dict[str, float](), None, None
    if writes:
        decode_s, parts, middle = _write(plan, asked, batch, passes)
        guessed = 1 + asked.draft_tokens
        interval_s = guessed * middle.interval_cycles / plan.clock_hz / tokens_per_pass(asked)
        ops += _ops(middle, "decode", passes * guessed, plan.clock_hz)
        core_s += passes * guessed * middle.core_cycles / plan.clock_hz
        flops += passes * guessed * middle.flops
    return RequestTimes(
        input_s=input_s, prefill=prompt, move_s=move_s, decode_s=decode_s, decode_parts=parts,
        tokens_per_pass=tokens_per_pass(asked), interval_s=interval_s, flops=flops, core_s=core_s, ops=tuple(ops),
        timeline=_timeline(input_s, prompt, move_s, middle, decode_s),
    )  # fmt: skip


def request_metrics(workload: Workload, plan: ResidentPlan, times: RequestTimes) -> RequestMetrics:
    """Return the figures of a request; `result.RequestMetrics` defines each."""
    asked, wafer = workload.asked, workload.hardware.cluster.wafer
    batch = asked.batch or 1
    reading_s = times.prefill.seconds if times.prefill else 0.0
    ttft_s = times.input_s + reading_s if times.prefill else None
    total_s = times.input_s + reading_s + times.move_s + times.decode_s
    written = asked.generate - (1 if times.prefill else 0) if workload.phase != "prefill" else 0
    tpot_s = times.decode_s / written if written else None
    peak = plan.wafers * wafer.peak_flops("fp16")
    busy = times.core_s / (total_s * plan.wafers * wafer.cores)
    power_w = plan.wafers * (wafer.idle_power_w + wafer.active_power_w * min(1.0, busy))
    read = asked.prompt - asked.reused if times.prefill else 0
    seconds = {"input": times.input_s, "move": times.move_s, **times.decode_parts}
    for cause, cycles in (times.prefill.parts if times.prefill else {}).items():
        seconds[cause] = seconds.get(cause, 0.0) + cycles / plan.clock_hz
    return RequestMetrics(
        total_s=total_s, total_cycles=round(total_s * plan.clock_hz), ttft_s=ttft_s, tpot_s=tpot_s,
        interval_s=times.interval_s, prompt_tokens_per_s=batch * read / reading_s if reading_s else None,
        tokens_per_s_user=1 / tpot_s if tpot_s else None, tokens_per_s=batch / tpot_s if tpot_s else None,
        users_to_fill=tpot_s / times.interval_s if batch == 1 and tpot_s and times.interval_s else None,
        flops=round(times.flops), mfu=times.flops / (total_s * peak),
        mfu_peak=f"dense fp16 peak of {plan.wafers} wafer{'s' if plan.wafers > 1 else ''}, {peak / 1e15:.3g} PFLOP/s",
        wafers=plan.wafers, energy_per_token_j=power_w * total_s / (batch * (read + max(written, 1))), power_w=power_w,
        wafer_s={cause: spent for cause, spent in seconds.items() if spent > 0},
    )  # fmt: skip


def _read(plan: ResidentPlan, asked: Inference, batch: int) -> PhaseTime:
    """Return the time to read *batch* prompts: each follows the one before as soon as the first stage is free."""
    one = plan.prefill(asked.prompt, reused=asked.reused)
    if batch == 1:
        return one
    chunks = -(-(asked.prompt - asked.reused) // plan.chunk)
    behind = (batch - 1) * chunks * one.interval_cycles
    parts = {**one.parts, "pipeline": one.parts.get("pipeline", 0.0) + behind}
    return replace(
        one, cycles=one.cycles + behind, seconds=one.seconds + behind / plan.clock_hz, parts=parts,
        ops=tuple(work.times(batch) for work in one.ops), core_cycles=batch * one.core_cycles,
    )  # fmt: skip


def _write(
    plan: ResidentPlan, asked: Inference, batch: int, passes: float
) -> tuple[float, dict[str, float], PhaseTime]:
    """Return the seconds of all passes, the same by cause, and one pass in the middle."""
    last = asked.prompt + asked.generate - 1
    positions = sorted({*np.linspace(asked.prompt, last, SAMPLED_POSITIONS).round().astype(int).tolist()})
    timed = [plan.decode(position, batch=batch) for position in positions]
    shares = np.gradient(np.array(positions, float)) if len(positions) > 1 else np.ones(1)
    shares[[0, -1]] /= 1 if len(positions) == 1 else 2
    weights = passes * shares / shares.sum()
    parts: dict[str, float] = {}
    for phase, weight in zip(timed, weights.tolist(), strict=True):
        for cause, cycles in phase.parts.items():
            parts[cause] = parts.get(cause, 0.0) + weight * cycles / plan.clock_hz
        extra = guess_cycles(phase, asked)
        if extra:
            parts["guesses"] = parts.get("guesses", 0.0) + weight * extra / plan.clock_hz
    return sum(parts.values()), parts, timed[len(timed) // 2]


def _ops(timed: PhaseTime, phase: str, calls: float, clock_hz: float) -> tuple[OpTime, ...]:
    """Return the ops of a phase; where stages work side by side, each takes its share of the path through them."""
    works = timed.ops
    side_by_side = max(1.0, sum(work.cycles for work in works) / timed.cycles)
    return tuple(
        OpTime(
            block="resident", phase=phase, name=work.name, kind=work.name, calls=max(1, round(calls)),
            flops=round(2 * work.macs * calls), cycles=round(work.cycles),
            seconds=work.cycles * calls / clock_hz / side_by_side,
            bound=max(work.parts, key=lambda cause: work.parts[cause]), parts=work.parts,
            fabric_bytes=round(work.fabric_bytes), sram_bytes=round(work.sram_bytes),
        )
        for work in works
        if work.cycles > 0
    )  # fmt: skip


def _timeline(
    input_s: float, prompt: PhaseTime | None, move_s: float, token: PhaseTime | None, decode_s: float
) -> tuple[Interval, ...]:
    """Return the request on one track, and the first tokens on their way through the stages on others."""
    found, now = [], 0.0
    reading_s = prompt.seconds if prompt else 0.0
    steps = (("prompt in", input_s, "input"), ("prompt read", reading_s, "compute"), ("moved", move_s, "move"))
    for name, lasts_s, cause in steps:
        if lasts_s > 0:
            found.append(Interval(track="request", name=name, start_s=now, end_s=now + lasts_s, cause=cause))
            now += lasts_s
    if token is None or decode_s <= 0:
        return tuple(found)
    found.append(Interval(track="request", name="tokens written", start_s=now, end_s=now + decode_s, cause="compute"))
    scale = token.seconds / token.cycles
    for number in range(SHOWN_TOKENS):
        at = now + number * token.seconds
        if at + token.seconds > now + decode_s * (1 + 1e-9):
            break
        for stage, cycles in enumerate(token.stage_cycles):
            track, end = f"stage {stage}", at + cycles * scale
            found.append(Interval(track=track, name=f"token {number + 1}", start_s=at, end_s=end, cause="compute"))
            at = end
    return tuple(found)
