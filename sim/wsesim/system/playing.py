"""Play a program and say how long the step took and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import simpy

from wsesim.answer import Interval
from wsesim.mapping import Program
from wsesim.system.fold import Folder
from wsesim.system.machine import PlayedMachine
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
    """A step like all that follow it, played."""

    step_s: float
    """From the end of the step before to its own."""
    first_s: float
    """The first step, before which nothing is prepared."""
    tail_s: float
    """From the end of a step to the last update of its weights, if no other follows."""
    seconds: Mapping[tuple[str, str], float]
    """By (track, cause), for this step; the wafer's add up to `step_s`."""
    moved: Mapping[str, float]
    """Bytes of weights in and gradients out, of one wafer."""
    intervals: tuple[Interval, ...]
    """From the end of the step before to its own, whatever step they are for."""
    events: int


def play(program: Program, *, fold: bool = True) -> Played:
    """Simulate steps until they repeat, and return the last.

    With `fold`, one wafer stands for all and equal layers and passes are counted, not played; without, every wafer,
    layer and pass is played. Both give the same figures.
    """
    env, recorder = CountingEnvironment(), Recorder()
    machine = PlayedMachine(env, program, recorder, wafers=1 if fold else program.wafers)
    if fold:
        machine.at_boundary = Folder(machine).at_boundary
    updated, ended = machine.run(), machine.ended
    before = ended[-2] if len(ended) > 1 else 0.0
    seconds, moved = recorder.of_step(len(ended) - 1)
    return Played(
        step_s=ended[-1] - before,
        first_s=ended[0],
        tail_s=max(0.0, updated - ended[-1]),
        seconds=seconds,
        moved=moved,
        intervals=recorder.between(before, ended[-1]),
        events=env.events,
    )
