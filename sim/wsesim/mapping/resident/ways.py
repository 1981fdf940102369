"""How a prompt passes: the ways that are tried, and the steps of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wsesim.kernels.resident_ops import ChunkStep, TokenStep
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.plan import timed_positions
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stage_times import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWay:
    """How a prompt passes."""

    shifts: bool
    """Whether weights move for it (MeshGEMM), the program that is published, WaferLLM's; else tokens pass side by side
    like those of a batch, assumed: programs for decoding can do it, and need no second tile of weights."""
    tokens: int
    """That pass together."""


def ways_to_read(request: ResidentRequest, prompt: int, reused: int = 0) -> Iterator[ReadingWay]:
    """Yield the ways in which a prompt can pass, but for its *reused* tokens: so many at a time, or in so many even
    parts.

    All pass together where every token sees all others. Where weights move, keys do in blocks of as many tokens: of
    a prompt with reused tokens these may be more than those that pass.
    """
    if not request.model.causal:
        yield ReadingWay(shifts=True, tokens=request.positions)
        return
    powers, fresh = [2**power for power in range(prompt.bit_length())], prompt - reused
    sizes = [*powers, *(3 * power // 2 for power in powers[1:])]
    shifting = [*_parts(fresh, sizes), *(size for size in _parts(prompt, sizes) if size > fresh)]
    yield from (ReadingWay(shifts=True, tokens=tokens) for tokens in ([request.chunk] if request.chunk else shifting))
    beside = (tokens for tokens in _parts(fresh, powers) if tokens <= (request.chunk or fresh))
    yield from (ReadingWay(shifts=False, tokens=tokens) for tokens in beside)


def _parts(prompt: int, sizes: Sequence[int]) -> list[int]:
    """Return tokens that pass together: *sizes*, and even parts as many as one of them, where these are the larger.

    For each of them a shorter prompt has one that is no larger, of which it needs no more.
    """
    fit = [size for size in sizes if size <= prompt]
    return sorted({*fit, *(-(-prompt // number) for number in fit if number * number <= prompt)})


def last_tokens(goal: PlanGoal, way: ReadingWay) -> int:
    """Return the tokens of a prompt's last chunk."""
    return (goal.prompt - goal.reused - 1) % way.tokens + 1


def _step(way: ReadingWay, ends: int, tokens: int) -> Step:
    if way.shifts:
        return ChunkStep(tokens=tokens, start=ends - tokens, block=min(way.tokens, ends))
    return TokenStep(positions=timed_positions(ends), batch=tokens)


@lru_cache(maxsize=4096)
def reading_steps(goal: PlanGoal, way: ReadingWay, positions: int | None) -> tuple[tuple[Step, int], ...]:
    """Return the steps of a prompt, each so many times; before the last not more than so many, each the shortest."""
    ends, last = (
        range(goal.reused + way.tokens, goal.prompt, way.tokens),
        _step(way, goal.prompt, last_tokens(goal, way)),
    )
    if not ends:
        return ((last, 1),)
    parts: Sequence[Sequence[int]] = [[at] for at in ends]
    if positions is not None and len(ends) > positions:
        parts = [part.tolist() for part in np.array_split(np.array(ends), positions)]
    counted: dict[Step, int] = {}
    for part in parts:
        step = _step(way, part[0], way.tokens)
        counted[step] = counted.get(step, 0) + len(part)
    return (*counted.items(), (last, 1))
