"""The fastest of all ways to lay a step: each is worked out that could be, and what cannot be faster is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from wsesim.answer import DoesNotFit
from wsesim.mapping import (
    Latest,
    StepRequest,
    floor_from_s,
    floor_s,
    larger_that_fit,
    largest_pass,
    lay,
    misfit,
    passes_that_fit,
)
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

    def policy(self, *, recompute: float) -> int:
        """Try every number of passes, the fewest first, as most often they are the fastest.

        Return the most sequences of a pass that fit.
        """
        laid: Way | None = None
        for passes in passes_that_fit(self.request, recompute=recompute):
            if laid is not None:
                if floor_from_s(self.request, laid.program, passes) > self.beaten_s:
                    break
                if floor_s(self.request, laid.program, passes) > self.beaten_s:
                    continue
            laid = self._tried(passes, recompute)
        return largest_pass(self.request, recompute=recompute)

    def larger(self, most: int) -> None:
        """Try passes of more than *most* sequences, which fit if more is computed again; until that is too much."""
        least_s = self._least_s()
        for passes, recompute in larger_that_fit(self.request, most):
            if least_s(recompute) > self.beaten_s:
                return
            self._tried(passes, recompute)

    def _least_s(self) -> Callable[[float], float]:
        """Return what computing takes at least, by what is kept: in the fewest passes, each layer more as long."""
        most = self.request.policies[-1]
        once_s, twice_s = (
            lay(self.request, passes=self.request.micro_batches, recompute=kept).busy_s()["compute"]
            for kept in (min(most, 1.0), most)
        )
        return lambda kept: once_s + (twice_s - once_s) * (1 - 1 / max(kept, 1.0)) / (1 - 1 / max(most, 2.0))

    def _tried(self, passes: int, recompute: float) -> Way:
        way = way_of(self.request, self.clock, passes=passes, recompute=recompute)
        if way.program.least_s <= self.beaten_s:
            self.found = sorted([*self.found, way], key=_rank)[:2]
        return way

    def begin(self, *, recompute: float) -> float:
        """Return what the fewest passes take at least: the policy that promises most is tried first."""
        passes = next(iter(passes_that_fit(self.request, recompute=recompute)), None)
        if passes is None:
            return inf
        return way_of(self.request, self.clock, passes=passes, recompute=recompute).program.least_s


def _rank(way: Way) -> tuple[float, float, int]:
    place = way.program.placement
    return way.timed.step_s, place.recompute, place.passes


_Found = tuple[Way, ...] | DoesNotFit
_found: Latest[_Found] = Latest(most=8)


def fastest(request: StepRequest, *, below_s: float = inf, clock: Clock = time_step) -> _Found:
    """Return the fastest way to lay a step, and the next best if there is another; or why nothing fits.

    What is found to take more than *below_s* may not be the fastest, and there may be none. The less is computed again,
    the faster are passes of one size: that of layers whose input is not kept is only tried for what does not fit else.
    """
    key = (id(request.known), request.cluster, request.sequences, request.micro_batch, request.sub_batch,
           request.recompute, below_s, clock)  # fmt: skip
    return _found.get(key, request.known, lambda: _searched(request, below_s, clock))


def _searched(request: StepRequest, below_s: float, clock: Clock) -> _Found:
    if problem := misfit(request):
        return problem
    search, most = Search(request, below_s, clock), 0
    least = [kept for kept in request.policies if kept <= 1]
    for recompute in sorted(least, key=lambda kept: search.begin(recompute=kept)):
        most = max(most, search.policy(recompute=recompute))
    search.larger(most)
    return tuple(sorted(map(narrowed, search.found), key=lambda way: way.timed.step_s))
