"""Vector operations by their builtins: what each computes, on which types, and how many elements it does in a cycle.

Rates are those of the SIMD table of the SDK's appendix, WSE-2 and WSE-3; products of fp32 are those of `hardware`.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.cores import isa

F32, F16, I32, I16 = isa.F32, isa.F16, isa.I32, isa.I16
ELEMENT_WORDS = {F32: 2, I32: 2, F16: 1, I16: 1}


@dataclass(frozen=True, slots=True)
class VectorOperation:
    """A vector operation as the engine knows it."""

    op: int
    """Number in `engine.code_issue`."""
    elements: tuple[int, ...]
    """Types of the elements of destination and sources."""
    lanes: tuple[float, float]
    """Elements per cycle, WSE-2 and WSE-3; 0: the rate of fp32 products."""


def _two(op: int, kind: int, slow: float, fast: float) -> VectorOperation:
    return VectorOperation(op, (kind, kind, kind), (slow, fast))


def _one(op: int, into: int, source: int, slow: float, fast: float) -> VectorOperation:
    return VectorOperation(op, (into, source), (slow, fast))


OPERATIONS: dict[str, VectorOperation] = {
    "mov16": _one(1, I16, I16, 4, 8), "mov32": _one(1, I32, I32, 2, 4),
    "fmovh": _one(1, F16, F16, 4, 8), "fmovs": _one(1, F32, F32, 2, 4),
    "add16": _two(20, I16, 4, 8), "sub16": _two(21, I16, 4, 8), "addc16": _two(31, I16, 1, 8),
    "and16": _two(22, I16, 4, 8), "or16": _two(23, I16, 4, 8), "xor16": _two(24, I16, 4, 8),
    "sll16": _two(25, I16, 1, 4), "slr16": _two(26, I16, 1, 4), "sar16": _two(27, I16, 1, 4),
    "clz": _one(28, I16, I16, 1, 1), "ctz": _one(29, I16, I16, 1, 1), "popcnt": _one(30, I16, I16, 1, 1),
    "faddh": _two(40, F16, 4, 8), "fsubh": _two(41, F16, 4, 8), "fmulh": _two(42, F16, 4, 8),
    "fadds": _two(40, F32, 2, 4), "fsubs": _two(41, F32, 2, 4), "fmuls": _two(42, F32, 0, 0),
    "faddhs": VectorOperation(40, (F32, F16, F32), (2, 4)),
    "fmach": VectorOperation(43, (F16, F16, F16, F16), (4, 8)),
    "fmachs": VectorOperation(43, (F32, F32, F16, F16), (2, 4)),
    "fmacs": VectorOperation(43, (F32, F32, F32, F32), (0, 0)),
    "fmaxh": _two(44, F16, 1, 8), "fmaxs": _two(44, F32, 1, 4),
    "fabsh": _one(45, F16, F16, 4, 8), "fabss": _one(45, F32, F32, 2, 4),
    "fnegh": _one(46, F16, F16, 4, 8), "fnegs": _one(46, F32, F32, 2, 4),
    "fnormh": _one(47, F16, F16, 4, 8), "fnorms": _one(47, F32, F32, 2, 4),
    "fscaleh": VectorOperation(48, (F16, F16, I16), (4, 8)), "fscales": VectorOperation(48, (F32, F32, I16), (2, 4)),
    "fh2s": _one(49, F32, F16, 1, 4), "fs2h": _one(49, F16, F32, 1, 4),
    "fh2xp16": _one(49, I16, F16, 1, 8), "fs2xp16": _one(49, I16, F32, 1, 4),
    "xp162fh": _one(49, F16, I16, 1, 8), "xp162fs": _one(49, F32, I16, 1, 4),
    "dfilt": _one(60, I32, I32, 1, 1),
}  # fmt: skip
ROWS = {name: number for number, name in enumerate(OPERATIONS)}
"""Number of each in the engine's table."""
