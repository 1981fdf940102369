"""Sums of vectors along a row of cores, as the vendor's simulator of the WSE-2's fabric ran them.

Source: github.com/pr0f3ss/SpMM_Cerebras, src/mpi_collectives/reduce_0_pe/reduce_2colors_2phase, commit 05f8fdb.
"""

from __future__ import annotations

from wsesim.cores.programs import run_kernel
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, Prediction

MOST_CORE_ELEMENTS = 8_000_000
"""Cores times values of a run that takes a second or two."""


def matches(row: KernelRow) -> bool:
    """Whether a row is a sum along one row of cores, counted in cycles."""
    return row.kernel.startswith("Reduce 1D") and row.unit == "cycles"


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the reduce of the row: P cores, B values on each, groups of S."""
    cores, values, group = row.whole("P"), row.whole("B"), row.whole("S")
    level = "cores" if cores * values <= MOST_CORE_ELEMENTS else "closed"
    found = run_kernel(
        "reduce-two-phase", wafer, (cores, 1), (values,), options={"group": str(group)}, level=level, verify=False
    )
    return Prediction(value=found.cycles, shares={"link": values / found.cycles}, level=level)


FAMILIES = (
    Family(
        name="red1d",
        title="chains that sum vectors along a row of cores, in one or two phases",
        matches=matches,
        predict=predict,
        median_goal=0.01,
        worst_goal=0.02,
    ),
)
