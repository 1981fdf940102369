"""From a question to a result, at one level or at all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import fsum

from wsesim.answer import LEVELS, Answer, Comparison, Difference, Level, NotAnswered, Outcome, Result
from wsesim.errors import InputError, NotModelled, OutOfReach, nearest
from wsesim.questions.asserting import broken
from wsesim.questions.base import Held, Outlined, Question, Say, Sketchable, silent
from wsesim.questions.shared.facts import cost_since, nearest_of, provenance_of
from wsesim.questions.shared.numbers import verified_if_possible

Tell = Callable[[int, int, str], None]
"""Told (done, of, what is done now)."""
REST = "what overlaps otherwise"
SMALLEST_SHARE = 1e-9
"""Of a difference, below which a cause is rounding."""


def run(
    question: Question, *, level: Level | None = None, verify: bool = True, explain: bool = False, say: Say = silent
) -> Result:  # fmt: skip
    """Answer *question* at *level* (default: the kind's own); if it fits, check its numbers and *explain* its time.

    Raises:
        InputError: a file that the question names cannot be used.
    """
    started = time.process_time()
    outcome = solve(question, level or question.level, say)
    answered = isinstance(outcome, Answer)
    if explain and isinstance(outcome, Answer) and isinstance(question, Held):
        say("asking what holds it")
        outcome = replace(outcome, limits=question.limits(outcome.level))
    cost = cost_since(started, outcome.events if isinstance(outcome, Answer) else 0)
    before = time.process_time()
    checked, notes = verified_if_possible(question, say) if verify and answered else (None, ())
    if checked is not None:
        cost = replace(cost, verification_cpu_s=time.process_time() - before)
    if verify and not answered and question.asked.model is not None:
        notes = ("Not verified: there is no answer.",)
    unkept = tuple(broken(question, outcome))
    notes = (*unkept, *question.asked.notes, *notes)
    return Result(
        name=question.asked.name, title=question.title, kind=question.kind, specs=question.figures, outcome=outcome,
        verification=checked, provenance=provenance_of(question),
        nearest=nearest_of(question, outcome) if isinstance(outcome, Answer) else None, cost=cost, notes=notes,
        broken=unkept,
    )  # fmt: skip


def solve(question: Question, level: Level, say: Say = silent) -> Outcome:
    """Answer *question* at *level*; what is not modelled, or too large for this computer, is an outcome, too."""
    try:
        return question.solve(level, say)
    except (NotModelled, OutOfReach) as error:
        return NotAnswered(why=str(error))


def sketch(question: Question, level: Level | None = None) -> Outcome:
    """Answer *question* as `solve` does, without what only a reader of one answer wants, where its kind can."""
    wanted = level or question.level
    try:
        return question.sketch(wanted) if isinstance(question, Sketchable) else question.solve(wanted, silent)
    except (NotModelled, OutOfReach) as error:
        return NotAnswered(why=str(error))


def outline(question: Question, level: Level | None = None) -> Outcome:
    """Answer *question* as `sketch` does, with its facts and ops, where its kind can."""
    wanted = level or question.level
    try:
        return question.outline(wanted) if isinstance(question, Outlined) else question.solve(wanted, silent)
    except (NotModelled, OutOfReach) as error:
        return NotAnswered(why=str(error))


def untold(done: int, total: int, now: str) -> None:
    """Report nothing."""


def compare(question: Question, levels: Sequence[Level] = LEVELS, *, tell: Tell = untold) -> Comparison:
    """Answer *question* at *levels*, and say why each differs from the one before.

    Raises:
        InputError: a file that the question names cannot be read.
    """
    outcomes: dict[Level, Outcome] = {}
    cpu_s: dict[Level, float] = {}
    for number, level in enumerate(level for level in LEVELS if level in levels):
        tell(number, len(levels), level)
        started = time.process_time()
        outcomes[level] = solve(question, level, partial(tell, number, len(levels)))
        cpu_s[level] = time.process_time() - started
    answers = [found for found in outcomes.values() if isinstance(found, Answer)]
    differences = tuple(found for pair in pairwise(answers) for found in _differences(*pair))
    return Comparison(
        name=question.asked.name, title=question.title, kind=question.kind, specs=question.figures, outcomes=outcomes,
        differences=differences, notes=(question.supported, *question.asked.notes), cpu_s=cpu_s,
    )  # fmt: skip


def _differences(coarse: Answer, fine: Answer) -> list[Difference]:
    """Return why two levels differ: by the reasons the finer one gives, else by where the time goes."""
    figures = list(dict.fromkeys(reason.figure for reason in fine.reasons))
    if not figures and coarse.spent and fine.spent:
        causes = dict.fromkeys((*fine.spent.by_cause, *coarse.spent.by_cause))
        parts = {cause: fine.spent.by_cause.get(cause, 0.0) - coarse.spent.by_cause.get(cause, 0.0) for cause in causes}
        whole = [name for name, value in fine.figures.items() if value == fine.spent.total_s]
        return [_difference(coarse, fine, figure, parts) for figure in whole[:1]]
    found = []
    for figure in figures:
        before, after = coarse.figures.get(figure), fine.figures.get(figure)
        if before is None or after is None:
            continue
        parts = {reason.cause: reason.seconds for reason in fine.reasons if reason.figure == figure}
        parts[REST] = after - before - fsum(parts.values())
        found.append(_difference(coarse, fine, figure, parts))
    return found


def _difference(coarse: Answer, fine: Answer, figure: str, parts: dict[str, float]) -> Difference:
    least = SMALLEST_SHARE * max((abs(seconds) for seconds in parts.values()), default=0.0)
    shown = sorted((part for part in parts.items() if abs(part[1]) > least), key=lambda part: -part[1])
    return Difference(coarse=coarse.level, fine=fine.level, figure=figure, causes=tuple(shown))


def require_level(level: str) -> Level:
    """Return a level by its name.

    Raises:
        InputError: there is none; names the nearest.
    """
    for known in LEVELS:
        if known == level:
            return known
    raise InputError.at(f"--level must be one of {', '.join(LEVELS)}; got {level!r}{nearest(level, LEVELS)}")
