"""What programs in CSL cost: the layout of a whole wafer while compiling, and runs on 256 x 256 cores.

    python benchmarks/csl.py           # all cases
    python benchmarks/csl.py --small   # a tenth of each side

Each case is its own process; the engine is compiled before it is timed. Measures and prints; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = """
import json, resource, sys, time
from pathlib import Path
from wsesim.csl.running import compiled, launched, run_program
from wsesim.hardware import load_cluster
file, width, height, length, runs = json.loads(sys.argv[1])
wafer = load_cluster("cs-3").cluster.wafer
def build(columns, rows):
    return compiled(Path(file), "wse3", {"width": columns, "height": rows, "length": length}, {})
if runs:
    run_program(build(4, 4), wafer, operands={}, launches=[("main", [])], read=[])
marks = [time.process_time()]
image = build(width, height)
marks.append(time.process_time())
found = {"classes": len(image.classes)}
if runs:
    run = run_program(image, wafer, operands={}, launches=[("main", [])], read=["x"])
    found |= {"cycles": run.cycles, "events": run.events, "last": float(run.values["x"][width * height - 1][0])}
marks.append(time.process_time())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(found | {"compile_s": marks[1] - marks[0], "run_s": marks[2] - marks[1], "peak_mb": peak / 1024}))
"""
CASES = (
    ("layout of 745,500 cores", "mesh.csl", 750, 994, 8, False),
    ("gemv-like, 256 x 256", "mesh.csl", 256, 256, 16, True),
    ("allreduce-like, 256 x 256", "allreduce.csl", 256, 256, 16, True),
)


def main() -> None:
    """Measure all cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    print(f"{'case':28s} {'classes':>8s} {'compile s':>10s} {'run s':>8s} {'cycles':>9s} {'events':>12s} {'MB':>7s}")
    for name, file, width, height, length, runs in CASES:
        sides = (width // 10, height // 10) if small else (width, height)
        asked = json.dumps([str(HERE / "csl" / file), *sides, length, runs])
        done = subprocess.run([sys.executable, "-c", RUN, asked], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        print(
            f"{name:28s} {found['classes']:8d} {found['compile_s']:10.1f} {found['run_s']:8.1f} "
            f"{found.get('cycles', 0):9,d} {found.get('events', 0):12,d} {found['peak_mb']:7,.0f}"
        )


if __name__ == "__main__":
    main()
