"""The terms of a closed form: how much of its cycles comes from which figures of the machine.

A closed form adds up cycles of the machine, times how often they occur, and takes the greater of two where parts work
side by side. It is calculated once more with numbers that remember which figure they come from; so every closed form
has its terms, and nobody writes them down beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import fsum

from wsesim.cores.kit.base import KernelCase
from wsesim.cores.kit.named import BANKS, HOPS, LAUNCHES, RAMPS, SCALARS, STARTS, STREAMING, named

ELEMENTS = "elements"
"""Issues of instructions: what no other figure accounts for."""
TERMS: Mapping[str, tuple[str, ...]] = {
    "compute": (ELEMENTS, STREAMING),
    "banks": (BANKS,),
    "launch": (STARTS, LAUNCHES, SCALARS),
    "on the way": (HOPS, RAMPS),
}
"""Terms by the cause, of `path.PATH_CAUSES`, to which such cycles go on cores."""
_NOTHING = 1e-6


def closed_terms(case: KernelCase) -> dict[str, float]:
    """Return the cycles of a closed form by term: those that are not nothing; together they are all.

    Raises:
        InputError: as the closed form does.
    """
    cycles = replace(case, wafer=named(case.wafer)).closed()
    parts: Mapping[str, float] = getattr(cycles, "parts", {})
    found = {ELEMENTS: float(cycles) - fsum(parts.values()), **parts}
    terms = (term for terms in TERMS.values() for term in terms)
    return {term: found[term] for term in terms if abs(found.get(term, 0.0)) > _NOTHING}
