"""The compiled part: routers, cores and the clock. What it works on is a `State`."""

from wsesim.cores.engine.clock import run_cycles

__all__ = ["run_cycles"]
