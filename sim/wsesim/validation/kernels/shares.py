"""Which part of a vector instruction's time memory limits, so that silicon's factor of memory holds for it."""

from __future__ import annotations

from wsesim.cores import isa
from wsesim.cores.operands import Operand
from wsesim.cores.rates import rate_of
from wsesim.hardware import Wafer


def vector_shares(wafer: Wafer, op: int, kind: int, *operands: Operand, collide: bool = False) -> dict[str, float]:
    """Return the shares of an instruction on *operands*, the destination first, while it runs.

    Moves are all memory. Of other instructions, memory has the cycles of an issue beyond the one in which the datapath
    works; cycles lost to reads that *collide* are of neither, and are not slower on silicon.
    """
    rate = rate_of(wafer.core, op, kind, operands)
    issue = max(rate.cycles, rate.slow_cycles) if collide else rate.cycles
    if op == isa.MOV:
        return {"memory": 1.0}
    if issue == 1:
        return {"arithmetic every cycle": 1.0}
    return {"memory": (rate.cycles - 1) / issue, "arithmetic": 1 / issue}
