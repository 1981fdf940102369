"""Three-dimensional Fourier transforms, as a CS-2 ran them with one pencil on each core, and as the SDK's library does.

Source: Orenes-Vera et al., wafer-scale FFT, ICS 2023 (arXiv 2209.15040); its figures in cycles as listed by
github.com/PrincetonUniversity/muchiSim, plots/characterization.py.
"""

from __future__ import annotations

from wsesim.cores.programs import run_kernel
from wsesim.cores.programs.fft import cube
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

MOST_POINTS = 32
"""Edge of a cube that runs in half a second; the closed form is within a hundredth of it and of larger ones."""


def matches(row: KernelRow) -> bool:
    """Whether a row is a transform by wsFFT, counted in cycles."""
    return "wsFFT" in row.kernel and row.unit == "cycles"


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the cube of the row; the streams of both transposes wait for links, the rest for instructions.

    Raises:
        NotPredicted: another precision than fp32, or another grid than one core for each pencil.
    """
    points = int(row.found(r"([0-9]+)\^3")[1])
    if not row.precision.startswith("f32"):
        raise NotPredicted(f"the transform is written for fp32 numbers, not {row.precision}")
    if (row.columns, row.rows) != (points, points):
        raise NotPredicted(f"the transform needs {points} x {points} cores, one for each pencil")
    level = "cores" if points <= MOST_POINTS else "closed"
    found = run_kernel(cube.NAME, wafer, (points, points), (points,), level=level, verify=False)
    link = cube.streamed((points,)) / found.cycles
    return Prediction(value=found.cycles, shares={"link": link, "arithmetic": 1 - link}, level=level)


def matches_library(row: KernelRow) -> bool:
    """Whether a row is a transform by the library of the SDK."""
    return "FFT" in row.kernel and "SDK" in row.kernel


def predict_library(row: KernelRow, wafer: Wafer) -> Prediction:
    """Say what is missing.

    Raises:
        NotPredicted: always.
    """
    raise NotPredicted(
        "how the SDK's library transforms a pencil, and packs several for a transpose, is not published;"
        " wsFFT's transforms alone, one pencil after the other, would take some four fifths of the row's time"
    )


FAMILIES = (
    Family(
        name="wsfft",
        title="three-dimensional transforms with one pencil on each core",
        matches=matches,
        predict=predict,
        median_goal=0.05,
        worst_goal=0.15,
        missing="instructions of the local transform, which are not published: counted here from a plain radix-2 loop",
    ),
    Family(
        name="sdkfft",
        title="three-dimensional transforms by the SDK's library, several pencils on each core",
        matches=matches_library,
        predict=predict_library,
        median_goal=0.05,
        worst_goal=0.15,
        missing="the library's local transform, and how it packs pencils for a transpose",
    ),
)
