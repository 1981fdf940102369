"""What a placement is chosen for: the lengths that are really asked, timed by the plan itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import SpecError, require_not_negative, require_positive
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest

Cycles = TypeVar("Cycles", float, NDArray[np.float64])
"""A number of cycles or seconds, or an array of them."""
MOST_SLOTS = 4096
"""Sequences that are held at once at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGoal:
    """Prompts to read and tokens to write, whose seconds a placement is to make least.

    Raises:
        SpecError: on construction, for lengths that cannot be.
    """

    prompt: int = 0
    """Tokens of a prompt; 0: none is read."""
    reused: int = 0
    """Of them, those cached already."""
    prompts: int = 1
    """Read one behind the other."""
    position: int = 1
    """Tokens cached when one is written, the mean."""
    batch: int = 1
    """Sequences that each write a token."""
    passes: float = 0.0
    """Tokens that each writes; 0: none."""
    guesses: int = 0
    """Tokens that a small model guesses before each pass, which checks them all."""
    guess_cost: float = 0.0
    """Of one guess, as a share of a token."""
    streams: bool = False
    """Whether there are always more requests: then tokens take what the pipeline is taken for, and so do prompts."""
    drains: bool = False
    """Whether tokens wait all the same until a prompt has passed all stages."""

    def __post_init__(self) -> None:
        require_positive(prompts=self.prompts, position=self.position, batch=self.batch)
        require_not_negative(prompt=self.prompt, passes=self.passes, guesses=self.guesses, guess_cost=self.guess_cost)
        if not 0 <= self.reused <= max(0, self.prompt - 1):
            raise SpecError("reused", f"must be from 0 to {max(0, self.prompt - 1)}, got {self.reused}")
        if not self.prompt and not self.passes:
            raise SpecError("prompt", "or passes must be positive: a placement is chosen for some work")

    @classmethod
    def half(cls, positions: int, *, batch: int = 1, writes: bool = True) -> PlanGoal:
        """Return the goal where nothing is said: half the cache is read, half is written."""
        half = max(1, positions // 2)
        return cls(prompt=half, position=half, batch=batch, passes=half if writes else 0)

    def __call__(self, plan: ResidentPlan) -> float:
        """Return the seconds that all copies of *plan* take for the work; of a stream the mean of a request."""
        if self.streams:
            return (self.reading_s(plan) + self.writing_s(plan)) / plan.replicas
        share = self.of_copy(plan.replicas)
        return share.reading_s(plan) + share.writing_s(plan)

    def reading_s(self, plan: ResidentPlan) -> float:
        """Return the seconds of all prompts; of a stream for how long one keeps the pipeline from others."""
        if not self.prompt:
            return 0.0
        if self.enters:
            return plan.prefill(self.prompt, reused=self.reused).interval_cycles / plan.clock_hz
        return plan.prompts(self.prompts, self.prompt, reused=self.reused).seconds

    def writing_s(self, plan: ResidentPlan) -> float:
        """Return the seconds of all tokens; of a stream those of one request's."""
        if not self.passes:
            return 0.0
        if not self.streams:
            token = plan.decode(self.position, batch=self.batch, checks=self.checks)
            return self.passes * self.guessed(token.seconds, token.interval_cycles / plan.clock_hz)
        interval_s, token = plan.interval_s(self.position), plan.decode(self.position)
        alone_s = self.guessed(token.seconds, token.interval_cycles / plan.clock_hz)
        return self.passes * max((1 + self.guesses) * interval_s, alone_s / self.slots(plan.request))

    @property
    def enters(self) -> bool:
        """Whether a prompt takes only what it keeps the pipeline from others."""
        return self.streams and not self.drains

    @property
    def checks(self) -> float:
        """Tokens that follow one at the interval of the pipeline, for each time it passes all stages."""
        return self.guesses / (1 + self.guesses * self.guess_cost)

    def guessed(self, token: Cycles, interval: Cycles) -> Cycles:
        """Return what a token takes with guesses before it, whose checks follow it at an interval."""
        return (1 + self.guesses * self.guess_cost) * token + self.guesses * interval

    def slots(self, request: ResidentRequest) -> int:
        """Return how many sequences as long as these the cache of one copy of a request has room for at once."""
        longest, mean = request.positions, min(request.positions, self.prompt + round(self.passes))
        return max(request.batch, min(MOST_SLOTS, request.batch * longest // mean))

    def of_copy(self, replicas: int) -> PlanGoal:
        """Return what one of so many copies does: its share of prompts and sequences."""
        return replace(self, prompts=-(-self.prompts // replicas), batch=-(-self.batch // replicas))
