"""What a run of cores moved and computed, instruction by instruction: bytes of memory, and what costs energy."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa
from wsesim.cores.instruction import Instruction
from wsesim.cores.operands import ELEMENT_BYTES, Mem
from wsesim.hardware import MAC_EVENTS, PORT_BYTES

_ARITHMETIC = {
    isa.F32: MAC_EVENTS["fp32"], isa.I32: MAC_EVENTS["fp32"], isa.F16: MAC_EVENTS["fp16"],
    isa.I16: MAC_EVENTS["fp16"], isa.MIXED: MAC_EVENTS["mixed"],
}  # fmt: skip
"""What an element of each type is computed by; a sum or a product alone counts as a multiply-accumulate."""
_DESCRIBED_BYTES = 4
"""Moved by an access of an operand that the program describes as it runs: a word."""


def bytes_moved(each: Instruction) -> int:
    """Return the bytes of memory that an element of a vector instruction reads and writes."""
    if not each.is_vector:
        return 0
    return sum(ELEMENT_BYTES[each.element(n)] for n, operand in enumerate(each.operands) if isinstance(operand, Mem))


def energy_events(
    instructions: Sequence[Instruction], executed: npt.NDArray[np.int64], described_bytes: int
) -> dict[str, float]:
    """Return accesses of memory and arithmetic by kind, of so many elements that each instruction handled.

    An operand in memory is an access an issue, or as many as ports are wide.
    """
    found = {"sram": described_bytes / _DESCRIBED_BYTES}
    for each, elements in zip(instructions, executed.tolist(), strict=True):
        if not each.is_vector or not elements:
            continue
        assert each.pace is not None, "a vector instruction has a pace"
        lanes = each.pace.rate.per_issue
        found["sram"] += elements / lanes * _accesses(each, lanes)
        if each.op != isa.MOV:
            event = _ARITHMETIC[each.kind]
            found[event] = found.get(event, 0.0) + elements * (2 if each.op == isa.ADD3 else 1)
    return {event: float(count) for event, count in found.items()}


def _accesses(each: Instruction, lanes: int) -> float:
    in_memory = (n for n, operand in enumerate(each.operands) if isinstance(operand, Mem))
    return fsum(max(1.0, lanes * ELEMENT_BYTES[each.element(n)] / PORT_BYTES) for n in in_memory)
