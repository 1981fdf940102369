"""How well more systems pay: the speed of a system beside its speed where there are fewest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wsesim.study.figures import EFFICIENCY, Number
from wsesim.study.spec import Study, Value
from wsesim.study.table import Row

_SYSTEMS = "cluster.systems"


def with_efficiency(study: Study, rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return *rows* with each point's speed of a system turned into a share of that of the point it is held against.

    That is the point with fewest systems among those that are alike in all that varies beside the systems. Nothing is
    left of the figure if the number of systems does not vary.
    """
    if EFFICIENCY not in study.figures:
        return tuple(rows)
    beside = {name for axis in study.axes if _SYSTEMS in (names := {p.name for p in axis}) for name in names}
    first: dict[tuple[tuple[str, Value], ...], tuple[Value, Number]] = {}
    for row in rows if beside else ():
        speed = row.figures[EFFICIENCY]
        key, systems = _key(row, beside), row.values[_SYSTEMS]
        if speed is not None and (key not in first or float(systems) < float(first[key][0])):
            first[key] = systems, speed
    found = []
    for row in rows:
        speed, base = row.figures[EFFICIENCY], first.get(_key(row, beside))
        share = None if speed is None or base is None else speed / base[1]
        found.append(replace(row, figures={**row.figures, EFFICIENCY: share}))
    return tuple(found)


def _key(row: Row, beside: set[str]) -> tuple[tuple[str, Value], ...]:
    return tuple((name, value) for name, value in row.values.items() if name not in beside)
