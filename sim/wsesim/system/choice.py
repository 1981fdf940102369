"""The fastest of all ways to lay a step: each is worked out that could be, and what cannot be faster is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from wsesim.answer import DoesNotFit
from wsesim.mapping import Program, StepRequest, floor_from_s, floor_s, misfit, passes_that_fit
from wsesim.system.part import Way, narrowed, way_of


@dataclass(slots=True)
class Search:
    """The two fastest ways so far."""

    request: StepRequest
    below_s: float = inf
    found: list[Way] = field(default_factory=list)

    @property
    def beaten_s(self) -> float:
        """What a way has to take less than to be of interest."""
        return min(self.below_s, self.found[1].timed.step_s if len(self.found) > 1 else inf)

    def policy(self, *, recompute: bool) -> None:
        """Try every number of passes; the fewest first, as most often they are the fastest."""
        laid: Program | None = None
        for passes in passes_that_fit(self.request, recompute=recompute):
            if laid is not None:
                if floor_from_s(self.request, laid, passes) >= self.beaten_s:
                    return
                if floor_s(self.request, laid, passes) >= self.beaten_s:
                    continue
            way = way_of(self.request, passes=passes, recompute=recompute)
            laid = way.program
            self.found.append(way)
            self.found = sorted(self.found, key=lambda way: way.timed.step_s)[:2]


def fastest(request: StepRequest, *, below_s: float = inf) -> tuple[Way, ...] | DoesNotFit:
    """Return the fastest way to lay a step, and the next best if there is another; or why nothing fits.

    What is found to take *below_s* or more may not be the fastest.
    """
    if problem := misfit(request):
        return problem
    search = Search(request, below_s)
    for recompute in request.policies:
        search.policy(recompute=recompute)
    return tuple(sorted(map(narrowed, search.found), key=lambda way: way.timed.step_s))
