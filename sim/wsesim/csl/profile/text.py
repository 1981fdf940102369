"""The profile of a run for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wsesim.csl.host.store import load
from wsesim.csl.image import Image
from wsesim.csl.profile.code import source_lines
from wsesim.csl.profile.sums import SCALAR_CODE, by_cause, by_line, by_operation, by_task
from wsesim.csl.profile.taken import Taken, load_taken
from wsesim.units import show_share

MOST_CORES, MOST_TASKS = 5, 12


def profile_text(folder: Path, most: int) -> str:
    """Return the profile of a folder's last run: causes, tasks, operations, *most* source lines, busiest cores.

    Raises:
        InputError: there is none.
    """
    taken, image = load_taken(folder), load(folder)
    told = (_causes(image, taken), _tasks(image, taken), _operations(image, taken))
    blocks = (*told, _lines(folder, image, taken, most), _cores(taken))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _causes(image: Image, taken: Taken) -> list[str]:
    total = max(1, int(taken.causes.sum()))
    lines = [
        f"  {cause:12s} {cycles:14,.0f}  {show_share(cycles / total):>7}"
        for cause, cycles in by_cause(image, taken).items()
    ]
    return [f"{taken.cycles:,} cycles from load to the last; of all cores:", *lines]


def _tasks(image: Image, taken: Taken) -> list[str]:
    found = sorted(by_task(image, taken).items(), key=lambda each: -each[1][2])
    lines = [
        f"  {cycles:12,d}  {times:9,d} times  {what:12s}  {name}" for name, (what, times, cycles) in found[:MOST_TASKS]
    ]
    return ["tasks, from start to end:", *lines] if lines else []


def _operations(image: Image, taken: Taken) -> list[str]:
    found = sorted(by_operation(image, taken).items(), key=lambda each: -each[1].worked)
    total = max(1, sum(share.worked for _, share in found))
    scalar = sum(share.by_cause.get(SCALAR_CODE, 0) for _, share in found)
    lines = [
        f"  {share.worked:12,d}  {show_share(share.worked / total):>7}  waits {share.waited:12,d}  {name}"
        for name, share in found[:MOST_TASKS]
    ]
    return [f"operations: {total:,} cycles, {show_share(scalar / total)} of them scalar code", *lines]


def _lines(folder: Path, image: Image, taken: Taken, most: int) -> list[str]:
    found = sorted(by_line(image, taken).items(), key=lambda each: (-each[1].worked, each[0]))
    total = max(1, sum(share.worked for _, share in found))
    texts: dict[str, list[str]] = {}

    def said() -> Iterator[str]:
        for (file, line), share in found[:most]:
            lines = texts.setdefault(file, source_lines(file, folder))
            kind = "scalar" if set(share.by_cause) == {SCALAR_CODE} else "vector"
            where = f"{file}:{line}" if line else file
            text = f"  {lines[line - 1].strip()}" if 0 < line <= len(lines) else ""
            yield f"  {share.worked:12,d}  {show_share(share.worked / total):>7}  {kind}  {where}{text}"

    return ["lines:", *said()]


def _cores(taken: Taken) -> list[str]:
    if not taken.cores.size:
        return []
    worked = taken.cores[1:4].sum(0)
    best = np.argsort(-worked, axis=None, kind="stable")[:MOST_CORES].tolist()
    named = (f"({at % worked.shape[1]}, {at // worked.shape[1]}) {int(worked.flat[at]):,}" for at in best)
    lines = ["busiest cores: " + ", ".join(named)]
    dropped = int(taken.totals[1])
    return lines + ([f"{dropped:,} wavelets left the rectangle and were dropped"] if dropped else [])
