"""One cell on each core, renewed from its four neighbours, as the vendor's simulator of the fabric ran it.

Source: github.com/Jorineg/cerebras, commit 911a327. Per-iteration times there are differences of whole runs.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from wsesim.cores.programs.run import run_kernel
from wsesim.cores.programs.stencils import one_cell
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

WATCHED = (1, 1)
FIRST_STEADY = 4
SHORT, LONG = 2, 4
"""Iterations of the two runs whose difference a row is."""
SEEN = 12
"""Cores along a side: in LONG iterations the watched core learns nothing of those beyond; larger grids are alike."""


def matches(row: KernelRow) -> bool:
    """Whether a row is a stencil of one cell a core."""
    return "1 cell per PE" in row.kernel and row.unit == "cycles"


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the stencil with different numbers of iterations and compare when the watched core ends."""
    if row.columns is None or row.rows is None:
        raise NotPredicted("the row gives no grid")
    if row.params.startswith("iterations"):
        series = row.params.partition(":")[2].split()
        ends = [
            _end(wafer, row.columns, row.rows, number) for number in range(FIRST_STEADY - 1, FIRST_STEADY + len(series))
        ]
        return Prediction(value=median(later - sooner for sooner, later in pairwise(ends)))
    columns, rows = min(SEEN, row.columns), min(SEEN, row.rows)
    value = (_end(wafer, columns, rows, LONG) - _end(wafer, columns, rows, SHORT)) // (LONG - SHORT)
    smaller = (columns, rows) != (row.columns, row.rows)
    note = f"run on {columns} x {rows} cores, which is all that the watched core can know of" if smaller else ""
    return Prediction(value=value, note=note)


def _end(wafer: Wafer, columns: int, rows: int, iterations: int) -> int:
    """Return when the watched core ends its last vector instruction."""
    found = run_kernel(one_cell.NAME, wafer, (columns, rows), (iterations,), verify=False, watch=[WATCHED])
    assert found.run is not None
    return max(span.end for span in found.run.spans if span.place)


FAMILIES = (
    Family(
        name="st1c",
        title="five-point stencil with one cell on each core; a cycle more or less is as near as rows of a kind differ",
        matches=matches,
        predict=predict,
        median_goal=0.05,
        worst_goal=1 / 12,
    ),
)
