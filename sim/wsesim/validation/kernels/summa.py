"""Products of the SDK's examples: SUMMA on a square of cores, its parts, and a product of one core by scalar code.

Tiles are Mt x Kt and Kt x Nt, P cores a side. The vendor's `gemm-collectives_2d` moves tiles by the library of
collectives, which writes routes anew for each; a published log of a pipelined variant gives the parts.
"""

from __future__ import annotations

import re
from functools import cache

from wsesim.cores.machine import Span
from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

GEMV = {
    "checkerboard": "the window holds what the host streams in and out, whose pace no source gives",
    "collectives_2d": "how the library scatters and gathers step by step is not published, only its broadcast",
}


def matches(row: KernelRow) -> bool:
    """Whether a row is a product of the SDK's examples, in cycles."""
    return row.unit == "cycles" and re.match(r"GEM[MV] (\(SDK|on one PE)", row.kernel) is not None


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the product, or its part."""
    if row.kernel.startswith("GEMV"):
        raise NotPredicted(next((why for name, why in GEMV.items() if name in row.kernel), "no such example is known"))
    if "on one PE" in row.kernel:
        size = row.found(r"(\d+)x(\d+)x(\d+)")
        m, k, n = (int(number) for number in size.groups())
        return _whole(run_kernel("local-gemm", wafer, (1, 1), (m, k, n), options={"code": "scalar"}, verify=False))
    if "broadcast" in row.metric:
        return _broadcast(row, wafer)
    shape = _shape(row)
    if "compute span" in row.metric:
        return _compute_span(wafer, shape)
    return _whole(_summa(wafer, shape, "library"))


def _whole(outcome: KernelOutcome) -> Prediction:
    return Prediction(value=outcome.cycles)


def _shape(row: KernelRow) -> tuple[int, int, int, int]:
    """Return cores of a side, and the sizes of a tile: `Mt=Kt=Nt=14` or each by itself."""
    shared = re.search(r"Mt=Kt=Nt=(\d+)", row.params)
    m, k, n = (int(shared[1]),) * 3 if shared else (row.whole("Mt"), row.whole("Kt"), row.whole("Nt"))
    return row.whole("P"), m, k, n


@cache
def _summa(wafer: Wafer, shape: tuple[int, int, int, int], transfers: str) -> KernelOutcome:
    side, m, k, n = shape
    sizes = (side * m, side * k, side * n)
    return run_kernel(
        "summa", wafer, (side, side), sizes, options={"transfers": transfers}, verify=False, watch=[(0, 0)]
    )


def _compute_span(wafer: Wafer, shape: tuple[int, int, int, int]) -> Prediction:
    """Return the cycles from the first to the last multiply-accumulate of each step, of all steps together."""
    _, _, k, n = shape
    macs = [span for span in _spans(_summa(wafer, shape, "overlapped")) if span.name == "mac"]
    steps = [macs[first : first + k * n] for first in range(0, len(macs), k * n)]
    return Prediction(value=sum(step[-1].end - step[0].start for step in steps))


def _broadcast(row: KernelRow, wafer: Wafer) -> Prediction:
    """Return the cycles from the issue of the first broadcast of a tile along a row to its last word in the router."""
    words = int(row.found(r"(\d+) wavelets")[1])
    if row.columns is None:
        raise NotPredicted("the row gives no grid")
    outcome = run_kernel(
        "summa", wafer, (row.columns, 1), (words, row.columns, 1), verify=False, watch=[(0, 0)]
    )  # fmt: skip
    first = next(span for span in _spans(outcome) if span.thread is not None)
    note = "the first broadcast, with no product beside it"
    return Prediction(value=first.end - first.start + wafer.fabric.ramp_cycles, note=note)


def _spans(outcome: KernelOutcome) -> tuple[Span, ...]:
    assert outcome.run is not None
    return outcome.run.spans


FAMILIES = (
    Family(
        name="summa",
        title="products of the SDK's examples: SUMMA and its parts, and scalar code on one core",
        matches=matches,
        predict=predict,
        median_goal=0.05,
        worst_goal=0.05,
        missing="GEMV examples: host streams in the window, scatter and gather of the library",
    ),
)
