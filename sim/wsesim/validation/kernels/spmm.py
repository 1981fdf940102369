"""Local products of a sparse or dense tile by a dense one, on one core: formats of the published SpMM on the CS-2.

Source: github.com/pr0f3ss/SpMM_Cerebras. All cores do the same for themselves, so one is run. COO and ELLPACK store as
many values on every core; of CSC and CSR the mean over cores has the mean number, density times the tile. Rows of the
vendor's simulator are older: lines of B and C in the same banks, as each row says.
"""

from __future__ import annotations

import re
from functools import cache
from math import ceil, floor

from wsesim.cores.programs import run_kernel
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

WRITTEN_OUT = 32
"""Turns of a loop without arithmetic that the compiler is known to write out (`spmm-sim-gemm-64-m32-mem`)."""
STORED = "stored nonzeros per PE (padded, from flop count)"


def matches(row: KernelRow) -> bool:
    """Whether a row is the local phase of a product."""
    return re.match(r"(SpMM|GEMM) local phase", row.kernel) is not None and row.unit == "cycles"


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the product of one core."""
    found = re.search(r"\((\w+)\)", row.kernel)
    rows, depth, width = row.whole("Nt"), row.whole("Kt"), row.whole("M")
    compute = "loads and address updates only" not in row.metric
    if found is None:
        return _dense(row, wafer, (rows, depth, width), compute=compute)
    kind, same = found[1].lower(), "before bank-conflict fix" in row.algorithm
    cycles, macs = 0.0, 0.0
    for stored, weight in _stored(row, kind, rows * depth):
        options = (("banks", "same" if same else "apart"), ("compute", "once" if compute else "never"))
        cycles += weight * _cycles(f"spmm-{kind}", wafer, (rows, depth, width, stored), options)
        macs += weight * stored * width if compute and not same else 0
    return _measured(row, wafer, cycles, macs)


def _stored(row: KernelRow, kind: str, places: int) -> list[tuple[int, float]]:
    """Return numbers of stored values on a core, and how much each weighs: two where the mean lies between."""
    if "dense" in row.params:
        return [(places, 1.0)]
    if kind in ("coo", "ellpack"):
        return [(row.whole(STORED), 1.0)]
    mean = float(row.found(r"density ([0-9.]+)%")[1]) / 100 * places
    below, part = floor(mean), mean - floor(mean)
    return [(max(1, below), 1 - part), *([(ceil(mean), part)] if part else [])]


def _dense(row: KernelRow, wafer: Wafer, shape: tuple[int, int, int], *, compute: bool) -> Prediction:
    if not compute and shape[2] <= WRITTEN_OUT:
        raise NotPredicted("what the compiler leaves of a short loop once its arithmetic is taken out is not published")
    options = (("compute", "once" if compute else "never"),)
    return _measured(row, wafer, _cycles("local-gemm", wafer, shape, options), 0.0)


def _measured(row: KernelRow, wafer: Wafer, cycles: float, full: float) -> Prediction:
    """Return the figure; in *full* cycles there is a multiply-accumulate."""
    value = cycles + wafer.core.stamp_cycles
    if not row.silicon:
        return Prediction(value=value)
    window = wafer.code.window_cycles
    value += window
    note = f"with {window:,} cycles between the stamps beside the product"
    return Prediction(value=value, shares={"arithmetic every cycle": full / value}, note=note)


@cache
def _cycles(name: str, wafer: Wafer, shape: tuple[int, ...], options: tuple[tuple[str, str], ...]) -> int:
    return run_kernel(name, wafer, (1, 1), shape, options=dict(options), verify=False).cycles


FAMILIES = (
    Family(
        name="spmm",
        title="local product on one core: dense, COO, CSC, CSR, ELLPACK",
        matches=matches,
        predict=predict,
        median_goal=0.05,
        worst_goal=0.15,
        missing="the compiler's choices: how far loops are written out, which addresses it takes out of them",
    ),
)
