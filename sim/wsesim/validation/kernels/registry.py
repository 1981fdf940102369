"""All families of measured rows, and what keeps the rows of none from being run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsesim.validation.asking import NotAsked, RowQuestion
from wsesim.validation.kernels import models, probes, products, stencils, streams
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

FAMILIES = (*probes.FAMILIES, *stencils.FAMILIES, *streams.FAMILIES, *products.FAMILIES, *models.FAMILIES)
"""The first that matches a row takes it."""


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


def family_of(row: KernelRow) -> KernelFamily | None:
    """Return the family that takes a row, or None."""
    return next((family for family in FAMILIES if family.matches(row)), None)


def ask_row(row: KernelRow) -> RowQuestion:
    """Return the question that a row asks.

    Raises:
        NotAsked: no family takes it, or its family says why it cannot be asked.
    """
    family = family_of(row)
    if family is None:
        raise NotAsked(why_outside(row))
    return family.ask(row)


def why_outside(row: KernelRow) -> str:
    """Return why no family takes a row."""
    for outside in OUTSIDE:
        if re.search(outside.pattern, row.kernel, re.IGNORECASE):
            return outside.reason
    return NO_FAMILY
