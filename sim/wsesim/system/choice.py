"""The fastest of all ways to lay a step: each is worked out that could be, and what cannot be faster is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from wsesim.answer import DoesNotFit
from wsesim.mapping import StepRequest, floor_from_s, floor_s, misfit, passes_that_fit
from wsesim.system.part import Clock, Way, narrowed, way_of
from wsesim.system.recurrence import time_step


@dataclass(slots=True)
class Search:
    """The two fastest ways so far; of equals, those that compute nothing again, then those in fewer passes."""

    request: StepRequest
    below_s: float = inf
    clock: Clock = time_step
    found: list[Way] = field(default_factory=list)

    @property
    def beaten_s(self) -> float:
        """What a way must not take more than to be of interest."""
        return min(self.below_s, self.found[1].timed.step_s if len(self.found) > 1 else inf)

    def policy(self, *, recompute: bool) -> None:
        """Try every number of passes; the fewest first, as most often they are the fastest."""
        laid: Way | None = None
        for passes in passes_that_fit(self.request, recompute=recompute):
            if laid is not None:
                if floor_from_s(self.request, laid.program, passes) > self.beaten_s:
                    return
                if floor_s(self.request, laid.program, passes) > self.beaten_s:
                    continue
            laid = way_of(self.request, self.clock, passes=passes, recompute=recompute)
            if laid.program.least_s <= self.beaten_s:
                self.found = sorted([*self.found, laid], key=_rank)[:2]

    def begin(self, *, recompute: bool) -> float:
        """Return what the fewest passes take at least: the policy that promises most is tried first."""
        passes = next(iter(passes_that_fit(self.request, recompute=recompute)), None)
        if passes is None:
            return inf
        return way_of(self.request, self.clock, passes=passes, recompute=recompute).program.least_s


def _rank(way: Way) -> tuple[float, bool, int]:
    place = way.program.placement
    return way.timed.step_s, place.recompute, place.passes


def fastest(request: StepRequest, *, below_s: float = inf, clock: Clock = time_step) -> tuple[Way, ...] | DoesNotFit:
    """Return the fastest way to lay a step, and the next best if there is another; or why nothing fits.

    What is found to take more than *below_s* may not be the fastest, and there may be none.
    """
    if problem := misfit(request):
        return problem
    search = Search(request, below_s, clock)
    for recompute in sorted(request.policies, key=lambda policy: search.begin(recompute=policy)):
        search.policy(recompute=recompute)
    return tuple(sorted(map(narrowed, search.found), key=lambda way: way.timed.step_s))
