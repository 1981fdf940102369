"""A machine that lowers its clock until it draws no more than it is made for: asked again at lower clocks."""

from __future__ import annotations

from dataclasses import replace

from wsesim.answer import Answer, NotAnswered, Outcome, Spent
from wsesim.answer import Level as Levels
from wsesim.questions.base import Asked, Question, Say
from wsesim.units import Dimension, show

CAUSE = "power cap"
"""What a run takes longer as its clock is lowered."""
STEPS, LOWEST = 24, 1 / 64
"""Halvings that a clock is looked for by, and the lowest that is tried, times the machine's own."""


def under_cap(question: Question, found: Outcome, level: Levels, say: Say) -> Outcome:
    """Return what is *found* with the machine's own clock, or what the fastest clock gives at which it may run."""
    energy = question.asked.hardware.cluster.wafer.energy
    if not energy.capped or not isinstance(found, Answer) or not _over(question, found):
        return found
    say("lowering the clock")
    clock_hz = _fastest(question, "system" if level == "cores" else level, say)
    slower = _at(question, clock_hz).solve(level, say) if clock_hz else None
    if not isinstance(slower, Answer):
        made = show(energy.nameplate_w, Dimension.WATTS)
        return NotAnswered(why=f"a system draws more than {made} at any clock (energy.nameplate, energy.capped)")
    return _stretched(found, slower, clock_hz)


def _fastest(question: Question, level: Levels, say: Say) -> float:
    """Return the fastest clock at which a system draws no more than it is made for; 0 where there is none."""
    below, above = LOWEST, 1.0
    own_hz = question.asked.hardware.cluster.wafer.core.clock_hz

    def over(share: float) -> bool:
        answer = _at(question, share * own_hz).solve(level, say)
        return not isinstance(answer, Answer) or _over(question, answer)

    if over(below):
        return 0.0
    for _ in range(STEPS):
        middle = (below * above) ** 0.5
        below, above = (below, middle) if over(middle) else (middle, above)
    return below * own_hz


def _over(question: Question, answer: Answer) -> bool:
    systems = answer.figures.get("wafers") or question.asked.hardware.cluster.systems
    watts = answer.figures.get("power_w")
    return watts is not None and watts / systems > question.asked.hardware.cluster.wafer.energy.nameplate_w


def _at(question: Question, clock_hz: float) -> Question:
    """Return the same question of a machine with another clock, which stays."""
    return type(question).of(_clocked(question.asked, clock_hz))


def _clocked(asked: Asked, clock_hz: float) -> Asked:
    hardware = asked.hardware
    wafer = hardware.cluster.wafer
    wafer = replace(
        wafer, core=replace(wafer.core, clock_hz=clock_hz), energy=replace(wafer.energy, capped=False)
    )  # fmt: skip
    return replace(asked, hardware=replace(hardware, cluster=replace(hardware.cluster, wafer=wafer)))


def _stretched(found: Answer, slower: Answer, clock_hz: float) -> Answer:
    """Return the slower answer with what the lower clock costs as a cause of its own."""
    note = f"The clock is lowered to {show(clock_hz, Dimension.HERTZ)}, at which a system draws what it is made for."
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
