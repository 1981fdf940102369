"""Play a program and say how long the step took and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import simpy

from wsesim.answer import Interval
from wsesim.mapping import Program
from wsesim.system.fold import Folder
from wsesim.system.machine import Machine
from wsesim.system.recorder import Recorder


class CountingEnvironment(simpy.Environment):
    """An environment that counts its events."""

    events = 0

    def step(self) -> None:
        """Process one event."""
        self.events += 1
        super().step()


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One training step, played."""

    step_s: float
    seconds: Mapping[tuple[str, str], float]
    """By (track, cause); the wafer's add up to `step_s`."""
    moved: Mapping[str, float]
    """Bytes of weights in and gradients out, of one wafer."""
    intervals: tuple[Interval, ...]
    events: int


def play(program: Program, *, fold: bool = True) -> Played:
    """Simulate one training step.

    With `fold`, one wafer stands for all and equal layers and passes are counted, not played; without, every wafer,
    layer and pass is played. Both give the same figures.
    """
    env, recorder = CountingEnvironment(), Recorder()
    machine = Machine(env, program, recorder, wafers=1 if fold else program.wafers)
    if fold:
        machine.at_boundary = Folder(machine).at_boundary
    updated = machine.run()
    fixed = program.software.fixed_s
    recorder.spent("wafer", "update", machine.computed, updated, name="wait for update")
    recorder.spent("wafer", "step", updated, updated + fixed, name="step overhead")
    intervals = sorted(recorder.intervals, key=lambda interval: (interval.start_s, interval.track))
    return Played(
        step_s=updated + fixed + recorder.offset,
        seconds=dict(recorder.totals),
        moved=dict(recorder.moved),
        intervals=tuple(intervals),
        events=env.events,
    )
