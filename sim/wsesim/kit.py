"""All that the author of a kernel imports: `from wsesim import kit`.

    KERNEL = kit.kernel(name="double", doc=__doc__, ..., operands=operands, body=body, meaning=meaning)

`wsesim kernel FILE.py` runs it as it runs kernels that are built in.
"""

from wsesim.cores.isa import ADD, F16, F32, I16, I32, MAC, MAX, MOV, MUL, SUB
from wsesim.cores.kit import exact, replay
from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.line import KernelLine
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import Mem, Register

__all__ = [
    "ADD",
    "F16",
    "F32",
    "I16",
    "I32",
    "MAC",
    "MAX",
    "MOV",
    "MUL",
    "SUB",
    "KernelCore",
    "KernelLine",
    "KernelSetup",
    "Mem",
    "Register",
    "exact",
    "kernel",
    "replay",
]
