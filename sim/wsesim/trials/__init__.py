"""Trials: ops of a placement run on simulated cores, each core with what it holds there, on fewer of them.

trial      a core program on a small rectangle, and what the closed form says of the same
streamed   ops of weight streaming as trials
resident   ops of inference with resident weights
causes     why the cores say something else
step       a whole step of training of a small model, op after op, held to the executor
"""

from wsesim.trials.causes import WHOLE, extra_cycles
from wsesim.trials.resident import ResidentTile, parts_of, resident_trials
from wsesim.trials.step import OpOnCores, StepOnCores, step_on_cores
from wsesim.trials.streamed import Streamed, streamed
from wsesim.trials.trial import NO_PROGRAM, Trial, Tried, compile_engine, first_that_runs

__all__ = [
    "NO_PROGRAM",
    "WHOLE",
    "OpOnCores",
    "ResidentTile",
    "StepOnCores",
    "Streamed",
    "Trial",
    "Tried",
    "compile_engine",
    "extra_cycles",
    "first_that_runs",
    "parts_of",
    "resident_trials",
    "step_on_cores",
    "streamed",
]
