"""What a sweep found, in sentences: what is best, how a search came there, and what most time goes to where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from wsesim.answer import Number
from wsesim.answers import text
from wsesim.answers.causes import known
from wsesim.study.spec import Parameter
from wsesim.study.table import PointRow, SweepTable, values_shown
from wsesim.units import plural

MOST_TOLD = 12
"""Settings of the best points that are told in a sentence; the files have all."""
NEAR, APART = 0.05, 0.01
"""Shares by which a figure is as good as its best, and by which it is worse beyond doubt."""
MOST_RUNS = 5
"""Stretches of an axis that are told one by one."""


def findings(table: SweepTable) -> tuple[str, ...]:
    """Return what was found, in sentences."""
    told = (_constant(table), _best(table), _way(table), _bend(table), _causes(table))
    return tuple(sentence for sentence in told if sentence)


def _constant(table: SweepTable) -> str:
    """Say which settings that vary have one value, so that nothing is learned of them."""
    names = [each.name for each in table.study.shown if len(each.values) == 1 and not table.study.sampled]
    return f"One value only: {', '.join(names)}. What that does, no other point tells." if names else ""


def better(table: SweepTable, name: str) -> str:
    """Return which way a figure that is kept is better: `less` or `more`."""
    return next(str(spec.better) for spec in table.study.kept if spec.name == name)


def best_so_far(table: SweepTable) -> list[Number | None]:
    """Return the best of the first figure that is searched for, up to each point."""
    name, best, found = table.study.pareto[0], None, list[Number | None]()
    for row in table.rows:
        value = row.figures[name] if row.sound else None
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
        every = table.study.sampled or plural(len(table.rows), "point")
        return f"Best of {every}: {points[0]}. {_told(table, weighed[0], best[0])}"
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


def _bend(table: SweepTable) -> str:
    """Say where along one axis a figure is best, or from where on more no longer pays."""
    study = table.study
    spec = next((spec for spec in study.kept if spec.better), None)
    rows = [row for row in table.rows if spec is not None and row.sound and row.figures[spec.name]]
    grid = len(study.axes) == 1 and not study.sampled and not study.prune
    if not grid or spec is None or len(rows) < 4 or not _ordered(study.axes[0][0]):
        return ""
    found = [float(row.figures[spec.name] or 0) for row in rows]
    best = min(found) if spec.better == "less" else max(found)
    lost = [abs(value / best - 1) for value in found]
    place, said = lost.index(0.0), f"{text.label(spec)[0].upper()}{text.label(spec)[1:]}"
    if min(lost[0], lost[-1]) > APART:
        return f"{said}: best at {named(table, rows[place])}."
    first = next(start for start in range(len(lost)) if max(lost[start:]) <= NEAR or start == len(lost) - 1)
    if not 0 < first < len(lost) - 1:
        return ""
    return f"{said}: within {100 * NEAR:g} % of the best from {named(table, rows[first])} on."


def _ordered(parameter: Parameter) -> bool:
    """Return whether values go from less to more, numbers or sizes."""
    return parameter.numeric or all(isinstance(value, tuple) for value in parameter.values)


def _causes(table: SweepTable) -> str:
    """Say what most time goes to: along one axis from where to where, else at how many points."""
    rows = [row for row in table.rows if row.most_time_on]
    counts = Counter(row.most_time_on for row in rows)
    if len(rows) < 2:
        return ""
    words = {name: cause.label for name, cause in known(counts).items()}
    if len(counts) == 1:
        answered = " that was answered" if table.study.prune else ""
        return f"Most time goes to {words[rows[0].most_time_on]} at every point{answered}."
    grid = len(table.study.axes) == 1 and not table.study.sampled and not table.study.prune
    runs = list(_runs(table, rows)) if grid else []
    if 1 < len(runs) <= MOST_RUNS:
        return f"Most time goes to {', '.join(f'{words[cause]} from {first} on' for cause, first in runs)}."
    told = ", ".join(f"{words[name]} at {count:,}" for name, count in counts.most_common())
    return f"Most time goes to {told} of {plural(len(rows), 'point')}."


def _runs(table: SweepTable, rows: Sequence[PointRow]) -> Iterator[tuple[str, str]]:
    for cause, along in groupby(rows, key=lambda row: row.most_time_on):
        yield cause, named(table, next(along))
