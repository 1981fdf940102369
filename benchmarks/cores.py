"""What simulating cores costs: compile time, events per CPU second, peak memory; each case is a process of its own.

    python benchmarks/cores.py           # all cases
    python benchmarks/cores.py --small   # without the whole wafer

Measures and prints; it judges nothing. Events are wavelets that leave a queue, and cycles a core works.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_RSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""Unit of `ru_maxrss`."""

RUN = """
import json, resource, sys, time
from wsesim.cores.programs import find_program
from wsesim.hardware import load_cluster
name, columns, rows, length = sys.argv[1], *map(int, sys.argv[2:5])
wafer = load_cluster("cs-2").cluster.wafer
marks = [time.process_time()]
def prepare(columns, rows, length):
    return find_program(name).prepare(wafer, (columns, rows), (length,), {}, 0)
prepare(4, 4, 4).machine.run()
marks.append(time.process_time())
prepared = prepare(columns, rows, length)
marks.append(time.process_time())
run = prepared.machine.run()
marks.append(time.process_time())
right = bool(abs(prepared.read(prepared.machine) - prepared.expected).max() <= prepared.tolerance)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([run.cycles, run.events, [b - a for a, b in zip(marks, marks[1:])], right, peak]))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kernel on a grid, and its shape: values on each core of a collective, points of a transform."""

    kernel: str
    columns: int
    rows: int
    length: int
    goal: str
    whole_wafer: bool = False


CASES = (
    Case(kernel="reduce-chain", columns=4, rows=1, length=8, goal="under 15 s to compile"),
    Case(kernel="reduce-chain", columns=512, rows=1, length=4096, goal="over 10,000,000 events/s"),
    Case(kernel="allreduce-2d", columns=128, rows=128, length=64, goal="over 10,000,000 events/s"),
    Case(kernel="fft-3d", columns=32, rows=32, length=32, goal="under 3 s"),
    Case(kernel="fft-3d", columns=64, rows=64, length=64, goal="over 10,000,000 events/s"),
    Case(kernel="fft-3d", columns=512, rows=1, length=512, goal="one plane of 512"),
    Case(kernel="allreduce-2d", columns=750, rows=994, length=64, goal="under 60 s and 4 GB", whole_wafer=True),
)


def measure(case: Case, cache: Path) -> str:
    """Return a line of the table."""
    arguments = [case.kernel, *map(str, (case.columns, case.rows, case.length))]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "sim"), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    cycles, events, (compile_s, prepare_s, run_s), right, peak = json.loads(done.stdout)
    name = f"{case.kernel} {case.columns} x {case.rows}, {case.length:,} values"
    peak_mb = peak * MAX_RSS_BYTES / 1e6
    return (
        f"{name:38} {compile_s:9.2f} {prepare_s:9.2f} {run_s:9.2f} {cycles:9,} {events:13,} {events / run_s:12,.0f} "
        f"{peak_mb:8,.0f} {'yes' if right else 'NO':>6}  {case.goal}"
    )


def main() -> None:
    """Measure all cases; the first compiles, the others find the compiled code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="leave the whole wafer out")
    small = parser.parse_args().small
    columns = ("compile", "prepare", "run CPU s")
    print(f"{'':38} {columns[0]:>9} {columns[1]:>9} {columns[2]:>9} {'cycles':>9} {'events':>13} {'events/s':>12} "
          f"{'peak MB':>8} {'right':>6}  goal")  # fmt: skip
    with tempfile.TemporaryDirectory() as cache:
        for case in CASES:
            if not (small and case.whole_wafer):
                print(measure(case, Path(cache)), flush=True)


if __name__ == "__main__":
    main()
