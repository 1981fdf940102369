"""Rows whose time is mostly wavelets on their way: sums along a row of cores, Fourier transforms.

Sources: github.com/pr0f3ss/SpMM_Cerebras, src/mpi_collectives/reduce_0_pe/reduce_2colors_2phase, commit 05f8fdb
(`red1d`, the vendor's simulator of the WSE-2); Orenes-Vera et al., wafer-scale FFT, ICS 2023 (arXiv 2209.15040), its
figures in cycles as listed by github.com/PrincetonUniversity/muchiSim, plots/characterization.py (`wsfft`).
"""

from __future__ import annotations

from wsesim.answer import Level
from wsesim.validation.asking import NotAsked, RowQuestion
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

MOST_CORE_ELEMENTS = 8_000_000
"""Cores times values of a run that takes a second or two."""
MOST_POINTS = 32
"""Edge of a cube that runs in half a second; the closed form is within a hundredth of it and of larger ones."""
LIBRARY = (
    "how the SDK's library transforms a pencil, and packs several for a transpose, is not published; wsFFT's transforms"
    " alone, one pencil after the other, would take some four fifths of the row's time"
)


def _reduce(row: KernelRow) -> RowQuestion:
    """Ask for the sum of P cores with B values on each, in groups of S."""
    cores, values, group = row.whole("P"), row.whole("B"), row.whole("S")
    runs = cores * values <= MOST_CORE_ELEMENTS
    level: Level = "cores" if runs else "closed"
    options = {"group": group}
    return row.ask("reduce-two-phase", (cores, 1), [values], level=level, options=options)


def _transform(row: KernelRow) -> RowQuestion:
    points = int(row.found(r"([0-9]+)\^3")[1])
    if not row.precision.startswith("f32"):
        raise NotAsked(f"the transform is written for fp32 numbers, not {row.precision}")
    if (row.columns, row.rows) != (points, points):
        raise NotAsked(f"the transform needs {points} x {points} cores, one for each pencil")
    return row.ask("fft-3d", (points, points), [points], level="cores" if points <= MOST_POINTS else "closed")


def _library(row: KernelRow) -> RowQuestion:
    raise NotAsked(LIBRARY)


FAMILIES = (
    KernelFamily(
        name="red1d",
        title="chains that sum vectors along a row of cores, in one or two phases",
        matches=lambda row: row.kernel.startswith("Reduce 1D") and row.unit == "cycles",
        ask=_reduce,
        median_goal=0.01,
        worst_goal=0.02,
    ),
    KernelFamily(
        name="wsfft",
        title="three-dimensional transforms with one pencil on each core",
        matches=lambda row: "wsFFT" in row.kernel and row.unit == "cycles",
        ask=_transform,
        median_goal=0.05,
        worst_goal=0.15,
        missing="instructions of the local transform, which are not published: counted here from a plain radix-2 loop",
    ),
    KernelFamily(
        name="sdkfft",
        title="three-dimensional transforms by the SDK's library, several pencils on each core",
        matches=lambda row: "FFT" in row.kernel and "SDK" in row.kernel,
        ask=_library,
        median_goal=0.05,
        worst_goal=0.15,
        missing="the library's local transform, and how it packs pencils for a transpose",
    ),
)
