"""Joins the stages: workload → graph → placement → simulation → result."""

from __future__ import annotations

from wsesim.pipeline.checking import verify_numbers
from wsesim.pipeline.facts import Progress, build
from wsesim.pipeline.training import place, run_step
from wsesim.result import Result
from wsesim.workload import Workload

__all__ = ["Progress", "build", "place", "run", "verify_numbers"]


def run(workload: Workload, *, verify: bool = True, progress: Progress | None = None) -> Result:
    """Answer *workload*: how long it takes, why, and whether the graph's numbers are right.

    Raises:
        InputError: text or weights that cannot be used (only when verifying), or a trace of requests that cannot.
    """
    if workload.resident:
        from wsesim.pipeline.resident import run_resident

        return run_resident(workload, verify=verify, progress=progress)
    return run_step(workload, verify=verify, progress=progress)
