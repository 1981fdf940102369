"""Chunks that pass stages one behind the other: which of their times add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.kernels.resident import Work


def critical_path(times: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return the (chunk, stage) whose times sum to the end of all, in order; *times* are by chunk, then by stage.

    A stage begins a chunk once it has done the one before and the stage before has done this one.
    """
    ends: list[list[float]] = []
    for chunk, row in enumerate(times):
        done: list[float] = []
        for stage, cycles in enumerate(row):
            before = ends[chunk - 1][stage] if chunk else 0.0
            done.append(max(before, done[stage - 1] if stage else 0.0) + cycles)
        ends.append(done)
    chunk, stage = len(times) - 1, len(times[-1]) - 1
    path = [(chunk, stage)]
    while chunk or stage:
        if not chunk or (stage and ends[chunk][stage - 1] >= ends[chunk - 1][stage]):
            stage -= 1
        else:
            chunk -= 1
        path.append((chunk, stage))
    return path[::-1]


def merged(works: Sequence[Work]) -> tuple[Work, ...]:
    """Return the works with those of one name as one, in the order of their first."""
    by_name: dict[str, list[Work]] = {}
    for work in works:
        by_name.setdefault(work.name, []).append(work)
    return tuple(first.then(*others) for first, *others in by_name.values())
