"""What wsesim itself costs: CPU seconds and peak memory of whole processes, and simulated events per second.

Measures and prints; it judges nothing and always exits 0. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
WORKLOAD = ROOT / "workloads" / "cerebras-gpt-13b-andromeda.yaml"
MAX_RSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""Unit of `ru_maxrss`."""

SIMULATE = """
import json, sys, time
from wsesim import questions
questions.run(questions.load(sys.argv[1], settings=["model.layers=1"]), verify=False)  # imports what is needed
question = questions.load(sys.argv[1], settings=sys.argv[2:])
started = time.process_time()
result = questions.run(question, verify=False)
print(json.dumps([time.process_time() - started, result.cost.events]))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One command to measure."""

    name: str
    arguments: tuple[str, ...]
    goal: str
    program: tuple[str, ...] = ("-m", "wsesim")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Medians over the runs of a case."""

    name: str
    cpu_s: float
    peak_memory_bytes: float
    goal: str
    runs: int
    simulate_cpu_s: float | None = None
    events: int | None = None

    @property
    def events_per_s(self) -> float | None:
        """Simulated events per CPU second of building, mapping and simulating."""
        return self.events / self.simulate_cpu_s if self.events and self.simulate_cpu_s else None


def cases(folder: Path) -> tuple[Case, ...]:
    """Return what is measured; reports are written below *folder*."""
    run = ("run", str(WORKLOAD), "--no-verify", "--quiet", "--force", "--out")
    deep, simulate = ("--set", "model.layers=160"), ("-c", SIMULATE)
    return (
        Case(name="wsesim --help", arguments=("--help",), goal="under 0.1 s"),
        Case(name="wsesim run, 13B on 16 CS-2", arguments=(*run, str(folder / "a")), goal="under 0.45 s, 70 MB"),
        Case(name="the same, 4 x the layers", arguments=(*run, str(folder / "b"), *deep), goal="within 10 % of that"),
        Case(name="simulate only", arguments=(str(WORKLOAD),), goal="", program=simulate),
        Case(name="simulate only, 4 x the layers", arguments=(str(WORKLOAD), deep[1]), goal="", program=simulate),
    )


def measure(case: Case, runs: int, folder: Path) -> Measured:
    """Run *case* several times, after once to warm the file system."""
    once(case, folder)
    found = [once(case, folder) for _ in range(runs)]
    told = [json.loads(text) for _, _, text in found] if SIMULATE in case.program else []
    return Measured(
        name=case.name,
        cpu_s=median(cpu_s for cpu_s, _, _ in found),
        peak_memory_bytes=median(peak for _, peak, _ in found),
        goal=case.goal,
        runs=runs,
        simulate_cpu_s=median(seconds for seconds, _ in told) if told else None,
        events=told[0][1] if told else None,
    )


def once(case: Case, folder: Path) -> tuple[float, int, str]:
    """Return CPU seconds, peak memory and output of one process."""
    command = [sys.executable, *case.program, *case.arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "sim")}
    out = folder / "out.txt"
    with out.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"{case.name}: exit code {process.returncode}", file=sys.stderr)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAX_RSS_BYTES, out.read_text("utf-8")


def table(rows: list[Measured]) -> str:
    """Return the figures as aligned text."""
    lines = [("", "CPU s", "peak MB", "events", "events/s", "goal")]
    for row in rows:
        rate = "" if row.events_per_s is None else f"{row.events_per_s:,.0f}"
        cpu_s = f"{row.cpu_s:.2f}" if row.simulate_cpu_s is None else f"{row.simulate_cpu_s:.3f}"
        events = "" if row.events is None else f"{row.events:,}"
        lines.append((row.name, cpu_s, f"{row.peak_memory_bytes / 1e6:.0f}", events, rate, row.goal))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 0 < index < 5 else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> None:
    """Measure every case and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5, help="runs of each case; the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(case, max(1, options.runs), Path(folder)) for case in cases(Path(folder))]
    if options.json:
        print(json.dumps([asdict(row) | {"events_per_s": row.events_per_s} for row in rows], indent=2))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
