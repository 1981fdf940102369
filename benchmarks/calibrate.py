"""Set every calibrated constant anew without each group in turn, and keep what comes out beside the constants."""

from __future__ import annotations

from pathlib import Path

from wsesim.validation.calibrate import MARK, leave_out, section
from wsesim.validation.rows import read_table

FILE = Path(__file__).parents[1] / "sim/wsesim/validation/data/constants.yaml"

if __name__ == "__main__":
    found = section(leave_out(read_table(), progress=print))
    kept = FILE.read_text("utf-8").split(MARK)[0].rstrip()
    FILE.write_text(f"{kept}\n\n{found}", "utf-8")
    print(f"wrote {FILE}")
