"""What a sweep found, in sentences: what is best, how a search came there, and what most time goes to where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from wsesim.answer import Number
from wsesim.answers import text
from wsesim.answers.causes import known
from wsesim.study.table import PointRow, SweepTable, values_shown
from wsesim.units import plural

MOST_TOLD = 12
"""Settings of the best points that are told in a sentence; the files have all."""
MOST_RUNS = 5
"""Stretches of an axis that are told one by one."""


def findings(table: SweepTable) -> tuple[str, ...]:
    """Return what was found, in sentences."""
    return tuple(sentence for sentence in (_best(table), _way(table), _causes(table)) if sentence)


def better(table: SweepTable, name: str) -> str:
    """Return which way a figure that is kept is better: `less` or `more`."""
    return next(str(spec.better) for spec in table.study.kept if spec.name == name)


def best_so_far(table: SweepTable) -> list[Number | None]:
    """Return the best of the first figure that is searched for, up to each point."""
    name, best, found = table.study.pareto[0], None, list[Number | None]()
    for row in table.rows:
        value = row.figures[name]
        if value is not None and (best is None or (value < best) == (better(table, name) == "less")):
            best = value
        found.append(best)
    return found


def named(table: SweepTable, row: PointRow) -> str:
    """Return a point in words: `cluster.systems = 4, precision = fp16`."""
    shown = table.study.shown
    pairs = zip(shown, values_shown(row, shown), strict=True)
    return ", ".join(f"{parameter.name} = {value}" for parameter, value in pairs)


def _best(table: SweepTable) -> str:
    weighed, best = table.study.pareto, table.best()
    if not best:
        return ""
    points = [named(table, table.rows[place]) for place in best[: max(1, MOST_TOLD // len(table.study.shown))]]
    if len(weighed) == 1:
        return f"Best of {table.study.sampled}: {points[0]}. {_told(table, weighed[0], best[0])}"
    more = f"; and {len(best) - len(points)} more" if len(best) > len(points) else ""
    return f"No other beats in {', '.join(weighed)}: {'; '.join([f'{points[0]} (the knee)', *points[1:]])}{more}."


def _told(table: SweepTable, name: str, place: int) -> str:
    """Say what the best comes to, beside the question as it stands."""
    value, now = table.rows[place].figures[name], table.now.get(name)
    label = next(text.label(spec) for spec in table.study.kept if spec.name == name)
    said = f"{label[0].upper()}{label[1:]}: {text.shown(name, value)}"
    if value is None or not now:
        return f"{said}."
    moved = text.signed_percent(value / now - 1)
    return f"{said}, {moved} beside {text.shown(name, now)} of the question as it stands."


def _way(table: SweepTable) -> str:
    """Say when a search found its best, and whether it was still finding better."""
    if table.study.optimize is None or len(table.study.pareto) > 1:
        return ""
    so_far = best_so_far(table)
    last, half = so_far[-1], so_far[len(so_far) // 2 - 1]
    if last is None or len(so_far) < 2:
        return ""
    gain = "found the first" if not half else f"brought {text.signed_percent(last / half - 1)}"
    return f"The best is point {so_far.index(last) + 1:,} of {len(so_far):,}; the second half of the points {gain}."


def _causes(table: SweepTable) -> str:
    """Say what most time goes to: along one axis from where to where, else at how many points."""
    rows = [row for row in table.rows if row.most_time_on]
    counts = Counter(row.most_time_on for row in rows)
    if len(rows) < 2:
        return ""
    words = {name: cause.label for name, cause in known(counts).items()}
    if len(counts) == 1:
        return f"Most time goes to {words[rows[0].most_time_on]} at every point."
    runs = list(_runs(table, rows)) if len(table.study.axes) == 1 and not table.study.sampled else []
    if 1 < len(runs) <= MOST_RUNS:
        return f"Most time goes to {', '.join(f'{words[cause]} from {first} on' for cause, first in runs)}."
    told = ", ".join(f"{words[name]} at {count:,}" for name, count in counts.most_common())
    return f"Most time goes to {told} of {plural(len(rows), 'point')}."


def _runs(table: SweepTable, rows: Sequence[PointRow]) -> Iterator[tuple[str, str]]:
    for cause, along in groupby(rows, key=lambda row: row.most_time_on):
        yield cause, named(table, next(along))
