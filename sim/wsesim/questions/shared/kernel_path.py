"""What made a kernel as long as it was: its critical path, and the terms of its closed form beside what cores spent."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import TYPE_CHECKING

from wsesim.answer import CauseBars, Chain, ChainLink, CoreMap, Drawing, Table

if TYPE_CHECKING:
    from wsesim.cores.programs import CriticalPath, KernelCase, KernelOutcome, PathSegment

MOST_SEGMENTS = 60
"""That are told one by one; of longer paths, what repeats itself and neighbours are put together."""
MOST_DRAWN = 4000
"""Segments that are drawn one by one."""
PATH = "critical_path"
Cycles = Mapping[str, float]


def path_sentences(found: KernelOutcome) -> tuple[str, ...]:
    """Say in a sentence what the critical path goes over."""
    if (path := _path(found)) is None or not path.segments:
        return ()
    parts = sorted(((cycles, cause) for cause, cycles in path.causes.items() if cycles), reverse=True)
    spent = ", ".join(f"{cycles:,} {cause}" for cycles, cause in parts)
    cores, last = len(path.on_cores()), path.segments[-1].core
    over = f"{cores:,} core{'' if cores == 1 else 's'} and {path.hops:,} hop{'' if path.hops == 1 else 's'}"
    return (f"The critical path goes over {over} and ends on core {last}; of its cycles: {spent}.",)


def path_notes(found: KernelOutcome) -> tuple[str, ...]:
    """Say why there is no critical path."""
    from wsesim.cores.programs import NO_PATH

    return () if _path(found) else (f"No critical path is told: {NO_PATH}.",)


def path_tables(case: KernelCase, found: KernelOutcome) -> tuple[Table, ...]:
    """Return cycles by cause, of closed form and cores, and the segments of the critical path."""
    path = _path(found)
    return (_beside(case, found, path), *((_segments(path),) if path else ()))


def path_drawings(case: KernelCase, found: KernelOutcome) -> tuple[Drawing, ...]:
    """Return bars of closed form, critical path and mean core, and the path from core to core."""
    path, beside = _path(found), _beside(case, found, _path(found))
    columns = {"closed form": 1, "critical path": 2, "mean core": 3}
    bars = tuple(
        (label, {str(row[0]): float(str(row[at])) for row in beside.rows[:-1] if row[at]})
        for label, at in columns.items() if beside.rows[-1][at] is not None
    )  # fmt: skip
    drawn: list[Drawing] = [CauseBars(name=beside.name, title=beside.title, bars=bars)]
    if path is not None and path.segments:
        links = tuple(
            ChainLink(start=each.start, end=each.end, origin=str(each.origin), place=str(each.core), what=each.what,
                      by_cause=each.causes)
            for each in path.segments[:MOST_DRAWN]
        )  # fmt: skip
        drawn.append(Chain(name=PATH, title="Critical path", links=links))
    return tuple(drawn)


def path_map(found: KernelOutcome) -> tuple[CoreMap, ...]:
    """Return where on the cores the critical path spends its cycles."""
    import numpy as np

    if (path := _path(found)) is None or found.run is None or not path.segments:
        return ()
    cycles = np.zeros(found.run.busy.shape, np.int64)
    for (column, row), spent in path.on_cores().items():
        cycles[row, column] = spent
    return (CoreMap(name="critical-path", title="Cycles of the critical path", unit="cycles", values=cycles),)


def closed_table(case: KernelCase) -> Table:
    """Return the terms of the closed form, and the causes they go to on cores."""
    from wsesim.cores.programs import TERMS, closed_terms

    found = closed_terms(case)
    rows = tuple((term, found[term], cause) for cause, terms in TERMS.items() for term in terms if term in found)
    return Table(name="terms", title="Terms of the closed form", columns=("term", "cycles", "cause"), rows=rows)


def _beside(case: KernelCase, found: KernelOutcome, path: CriticalPath | None) -> Table:
    """Return the closed form's terms beside the causes of the critical path and of the mean core."""
    from wsesim.cores.programs import PATH_CAUSES, TERMS, closed_terms

    assert found.run is not None, "cores were simulated"
    terms = closed_terms(case)
    closed = {cause: fsum(terms.get(term, 0.0) for term in names) for cause, names in TERMS.items()}
    mean = {cause: float(spent.mean()) for cause, spent in found.run.spent.items()}
    mean["idle"] += found.cycles - fsum(mean.values())
    told = {cause: ", ".join(f"{terms[n]:,.0f} {n}" for n in names if n in terms) for cause, names in TERMS.items()}
    causes: Cycles = path.causes if path else {}
    rows = [
        (cause, closed.get(cause), causes.get(cause), mean.get(cause), told.get(cause, ""))
        for cause in dict.fromkeys((*PATH_CAUSES, *mean))
    ]
    total = ("together", fsum(terms.values()), path.cycles if path else None, found.cycles, "")
    columns = ("cause", "closed_form_cycles", "critical_path_cycles", "mean_core_cycles", "terms_of_the_closed_form")
    return Table(name="causes", title="Cycles by cause, as designed", columns=columns, rows=(*rows, total))


def _segments(path: CriticalPath) -> Table:
    """Return a row for each segment; of causes, those that take anything."""
    shown = path.shortened(MOST_SEGMENTS)
    causes = tuple(cause for cause, cycles in path.causes.items() if cycles)
    columns = ("start", "cycles", "core", "what", "line", "color", *(cause.replace(" ", "_") for cause in causes))
    many = f"; {len(path.segments):,} segments, told together where they repeat"
    few = "" if len(shown) == len(path.segments) else many
    rows = tuple((*_told(segment), *(segment.causes.get(cause) for cause in causes)) for segment in shown)
    return Table(name=PATH, title=f"Critical path from the first cycle{few}", columns=columns, rows=rows)


def _told(segment: PathSegment) -> tuple[object, ...]:
    where = str(segment.core) if segment.hops == 0 else f"{segment.origin} to {segment.core}"
    return (segment.start, segment.cycles, where, segment.what, segment.place, segment.color)


def _path(found: KernelOutcome) -> CriticalPath | None:
    return found.run.path if found.run is not None else None
