"""Where the cycles of a run went: by cause, by source line, by core."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from wsesim.csl.host.store import RunRecord, load_run
from wsesim.csl.image import Operation
from wsesim.csl.machine import CslMachine

MOST_CORES = 5
_PERCENT = 100


def where_it_went(machine: CslMachine, record: RunRecord) -> None:
    """Note in a record where the cycles of a machine went."""
    spent = machine.state.code_state.cycles.tolist()
    found: dict[tuple[str, int, bool], int] = defaultdict(int)
    at = 0
    for tile in machine.image.classes:
        for step in tile.steps:
            cycles, at = spent[at], at + 1
            if cycles:
                name = machine.image.files[step.spot.file] if step.spot.line else "library"
                found[name, step.spot.line, step.op == Operation.VECTOR] += cycles
    record.lines = [[*key, cycles] for key, cycles in sorted(found.items(), key=lambda each: -each[1])]
    report = machine.report()
    record.causes, record.dropped = report["spent"], report["dropped"]
    busy = machine.state.tallies["busy"].astype(np.int64)
    width = machine.image.width
    best = np.argsort(-busy, kind="stable")[:MOST_CORES].tolist()
    record.busiest = [[core % width, core // width, int(busy[core])] for core in best]


def profile_text(folder: Path, most: int) -> str:
    """Return the profile of a folder's last run for people.

    Raises:
        InputError: there is none.
    """
    record = load_run(folder)
    total = max(1, sum(each[3] for each in record.lines))
    scalar = sum(each[3] for each in record.lines if not each[2])
    out = [f"{record.cycles:,} cycles from load to the last", ""]
    spent = max(1, sum(record.causes.values()))
    out += [
        f"  {cause:12s} {cycles:14,d}  {_PERCENT * cycles / spent:5.1f} %" for cause, cycles in record.causes.items()
    ]
    out += ["", f"main thread, all cores: {total:,} cycles, {_PERCENT * scalar / total:.1f} % of them scalar code", ""]
    for file, line, is_vector, cycles in record.lines[:most]:
        kind = "vector" if is_vector else "scalar"
        out.append(f"  {cycles:12,d}  {_PERCENT * cycles / total:5.1f} %  {kind}  {file}:{line}{_source(file, line)}")
    out += ["", "busiest cores: " + ", ".join(f"({x}, {y}) {cycles:,}" for x, y, cycles in record.busiest)]
    if record.dropped:
        out.append(f"{record.dropped:,} wavelets left the rectangle and were dropped")
    return "\n".join(out) + "\n"


def _source(file: str, line: int) -> str:
    """Return the text of a line, where the file still lies."""
    try:
        return f"  {Path(file).read_text('utf-8').splitlines()[line - 1].strip()}"
    except (OSError, IndexError):
        return ""
