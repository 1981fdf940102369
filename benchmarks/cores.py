"""What simulating cores costs: compile time, CPU time, events per second, peak memory; each case is its own process.

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
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_RSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""Unit of `ru_maxrss`."""

RUN = """
import json, resource, sys, time
from wsesim.cores.programs import find_program
from wsesim.hardware import load_cluster
case = json.loads(sys.argv[1])
wafer = load_cluster("cs-2").cluster.wafer
marks = [time.process_time()]
find_program("reduce-chain").prepare(wafer, (4, 4), (4,), {}, 0).machine.run()
marks.append(time.process_time())
program = find_program(case["kernel"])
prepare = program.folded if case["fold"] else program.prepare
prepared = prepare(wafer, (case["columns"], case["rows"]), tuple(case["shape"]), case["options"], 0)
marks.append(time.process_time())
run = prepared.run()
marks.append(time.process_time())
right = prepared.compare().differing == 0
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
took = [b - a for a, b in zip(marks, marks[1:])]
print(json.dumps([run.cycles, run.events, took, right, peak]))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kernel on a grid, its shape and options, and what it should cost at most."""

    kernel: str
    columns: int
    rows: int
    shape: tuple[int, ...]
    goal: str
    options: dict[str, str] = field(default_factory=dict)
    fold: bool = False
    whole_wafer: bool = False

    @property
    def name(self) -> str:
        """What is run, in a line."""
        folded = ", folded" if self.fold else ""
        return f"{self.kernel} {'x'.join(map(str, self.shape))} on {self.columns} x {self.rows}{folded}"


CASES = (
    Case(kernel="reduce-chain", columns=4, rows=4, shape=(4,), goal="first compile under 15 s"),
    Case(kernel="reduce-chain", columns=512, rows=1, shape=(4096,), goal="over 10,000,000 events/s"),
    Case(kernel="allreduce-2d", columns=128, rows=128, shape=(64,), goal="over 10,000,000 events/s"),
    Case(kernel="fft-3d", columns=32, rows=32, shape=(32,), goal="under 3 s"),
    Case(kernel="fft-3d", columns=64, rows=64, shape=(64,), goal="under 3 s"),
    Case(kernel="fft-3d", columns=512, rows=1, shape=(512,), goal="one plane of 512"),
    Case(kernel="allreduce-2d", columns=750, rows=994, shape=(64,), fold=True, goal="under 1 s"),
    Case(
        kernel="gemv", columns=720, rows=720, shape=(16384, 16384), options={"group": "30"}, goal="under 5 min",
        whole_wafer=True,
    ),
    Case(kernel="allreduce-2d", columns=750, rows=994, shape=(64,), goal="under 12 s and 1 GB", whole_wafer=True),
)  # fmt: skip


def measure(case: Case, cache: Path) -> str:
    """Return a line of the table."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "sim"), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(asdict(case))],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    cycles, events, (compile_s, prepare_s, run_s), right, peak = json.loads(done.stdout)
    peak_mb = peak * MAX_RSS_BYTES / 1e6
    return (
        f"{case.name:40} {compile_s:9.2f} {prepare_s:9.2f} {run_s:9.2f} {cycles:9,} {events:13,} "
        f"{events / run_s:12,.0f} {peak_mb:8,.0f} {'yes' if right else 'NO':>6}  {case.goal}"
    )


def main() -> None:
    """Measure all cases; the first compiles, the others find the compiled code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="leave the whole wafer out")
    small = parser.parse_args().small
    columns = ("compile", "prepare", "run CPU s")
    print(f"{'':40} {columns[0]:>9} {columns[1]:>9} {columns[2]:>9} {'cycles':>9} {'events':>13} {'events/s':>12} "
          f"{'peak MB':>8} {'right':>6}  goal")  # fmt: skip
    with tempfile.TemporaryDirectory() as cache:
        for case in CASES:
            if not (small and case.whole_wafer):
                print(measure(case, Path(cache)), flush=True)


if __name__ == "__main__":
    main()
