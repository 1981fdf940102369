"""The machine that a row was measured on, as the vendor's simulator of the fabric shows it, and silicon beside it.

One set of constants per generation: the preset and `Timing`. Silicon is slower, because it inserts cycles without work
to limit heat: by one factor per resource, whatever the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from wsesim.hardware import Wafer, load_cluster
from wsesim.validation.kernels.family import KernelRow, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """By how much silicon is slower than the simulator of the fabric, where one resource limits."""

    name: str
    factor: float
    """Cycles over cycles."""
    meaning: str
    source: str


FACTORS: Mapping[str, Factor] = {
    factor.name: factor
    for factor in (
        Factor(
            name="memory",
            factor=1.65,
            meaning="vector instructions that the bytes of memory limit",
            source="`mic-copy-f16` 8 over 4.82 and `mic-copy-f32` 4 over 2.44 elements a cycle",
        ),
        Factor(
            name="link",
            factor=1.125,
            meaning="wavelets that stream through a link",
            source="`mic-wav`: 1.125 over 1.0 cycles a wavelet",
        ),
        Factor(
            name="arithmetic",
            factor=1.0,
            meaning="scalar instructions, and vector instructions in which the datapath works every other cycle at "
            "most: reads that collide, or 16 bytes read by an issue",
            source="`mic-fma-f32`: 0.5 elements a cycle on both; `spmm-gemm`",
        ),
        Factor(
            name="arithmetic every cycle",
            factor=1.1875,
            meaning="vector arithmetic at full rate, an issue in every cycle: 16 cycles become 19",
            source="`spmm-csc`: 120.0, 196.1 and 348.2 cycles for each value at widths 68, 132 and 260",
        ),
    )
}


@cache
def wafer_of(machine: str) -> Wafer:
    """Return the wafer of a preset."""
    return load_cluster(machine).cluster.wafer


def slower(shares: Mapping[str, float]) -> float:
    """Return by how much silicon is slower if these shares of the time are limited by these resources."""
    return 1 + sum(share * (FACTORS[resource].factor - 1) for resource, share in shares.items())


def on_target(row: KernelRow, predicted: Prediction) -> float:
    """Return the predicted figure on what the row was measured on: as it is, or with the factors of silicon."""
    if not row.silicon:
        return predicted.value
    rate = row.unit.endswith(("/s", "/cycle"))
    return predicted.value / slower(predicted.shares) if rate else predicted.value * slower(predicted.shares)
