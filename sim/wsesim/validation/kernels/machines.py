"""The machine that a row was measured on, as the vendor's simulator of the fabric shows it, and silicon beside it.

Silicon is slower, because it inserts cycles without work to limit heat: by one factor per resource, whatever the
kernel. Both are in the machine's preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from wsesim.hardware import Wafer, load_cluster
from wsesim.validation.kernels.family import KernelRow, Prediction


@cache
def wafer_of(machine: str) -> Wafer:
    """Return the wafer of a preset."""
    return load_cluster(machine).cluster.wafer


def slower(wafer: Wafer, shares: Mapping[str, float]) -> float:
    """Return by how much silicon is slower if these shares of the time are limited by these resources."""
    factors = wafer.silicon.by_resource
    return 1 + sum(share * (factors[resource] - 1) for resource, share in shares.items())


def on_target(row: KernelRow, predicted: Prediction) -> float:
    """Return the predicted figure on what the row was measured on: as it is, or with the factors of silicon."""
    if not row.silicon:
        return predicted.value
    factor = slower(wafer_of(row.machine_name), predicted.shares)
    return predicted.value / factor if row.unit.endswith(("/s", "/cycle")) else predicted.value * factor
