"""The front door: what `import wsesim` offers a program, a function for each command, named as files name things.

path | mapping | Question, settings ─load─► Question ─┬─ run, kernel ──► Result
                                                      ├─ levels ───────► Comparison
                                                      ├─ verify ───────► Verification
                                                      ├─ sweep ────────► SweepTable
                                                      ├─ sensitivity ──► Sensitivity
                                                      ├─ indices ──────► Indices
                                                      ├─ size ─────────► Sizing
                                                      └─ compare ──────► SideBySide
"""

from wsesim.front.asking import kernel, levels, run, show, verify
from wsesim.front.listing import Listing, machines, models, stacks
from wsesim.front.loading import load
from wsesim.front.parts import Machine, Model, Software
from wsesim.front.studies import compare, indices, sensitivity, size, sweep

__all__ = [
    "Listing",
    "Machine",
    "Model",
    "Software",
    "compare",
    "indices",
    "kernel",
    "levels",
    "load",
    "machines",
    "models",
    "run",
    "sensitivity",
    "show",
    "size",
    "stacks",
    "sweep",
    "verify",
]
