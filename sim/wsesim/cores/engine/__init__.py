"""The compiled part: routers, cores and the clock. What it works on is a `State`."""

from wsesim.cores import jit

if jit.COMPILED:
    from wsesim.cores.engine.native import run_code_cycles, run_cycles
else:
    from wsesim.cores.engine.clock import run_cycles
    from wsesim.cores.engine.code_clock import run_code_cycles

__all__ = ["run_code_cycles", "run_cycles"]
