"""Keep how far off the simulator is from every measured row, for questions that are like one."""

from __future__ import annotations

from pathlib import Path

from wsesim.measured import FILE, text_of
from wsesim.validation.kept import kept_kernels, kept_models
from wsesim.validation.kernels import read_kernel_table, validate_kernels
from wsesim.validation.rows import read_table
from wsesim.validation.score import validate_rows

KEPT = Path(__file__).parents[1] / "sim/wsesim/measured" / FILE

if __name__ == "__main__":
    models, kernels = read_table(), read_kernel_table()
    scored = validate_rows(models, progress=print)
    ran = validate_kernels(progress=lambda done, of, row: print(done, of, row))
    KEPT.write_text(text_of([*kept_models(models, scored.scores), *kept_kernels(kernels, ran.scores)]), "utf-8")
    print(f"wrote {KEPT}")
