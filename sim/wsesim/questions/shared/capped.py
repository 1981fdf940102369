"""A machine that lowers its clock until it draws no more than it is made for: asked again at lower clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import fsum, inf
from typing import Any

from wsesim.answer import Answer, NotAnswered, Outcome, Spent
from wsesim.answer import Level as Levels
from wsesim.hardware import CLOCKS, Cluster, Wafer
from wsesim.questions.base import Asked, Outlined, Question, Sketchable, silent
from wsesim.questions.shared.power import Power
from wsesim.software import Inference, Training
from wsesim.units import Dimension, show

Stack = Training | Inference
Again = Callable[[Cluster, Any], Mapping[str, float]]
"""Seconds by cause at the same placement, with other figures of the machine and of the software that runs on it."""
PowerOf = Callable[[Cluster, Any], Power]
"""What is drawn meanwhile."""

CAUSE = "power cap"
"""What a run takes longer as its clock is lowered."""
NEAR = 1e-3
"""Share of what a system is made for that a clock may leave unused: each that is tried is a question of its own."""
MOST_TRIED = 24


UNKNOWN = "No power is known of this answer, so that the cap on it (energy.capped) lowers no clock."
OTHERS = "What else is named is timed at that clock, too."
"""What would be faster may draw more: it is not asked under the cap of its own."""


def under_cap(question: Question, found: Outcome, level: Levels, again: Callable[[Question], Outcome]) -> Outcome:
    """Return what is *found* with the machine's own clock, or *again* with the fastest that it may have."""
    wafer = question.asked.hardware.cluster.wafer
    if not wafer.energy.capped or not isinstance(found, Answer):
        return found
    watts, made = _system_w(question, found), show(wafer.energy.nameplate_w, Dimension.WATTS)
    if watts is None and wafer.core.clock_hz <= _known_hz(wafer)[1]:
        return replace(found, notes=(*found.notes, UNKNOWN))
    if watts is not None and watts <= wafer.energy.nameplate_w:
        draws = f"A system draws {show(watts, Dimension.WATTS)}, no more than the {made} it is made for"
        return replace(found, notes=(*found.notes, f"{draws}: its clock stays. {OTHERS}"))
    clock_hz = _fastest(wafer, _drawn_by(question, "system" if level == "cores" else level))
    slower = again(_at(question, clock_hz)) if clock_hz else None
    if not isinstance(slower, Answer):
        return NotAnswered(why=f"a system draws more than {made} at any clock (energy.nameplate, energy.capped)")
    return _stretched(found, slower, clock_hz, fastest_known=clock_hz == _known_hz(wafer)[1])


def _known_hz(wafer: Wafer) -> tuple[float, float]:
    """Return the slowest and the fastest clock that power is known at."""
    slowest, fastest = CLOCKS
    return slowest * wafer.energy.clock_hz, fastest * wafer.energy.clock_hz


def sketched(question: Question, level: Levels) -> Outcome:
    """Return an answer in figures alone, of a kind that has it."""
    return question.sketch(level) if isinstance(question, Sketchable) else question.solve(level, silent)


def outlined(question: Question, level: Levels) -> Outcome:
    """Return an answer in figures, facts and ops, of a kind that has it."""
    return question.outline(level) if isinstance(question, Outlined) else question.solve(level, silent)


def again_under_cap(again: Again, power: PowerOf) -> Again:
    """Return *again* with what a cap on power adds: a better figure may draw more, and so lower the clock further.

    Each machine has the fastest clock that keeps the cap, or the slowest that power is known at where none does.
    """

    def slowed(cluster: Cluster, software: Stack) -> Mapping[str, float]:
        def drawn_w(clock_hz: float) -> float:
            found = power(_at_clock(cluster, clock_hz), software)
            return inf if found.unsourced else found.total_w / found.wafers

        own, wafer = again(cluster, software), cluster.wafer
        clock_hz = _fastest(wafer, drawn_w) or _known_hz(wafer)[0]
        if clock_hz >= wafer.core.clock_hz:
            return own
        then = again(_at_clock(cluster, clock_hz), software)
        return {**own, CAUSE: fsum(then.values()) - fsum(own.values())}

    return slowed


def _fastest(wafer: Wafer, drawn_w: Callable[[float], float]) -> float:
    """Return a clock as fast as may be at which a system draws no more than it is made for; 0 where there is none.

    Power goes nearly straight with the clock between the slowest that it is known at and the machine's own.

    Args:
        wafer: with the machine's own clock.
        drawn_w: by clock, watts of one of the systems in use.
    """
    most_w, (low, high) = wafer.energy.nameplate_w, _known_hz(wafer)
    high = min(high, wafer.core.clock_hz)
    low_w, high_w = drawn_w(low), drawn_w(high)
    if high_w <= most_w:
        return high
    if low >= high or low_w > most_w:
        return 0.0
    for _ in range(MOST_TRIED):
        if low_w >= (1 - NEAR) * most_w:
            break
        middle = low + (high - low) * ((1 - NEAR / 2) * most_w - low_w) / (high_w - low_w)
        watts = drawn_w(middle)
        low, low_w, high, high_w = (low, low_w, middle, watts) if watts > most_w else (middle, watts, high, high_w)
    return low


def _drawn_by(question: Question, level: Levels) -> Callable[[float], float]:
    """Return what one of the systems in use draws, by clock, each as is best for it."""

    def drawn_w(clock_hz: float) -> float:
        answer = sketched(_at(question, clock_hz), level)
        return (_system_w(question, answer) or inf) if isinstance(answer, Answer) else inf

    return drawn_w


def _system_w(question: Question, answer: Answer) -> float | None:
    """Return what one of the systems in use draws; None where it is not known."""
    systems, watts = answer.figures.get("wafers"), answer.figures.get("power_w")
    return None if watts is None else watts / (systems or question.asked.hardware.cluster.systems)


def _at(question: Question, clock_hz: float) -> Question:
    """Return the same question of a machine with another clock, which stays."""
    return type(question).of(_clocked(question.asked, clock_hz))


def _clocked(asked: Asked, clock_hz: float) -> Asked:
    return replace(asked, hardware=replace(asked.hardware, cluster=_at_clock(asked.hardware.cluster, clock_hz)))


def _at_clock(cluster: Cluster, clock_hz: float) -> Cluster:
    wafer = cluster.wafer
    core, energy = replace(wafer.core, clock_hz=clock_hz), replace(wafer.energy, capped=False)
    return replace(cluster, wafer=replace(wafer, core=core, energy=energy))


def _stretched(found: Answer, slower: Answer, clock_hz: float, *, fastest_known: bool) -> Answer:
    """Return the slower answer with what the lower clock costs as a cause of its own."""
    why = "the fastest that power is known at" if fastest_known else "at which a system draws what it is made for"
    note = f"The clock is lowered to {show(clock_hz, Dimension.HERTZ)}, {why}. {OTHERS}"
    answer = replace(slower, notes=(*slower.notes, note))
    own, then = found.spent, slower.spent
    if own is None or then is None or then.total_s <= own.total_s:
        return answer
    by_cause = {**own.by_cause, CAUSE: then.total_s - own.total_s}
    spent = Spent(total_s=then.total_s, by_cause=by_cause, what=then.what)
    bound = found.bound
    if bound is not None:
        bound = replace(bound, gap={**bound.gap, CAUSE: then.total_s - own.total_s})
    return replace(answer, spent=spent, bound=bound, figures={**answer.figures, **_bound_figure(found)})


def _bound_figure(found: Answer) -> dict[str, float]:
    return {"bound_s": found.bound.seconds} if found.bound is not None else {}
