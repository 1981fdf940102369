"""The machine that a row was measured on, as the vendor's simulator of the fabric shows it, and silicon beside it.

One set of constants per generation: the preset, `Timing`, and what stands here. Silicon is slower, because it inserts
cycles without work to limit heat: by one factor per resource, whatever the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from wsesim.hardware import Wafer, load_cluster
from wsesim.validation.kernels.family import KernelRow, Prediction

WRITE_BYTES = {"cs-3": 16}
"""Bytes that a core writes to memory in a cycle, where kernels show another figure than the preset, which the vendor's
total bandwidth gives. Source: `mic-copy-f16-sim`, 8 elements of 2 bytes a cycle; `mic-copy-f32-sim`, 4 of 4."""


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
            meaning="vector instructions that the datapath limits, and reads that collide",
            source="`mic-fma-f32`: 0.5 elements a cycle on both",
        ),
    )
}


@cache
def wafer_of(machine: str) -> Wafer:
    """Return the wafer of a preset as kernels show it."""
    wafer = load_cluster(machine).cluster.wafer
    if machine not in WRITE_BYTES:
        return wafer
    return replace(wafer, core=replace(wafer.core, sram_write_bytes_per_cycle=WRITE_BYTES[machine]))


def slower(shares: Mapping[str, float]) -> float:
    """Return by how much silicon is slower if these shares of the time are limited by these resources."""
    return 1 + sum(share * (FACTORS[resource].factor - 1) for resource, share in shares.items())


def on_target(row: KernelRow, predicted: Prediction) -> float:
    """Return the predicted figure on what the row was measured on: as it is, or with the factors of silicon."""
    if not row.silicon:
        return predicted.value
    rate = row.unit.endswith(("/s", "/cycle"))
    return predicted.value / slower(predicted.shares) if rate else predicted.value * slower(predicted.shares)
