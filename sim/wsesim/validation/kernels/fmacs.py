"""One multiply-accumulate between two readings of the cycle counter, as the vendor's simulator of the WSE-2 ran it.

Source: github.com/pr0f3ss/SpMM_Cerebras, src/fmacs_test. The rows give a class of alignment and not the addresses.
"""

from __future__ import annotations

from wsesim.cores import isa
from wsesim.cores.programs.probes.core import APART_BYTES, SAME_BYTES, Vector, vector_cycles
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

APART = {"slow": SAME_BYTES, "mid": APART_BYTES}
FAST = (
    "taken for an instruction of two lanes that reads one operand, with its descriptors set: a multiply-accumulate has "
    "one lane, and rows of other kernels know no alignment at which it passes two elements a cycle"
)


def matches(row: KernelRow) -> bool:
    """Whether a row is one instruction by itself, counted in cycles."""
    return row.kernel.startswith("isolated fmacs") and row.unit == "cycles"


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run one instruction over n elements whose operands lie as the class says."""
    words = row.algorithm.rpartition("class ")[2].strip("'").split("+")
    alignment, setup_cycles = words[0], wafer.code.vector_setup_cycles
    setup = setup_cycles if "setup" in words[1:] else 0
    length = row.whole("n")
    if alignment == "fast":
        vector = Vector(op=isa.MOV, kind=isa.F32, length=length, apart=APART_BYTES)
        return Prediction(value=vector_cycles(wafer, vector, stamps=True, setup=setup_cycles), note=FAST)
    if alignment not in APART:
        raise NotPredicted(f"no alignment is known as {alignment!r}")
    vector = Vector(op=isa.MAC, kind=isa.F32, length=length, apart=APART[alignment])
    return Prediction(value=vector_cycles(wafer, vector, stamps=True, setup=setup))


FAMILIES = (
    Family(
        name="fmacs",
        title="one fp32 multiply-accumulate over a vector, operands in the same banks or in others",
        matches=matches,
        predict=predict,
        median_goal=0.01,
        worst_goal=0.02,
    ),
)
