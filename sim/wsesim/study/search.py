"""A search for the best points of a study: optuna proposes, and every point is answered as in any study.

Proposals come in rounds of equal size, however many answer them, so that the same seed asks the same points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from wsesim.answer import Number
from wsesim.errors import InputError
from wsesim.study.numbers import Value
from wsesim.study.optimize import OptimizeSection
from wsesim.study.space import Dial, Space
from wsesim.study.spec import Study
from wsesim.study.table import PointRow, SweepTable
from wsesim.units import plural

if TYPE_CHECKING:
    import optuna

ROUND = 8
"""Points that are proposed together."""
TRIES = 4
"""Times the budget that points are proposed at most: some are proposed again."""
Point = tuple[float, ...]
"""How far each dial is turned, from 0 to 1."""
Ask = Callable[[Study], SweepTable]
"""Answers the points of a study that says all of them."""
Tell = Callable[[int, int], None]
"""Told (points done, points in all)."""


def searched(study: Study, ask: Ask, tell: Tell | None = None) -> SweepTable:
    """Return the points that a search asked, in order, beside what the study is without what varies.

    Where there are no more points than the budget, all are asked.

    Raises:
        InputError: optuna is needed and not installed.
    """
    goal, space = study.optimize, study.space
    assert goal is not None, "only a study with a goal is searched"
    assert space is not None, "it has dials"
    (now,) = ask(replace(study, axes=(), optimize=None, prune=False)).rows
    every = space.size is not None and space.size <= goal.budget
    tables = []
    points = list[Point]()
    for proposed, table in _all_of(study, space, ask) if every else _proposed(study, goal, space, ask):
        points += proposed
        tables.append(table)
        if tell is not None:
            tell(len(points), goal.budget)
    words = f"all {plural(len(points), 'point')}" if every else f"{plural(len(points), 'point')}, seed {goal.seed}"
    return SweepTable(
        study=replace(_at(study, space, points), sampled=words, optimize=goal), now=now.figures if now.sound else {},
        rows=tuple(row for table in tables for row in table.rows), known=sum(table.known for table in tables),
        said=tuple(dict.fromkeys(line for table in tables for line in table.said)),
    )  # fmt: skip


def _at(study: Study, space: Space, points: Sequence[Point]) -> Study:
    """Return a study of these points, and of no goal."""
    return replace(study, axes=(space.axis(points),), optimize=None)


def _all_of(study: Study, space: Space, ask: Ask) -> Iterator[tuple[list[Point], SweepTable]]:
    points = list(product(*(_shares(dial) for dial in space.dials)))
    yield points, ask(_at(study, space, points))


def _shares(dial: Dial) -> tuple[float, ...]:
    """Return how far a dial is turned for each of its values."""
    count = dial.choices or 1
    return tuple((place + 0.5) / count for place in range(count))


def _proposed(study: Study, goal: OptimizeSection, space: Space, ask: Ask) -> Iterator[tuple[list[Point], SweepTable]]:
    """Yield the points of each round that were not asked before, with what came out."""
    proposals, known = _Proposals(study, goal, space), dict[tuple[Value, ...], PointRow]()
    for _ in range(-(-TRIES * goal.budget // ROUND)):
        if len(known) == goal.budget:
            return
        trials = [proposals.next() for _ in range(ROUND)]
        keys = [tuple(values.values()) for values in _at(study, space, [point for _, point in trials]).points()]
        new = {key: point for key, (_, point) in zip(keys, trials, strict=True) if key not in known}
        new = dict(list(new.items())[: goal.budget - len(known)])
        if new:
            table = ask(_at(study, space, list(new.values())))
            known |= zip(new, table.rows, strict=True)
            yield list(new.values()), table
        for key, (trial, _) in zip(keys, trials, strict=True):
            if key in known:
                proposals.learn(trial, _told(known[key]))


def _told(row: PointRow) -> Mapping[str, Number | None]:
    """Return what a search learns of a point: of one that was pruned what it is at best, of a wrong one nothing."""
    if row.pruned:
        return {**row.figures, **row.at_best}
    return row.figures if row.sound else dict.fromkeys(row.figures)


class _Proposals:
    """What optuna proposes next, by what it was told."""

    def __init__(self, study: Study, goal: OptimizeSection, space: Space) -> None:
        optuna = _optuna()
        better = {spec.name: spec.better for spec in study.kept}
        self._names, self._space = goal.names, space
        self._study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=goal.seed),
            directions=["minimize" if better[name] == "less" else "maximize" for name in goal.names],
        )

    def next(self) -> tuple[optuna.Trial, Point]:
        """Return a trial, and the point that it is about."""
        trial = self._study.ask()
        return trial, tuple(_turned(trial, str(place), dial) for place, dial in enumerate(self._space.dials))

    def learn(self, trial: optuna.Trial, figures: Mapping[str, float | None]) -> None:
        """Tell what came out; a point without an answer breaks a constraint, whatever its figures would be."""
        found = [figures[name] for name in self._names]
        trial.set_constraint("answered", float(None in found))
        self._study.tell(trial, [0.0 if value is None else float(value) for value in found])


def _turned(trial: optuna.Trial, name: str, dial: Dial) -> float:
    if dial.choices is None:
        return float(trial.suggest_float(name, 0.0, 1.0))
    shares = _shares(dial)
    chosen = (
        trial.suggest_int(name, 0, len(shares) - 1) if dial.ordered
        else trial.suggest_categorical(name, range(len(shares)))
    )  # fmt: skip
    return shares[int(chosen)]


def _optuna() -> optuna:
    try:
        import optuna
    except ImportError:
        raise InputError.at("optimize needs optuna: install wsesim[studies]") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
