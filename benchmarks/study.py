"""What points of a study cost: CPU seconds of 1,000 of a step of 13B, played, pruned, by formula, and kept before.

Measures and prints; it judges nothing and always exits 0. See README.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from wsesim import study

WORKLOAD = Path(__file__).resolve().parent.parent / "workloads" / "cerebras-gpt-13b.yaml"
VARY = {
    "hardware.wafer.io": {"from": "0.15 Tb/s", "to": "4.8 Tb/s", "steps": 100, "scale": "log"},
    "hardware.core.sram": {"from": "40 KiB", "to": "58 KiB", "steps": 10},
}


def main() -> None:
    """Measure every case and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--points", type=int, default=1000)
    steps = max(2, parser.parse_args().points // 10)
    best = {"pareto": ["tokens_per_s"], "prune": True}
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "points.sqlite"
        for place, (name, level, kept, more) in enumerate((
            ("recurrence", "system", None, {}), ("by formula", "closed", None, {}), ("pruned", "system", None, best),
            ("kept", "system", journal, {}), ("known", "system", journal, {}),
        )):  # fmt: skip
            first = f"0.15{min(place, 3)} Tb/s"  # no point of one case is that of another, but what is known
            vary = {**VARY, "hardware.wafer.io": {**VARY["hardware.wafer.io"], "from": first, "steps": steps}}
            asked = study.study_of(WORKLOAD, {"vary": vary, "level": level, **more})
            started = time.process_time()
            found = study.sweep(asked, jobs=1, journal=kept)
            cpu_s = time.process_time() - started
            print(f"{name:12} {len(found.rows):6,} points {cpu_s:8.2f} CPU s {len(found.rows) / cpu_s:8,.0f} points/s")


if __name__ == "__main__":
    main()
