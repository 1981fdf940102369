"""The fastest of all ways to lay a step: each is worked out that could be, and what cannot be faster is left out."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from math import inf, sqrt

from wsesim.answer import DoesNotFit
from wsesim.mapping import (
    Latest,
    Program,
    StepRequest,
    fits,
    floor_from_s,
    floor_s,
    larger_that_fit,
    largest_pass,
    launches_of,
    lay,
    misfit,
    passes_of,
    passes_that_fit,
    size_of,
)
from wsesim.system.part import Clock, Way, narrowed, way_of
from wsesim.system.recurrence import time_step


@dataclass(slots=True)
class Search:
    """The two fastest ways so far; of equals, those that compute nothing again, then those in fewer passes."""

    request: StepRequest
    """With the parts of a layer that are tried."""
    below_s: float = inf
    clock: Clock = time_step
    found: list[Way] = field(default_factory=list)
    ranks: int = 2
    """How many of the fastest are looked for: those that are kept, or what is faster than all of them."""
    alone: bool = False
    """Whether nothing but the fastest is looked for, on whatever part of the wafer: found is then what may be it."""

    @property
    def beaten_s(self) -> float:
        """What a way must not take more than to be of interest."""
        if self.alone:
            return self.below_s
        return min(self.below_s, self.found[self.ranks - 1].timed.step_s if len(self.found) >= self.ranks else inf)

    def policy(self, *, recompute: float) -> int:
        """Try every number of passes, the fewest first, as most often they are the fastest.

        Return the most sequences of a pass that fit.
        """
        laid: Way | None = None
        for passes in passes_that_fit(self.request, recompute=recompute):
            if laid is not None:
                if floor_from_s(self.request, laid.program, passes) > self.beaten_s:
                    break
                if floor_s(self.request, laid.program, passes, fills=not self.alone) > self.beaten_s:
                    continue
            laid = self._tried(passes, recompute)
        return largest_pass(self.request, recompute=recompute)

    def larger(self, most: int, fewer: StepRequest | None = None) -> None:
        """Try passes of more than *most* sequences, which fit if more is computed again; until that is too much.

        But for those that fit in *fewer* parts.
        """
        for passes, recompute in larger_that_fit(self.request, most):
            if self.least_s(self.request.micro_batches, recompute) > self.beaten_s:
                return
            known = fewer is not None and fits(fewer, size_of(fewer, passes), recompute=recompute)
            if not known and self.least_s(passes, recompute) <= self.beaten_s:
                self._tried(passes, recompute)

    def more_parts(self, parts: int) -> None:
        """Try what fits only where layers are worked through in so many parts, if it may be the fastest of all.

        What fits in fewer parts is no slower in them.
        """
        fewer, most = self.request, 0
        self.request, self.ranks = self.request.in_parts(parts), 1
        for recompute in _least_again(self.request):
            most = max(most, self._newly(recompute, largest_pass(fewer, recompute=recompute)))
        self.larger(most, fewer)

    def _newly(self, recompute: float, fitted: int) -> int:
        """Try passes of more sequences than *fitted* in fewer parts; return the most that fit."""
        before = passes_of(self.request, fitted) if fitted else inf
        for passes in passes_that_fit(self.request, recompute=recompute):
            if passes >= before or self.least_s(passes, recompute) > self.beaten_s:
                break
            self._tried(passes, recompute)
        return largest_pass(self.request, recompute=recompute)

    def least_s(self, passes: int, recompute: float) -> float:
        """Return what a step takes at least: to start its kernels, and to compute as in the fewest passes."""
        software = self.request.software
        starts = launches_of(self.request)
        return software.fixed_s + passes * starts * software.kernel_launch_s + self._work_s(recompute)

    def about_s(self, passes: int, recompute: float) -> float:
        """Return what a step takes about, without laying it: to compute, or for weights to come in."""
        laid = self._laid_once(min(1.0, recompute))
        return max(self.least_s(passes, recompute), laid.busy_s()["weights"] * passes / laid.passes)

    def _laid_once(self, recompute: float) -> Program:
        request = self.request.in_parts(1)
        return lay(request, passes=request.micro_batches, recompute=recompute)

    def _work_s(self, recompute: float) -> float:
        """Return what computing takes at least; of layers whose input is not kept each takes as long."""
        most = self.request.policies[-1]
        if recompute > 1:
            once_s, twice_s = self._work_s(1.0), self._worked_s(most)
            return once_s + (twice_s - once_s) * (1 - 1 / recompute) / (1 - 1 / max(most, 2.0))
        return self._worked_s(recompute)

    def _worked_s(self, recompute: float) -> float:
        """Return the same without starting kernels, filling columns and rows, and the last cycle of each kernel."""
        request = self.request
        key = (request.sequences, request.cluster.systems, request.micro_batch, recompute)
        if key not in request.known.works:
            laid = self._laid_once(recompute)
            idle = sum(group.count * (group.fill_cycles + group.calls) for group in laid.groups)
            request.known.works[key] = (
                laid.compute_s - laid.causes["launch"] - idle / laid.cluster.wafer.core.clock_hz
            )  # fmt: skip
        return request.known.works[key]

    def _tried(self, passes: int, recompute: float) -> Way:
        way = way_of(self.request, self.clock, passes=passes, recompute=recompute)
        if self.alone and way.promised_s <= self.below_s:
            self.found.append(way)
        elif not self.alone and way.program.least_s <= self.beaten_s:
            self.found = sorted([*self.found, way], key=_rank)[:2]
        return way

    def begin(self, *, recompute: float) -> float:
        """Return what the fewest passes take at least: the policy that promises most is tried first."""
        passes = next(iter(passes_that_fit(self.request, recompute=recompute)), None)
        if passes is None:
            return inf
        return way_of(self.request, self.clock, passes=passes, recompute=recompute).program.least_s


def _rank(way: Way) -> tuple[float, int, float, int]:
    place = way.program.placement
    return way.timed.step_s, place.parts, place.recompute, place.passes


def _least_again(request: StepRequest) -> list[float]:
    """Return what may be kept where nothing is computed again but the inside of layers."""
    return [kept for kept in request.policies if kept <= 1]


_Found = tuple[Way, ...] | DoesNotFit
_found: Latest[_Found] = Latest(most=8)


def fastest(
    request: StepRequest, *, below_s: float = inf, clock: Clock = time_step, alone: bool = False
) -> _Found:  # fmt: skip
    """Return the fastest way to lay a step, and the next best if there is another; or why nothing fits.

    What is found to take more than *below_s* may not be the fastest, and there may be none. The less is computed again,
    the faster are passes of one size: that of layers whose input is not kept is only tried for what does not fit else.
    So are layers in parts. The fastest *alone* is found sooner.
    """
    who = (request.graph.blocks, request.cluster, request.software)
    key = (*map(id, who), *request.graph.dims.items(), request.sequences, request.length, request.precision,
           request.micro_batch, request.sub_batch, request.recompute, request.parts, request.rows, request.columns,
           below_s, clock, alone)  # fmt: skip
    search = _alone if alone else _searched
    return _found.get(key, who, lambda: search(request, below_s, clock))


def _searched(request: StepRequest, below_s: float, clock: Clock) -> _Found:
    if problem := misfit(request):
        return problem
    found = _gone_through(request, Search(request, below_s, clock))
    return tuple(sorted(map(narrowed, found), key=lambda way: way.timed.step_s))


def _gone_through(request: StepRequest, search: Search) -> list[Way]:
    """Let *search* go through all ways to lay a step; return what it found."""
    fewest, *more = request.counts
    search.request, most = request.in_parts(fewest), 0
    for recompute in sorted(_least_again(request), key=lambda kept: search.begin(recompute=kept)):
        most = max(most, search.policy(recompute=recompute))
    search.larger(most)
    for parts in more:
        search.more_parts(parts)
    return search.found


def _alone(request: StepRequest, below_s: float, clock: Clock) -> _Found:
    """Return the fastest way alone; the one that was the fastest on the wafers asked before says what is too slow.

    Where another is faster yet on a part of the wafer, it is found as if the next best were asked for, too.
    """
    key = (request.sequences, request.cluster.systems, request.micro_batch, request.sub_batch, request.recompute,
           request.parts, request.cluster.wafer.core.sram_bytes, clock)  # fmt: skip
    best, known = request.known.best, request.known.best.get(key)
    if problem := misfit(request):
        return problem
    seed = _promising(request, clock) if known is None else _way_at(request, clock, *known)
    most_s = min(below_s, seed.timed.step_s if seed else inf)
    found = _timed(_gone_through(request, Search(request, most_s, clock, ranks=1, alone=True)), most_s)
    if not found and seed and seed.timed.step_s <= below_s:
        found = [seed]  # its own bound may be above its time by a rounding
    if not found:
        return ()
    first, place = narrowed(found[0]), found[0].program.placement
    others = (way for way in found[1:] if way.timed.step_s - way.saving_s < first.timed.step_s)
    if any(narrowed(way).timed.step_s < first.timed.step_s for way in others):
        return _searched(request, below_s, clock)
    best[key] = place.parts, place.passes, place.recompute
    return (first,)


def least_of_all(request: StepRequest) -> Way | None:
    """Return the way that promises most: no way, however it is played, takes less than its `promised_s`.

    None where nothing fits.
    """
    if misfit(request) or not (seed := _promising(request, time_step)):
        return None
    search = Search(request, seed.promised_s, time_step, ranks=1, alone=True)
    return min((seed, *_gone_through(request, search)), key=lambda way: way.promised_s)


def _timed(ways: list[Way], below_s: float) -> list[Way]:
    """Return those of *ways* that may be the fastest on some part of the wafer, best first; others are not timed."""
    found: list[Way] = []
    for way in sorted(ways, key=lambda way: way.least_s):
        if way.promised_s <= below_s:
            found.append(way)
            below_s = min(below_s, way.timed.step_s)
    return sorted(found, key=_rank)


def _way_at(request: StepRequest, clock: Clock, parts: int, passes: int, recompute: float) -> Way:
    return way_of(request.in_parts(parts), clock, passes=passes, recompute=recompute)


def _promising(request: StepRequest, clock: Clock) -> Way | None:
    """Return a way that promises much: all that are slower need not be looked at.

    Of each number of parts, with the least that is computed again, and where passes are about as large as they may be.
    """
    least: tuple[float, int, int, float] | None = None
    for parts in request.counts:
        search = Search(request.in_parts(parts), clock=clock)
        for recompute in {*_least_again(request), _roomy(search)}:
            if passes := next(passes_that_fit(search.request, recompute=recompute), None):
                promised = search.about_s(passes, recompute), parts, passes, recompute
                least = min(least or promised, promised)
    return _way_at(request, clock, *least[1:]) if least else None


def _roomy(search: Search) -> float:
    """Return the policy that computes least again of those under which the largest passes fit.

    Memory is least where as many inputs are kept as the square root of the layers: with fewer, more layers lie between
    two of them, whose inputs are all there while they are computed again.
    """
    request, policies = search.request, search.request.policies
    root = min(range(len(policies)), key=lambda at: abs(policies[at] - sqrt(policies[-1])))
    size = largest_pass(request, recompute=policies[root])
    least = bisect_left(policies, True, hi=root, key=lambda kept: fits(request, size, recompute=kept))
    return policies[least]
