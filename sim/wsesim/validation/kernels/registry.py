"""All families of measured rows, and what keeps the rows of none from being run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from wsesim.validation.kernels.family import Family, KernelRow

MODULES = ("red1d", "st1c", "fmacs", "mic", "stencils", "spmm", "summa", "gemm", "fft", "wafer_llm")
"""Modules of this package with FAMILIES, looked at in this order; imported when rows are to be run."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Rows that no family takes."""

    pattern: str
    """Matches the row's `kernel`."""
    reason: str
    """Which mechanism or figure is missing."""


OUTSIDE = (
    Outside(r"whole program", "host transfers and the launch are in the figure, and no source splits them off"),
    Outside(r"host RPC", "the time is the host's, not the wafer's"),
    Outside(r"Molecular dynamics", "a step's instructions and the neighbours of an atom are not published"),
    Outside(r"CereSZ", "a range over six data sets, none of them given"),
    Outside(r"FV \+ CG", "neither the grid nor the iterations are given"),
    Outside(r"TLR-MVM", "the ranks of the tiles are not given"),
    Outside(r"multigrid", "the size of the problem is not given"),
    Outside(r"BiCGStab", "a solver of several kernels, which is not written as one program"),
    Outside(r"AllReduce scalar", "its stars merge the sums of many cores into one color, which no program here does"),
)
NO_FAMILY = "no family runs rows of this kernel"


@cache
def families() -> tuple[Family, ...]:
    """Return all families; the first that matches a row takes it."""
    found: list[Family] = []
    for name in MODULES:
        found += import_module(f"{__package__}.{name}").FAMILIES
    return tuple(found)


def family_of(row: KernelRow) -> Family | None:
    """Return the family that takes a row, or None."""
    return next((family for family in families() if family.matches(row)), None)


def why_outside(row: KernelRow) -> str:
    """Return why no family takes a row."""
    for outside in OUTSIDE:
        if re.search(outside.pattern, row.kernel, re.IGNORECASE):
            return outside.reason
    return NO_FAMILY
