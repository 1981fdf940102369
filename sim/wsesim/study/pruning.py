"""Points that cannot be among the best are left unanswered: a formula says what each is at best, before it is asked.

    all points ─at best─► those that promise most are answered ─► what they beat at its best is pruned ─► the next

A point is pruned only where one that is answered is as good in all that is weighed, and better in some of it, as what
the formula says of it at its best. As nothing is better than that, none that is pruned would be among the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from wsesim.answer import Level
from wsesim.questions.base import Question, bounds_of
from wsesim.study.figures import EFFICIENCY
from wsesim.study.pareto import Costs, Figures, Senses, beats, costs
from wsesim.study.point import PointTask, keeping
from wsesim.study.spec import Study
from wsesim.study.table import TOGETHER, PointRow
from wsesim.workload import Problems

MORE = 4
"""One for so many answered is answered before others are weighed again, however many work, or `TOGETHER` if these are
more. Chosen: more with time, so that workers do not wait."""
BEATEN = "cannot be among the best: another is better than this is at best"
Answer = Callable[[Sequence[PointTask]], Sequence[PointRow]]
"""Answers points, in their order."""


def check_pruned(
    weighed: Sequence[str], kept: Iterable[str], kinds: Sequence[type[Question]], level: Level | None,
    problems: Problems,
) -> None:  # fmt: skip
    """Note why points cannot be pruned: nothing is weighed, or no formula says what of it is at best."""

    def refuse(message: str) -> None:
        problems.add(("prune",), f"prune: {message}", at_key=True)

    if not weighed:
        refuse("no goal is named, so that any point may matter; say which figures under optimize or pareto")
    for kind in kinds:
        bounded, _ = bounds_of(kind)
        if not bounded:
            refuse(f"no formula says what {kind.kind} is at best")
        elif level not in (None, kind.level):
            refuse(f"at level {level} nothing is saved, or no formula says what is at best; leave level out")
        elif unknown := [name for name in weighed if name not in bounded]:
            refuse(f"no formula says what {unknown[0]} of {kind.kind} is at best; it does of {', '.join(bounded)}")
    if EFFICIENCY in kept:
        refuse(f"{EFFICIENCY} is known of all points together only; leave it out of figures")


def pruned(study: Study, tasks: Sequence[PointTask], answer: Answer, reached: list[Figures]) -> dict[int, PointRow]:
    """Return the row of every point, by its number; those that cannot be among the best are not answered and say so.

    Args:
        study: with the figures that points are weighed by.
        tasks: its points.
        answer: answers some of them.
        reached: figures of points that were answered before, to which those of these are added.
    """
    senses = {spec.name: spec.better for spec in study.kept if spec.name in study.pareto}
    bounds = answer([replace(task, bounds=True) for task in tasks])
    at_best = {task.number: row for task, row in zip(tasks, bounds, strict=True)}
    rows, best = dict[int, PointRow](), [costs(figures, senses) for figures in reached]

    def ask(now: Sequence[PointTask]) -> None:
        for task, row in zip(now, answer(now), strict=True):
            rows[task.number] = replace(row, at_best=at_best[task.number].at_best)
            kept = keeping(study, row)
            if kept.sound and (cost := costs(kept.figures, senses)):
                reached.append(kept.figures)
                best.append(cost)

    ask([task for task in tasks if not costs(at_best[task.number].at_best, senses)])
    left = _promising([task for task in tasks if task.number not in rows], at_best, senses)
    while left:
        left, beaten = _split(left, at_best, senses, best)
        rows |= {task.number: replace(at_best[task.number], why=BEATEN) for task in beaten}
        now = left[: max(TOGETHER, len(rows) // MORE)]
        ask(now)
        left = left[len(now) :]
    return rows


def _promising(tasks: Sequence[PointTask], at_best: Mapping[int, PointRow], senses: Senses) -> list[PointTask]:
    """Return points by what they are at best: by their places in the order of each figure, added up."""
    found = {task.number: costs(at_best[task.number].at_best, senses) for task in tasks}
    places = dict.fromkeys(found, 0)
    for figure in range(len(senses)):
        order = sorted({cost[figure] for cost in found.values()})
        place = {cost: number for number, cost in enumerate(order)}
        for number, cost in found.items():
            places[number] += place[cost[figure]]
    return sorted(tasks, key=lambda task: places[task.number])


def _split(
    tasks: Sequence[PointTask], at_best: Mapping[int, PointRow], senses: Senses, best: Sequence[Costs]
) -> tuple[list[PointTask], list[PointTask]]:
    """Return points that may be among the best, and those that cannot."""
    left, beaten = list[PointTask](), list[PointTask]()
    for task in tasks:
        bound = costs(at_best[task.number].at_best, senses)
        (beaten if any(beats(cost, bound) for cost in best) else left).append(task)
    return left, beaten
