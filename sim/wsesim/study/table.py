"""What a sweep found: data only, a row for each point, and what had no effect."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from wsesim._version import __version__
from wsesim.answer import Number, Readable, Status
from wsesim.answers.plain import PROGRAM, plain_data
from wsesim.study.numbers import Value
from wsesim.study.pareto import front, knee
from wsesim.study.spec import Parameter, Study, written
from wsesim.units import plural

AT_BEST = "at_best"
"""Begins the column of what a figure is at best."""
ERROR = "error"
"""Status of a point whose settings do not go together: it was not asked at all."""
LEFT_OUT = "left_out"
"""Status of a point that does not keep to what the study requires."""
TOGETHER = 4
"""Points of a study with pruning that are answered before any is weighed: chosen small, so that what they beat is
never asked."""
PRUNED = "pruned"
"""Status of a point that cannot be among the best, and was not answered."""
STATUSES = (*(status.value for status in Status), ERROR, LEFT_OUT, PRUNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    """One point."""

    values: Mapping[str, Value]
    """Of the parameters, by name."""
    status: str
    """One of `STATUSES`."""
    why: str
    """A sentence if the status is not ok, or if the answer is not right."""
    figures: Mapping[str, Number | None]
    """What was kept, by name; all None if the status is not ok."""
    inputs_sha256: str | None = None
    """Hash of the inputs of the run, as in its own report; None if there was no run."""
    derived: Mapping[str, Value] = field(default_factory=dict)
    """Settings that followed from others."""
    at_best: Mapping[str, Number] = field(default_factory=dict)
    """What a formula says that figures are at best; empty where nothing was pruned by it."""
    most_time_on: str = ""
    """The cause that most of its time goes to; empty where there is no answer, or it is about no time."""

    @property
    def ok(self) -> bool:
        """Whether there are figures."""
        return self.status == Status.OK

    @property
    def wrong(self) -> bool:
        """Whether there are figures, but values on the way are wrong, or what the file asserts is not so."""
        return self.ok and bool(self.why)

    @property
    def sound(self) -> bool:
        """Whether there are figures, and nothing is wrong with them: others are never weighed."""
        return self.ok and not self.why

    @property
    def pruned(self) -> bool:
        """Whether it was not answered as it cannot be among the best."""
        return self.status == PRUNED

    @property
    def failed(self) -> bool:
        """Whether it was asked and has no answer; what was left out or pruned has no value, and lacks none."""
        return not self.ok and self.status not in (LEFT_OUT, PRUNED)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SweepTable(Readable):
    """All points of a study, in its order.

    `frame()` has a row for each point, `plot(FIGURE)` draws a figure over what varies. `save(folder)` writes what
    `wsesim sweep` writes, and `to_dict()` is `sweep.json`.

    >>> import wsesim
    >>> table = wsesim.sweep(
    ...     kernel="allreduce-2d",
    ...     machine="cs-2",
    ...     grid=[4, 4],
    ...     shape=[8],
    ...     level="closed",
    ...     vary={"shape": [[8], [64]]},
    ...     keep=False,
    ... )
    >>> table
    <SweepTable question-study: 2 points over shape; cycles, time_s, ...>
    >>> table.frame()["cycles"].is_monotonic_increasing
    True
    """

    reader: ClassVar[str] = "wsesim.study.taking"

    study: Study
    rows: tuple[PointRow, ...]
    now: Mapping[str, Number | None] = field(default_factory=dict)
    """Figures of the question as it stands, where its best is searched for; empty where it has no answer."""
    known: int = field(default=0, compare=False)
    """Points that a journal knew: nothing that is written depends on it."""
    said: tuple[str, ...] = field(default=(), compare=False)
    """What went wrong with the journal, which changes no row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: parameters, those with a unit once more as numbers, status, figures, reason."""
        numbers = tuple(parameter.column for parameter in self.study.parameters if parameter.column)
        names = (*(p.name for p in self.study.parameters), *numbers, *self.study.derived)
        weighed = ("best",) if self.study.pareto else ()
        return (*names, "status", *self.study.figures, *self._bounds, "why", "most_time_on", *weighed)

    @property
    def _bounds(self) -> tuple[str, ...]:
        """Columns of what figures are at best."""
        return tuple(f"{AT_BEST}.{name}" for name in self.study.pareto) if self.study.prune else ()

    def records(self) -> list[dict[str, object]]:
        """Return every row as plain data, keyed by column; values that are lists are tuples."""
        found: list[dict[str, object]] = []
        best = self.best()
        for place, row in enumerate(self.rows):
            numbers = {p.column: p.number(row.values[p.name]) for p in self.study.parameters if p.column}
            derived = {name: row.derived.get(name) for name in self.study.derived}
            weighed = {"best": place in best} if self.study.pareto else {}
            bounds = {column: row.at_best.get(column.partition(".")[2]) for column in self._bounds}
            found.append({
                **row.values, **numbers, **derived, "status": row.status, **row.figures, **bounds, "why": row.why,
                "most_time_on": row.most_time_on, **weighed,
            })  # fmt: skip
        return found

    def count(self) -> dict[str, int]:
        """Return how many points ended how."""
        counted = Counter(row.status for row in self.rows)
        unasked = {LEFT_OUT: not self.study.limits, PRUNED: not self.study.prune}
        return {status: counted[status] for status in STATUSES if not unasked.get(status)}

    def reasons(self) -> dict[str, list[PointRow]]:
        """Return the points without figures by reason, in order."""
        found: dict[str, list[PointRow]] = {}
        for row in self.rows:
            if not row.ok:
                found.setdefault(row.why, []).append(row)
        return found

    def best(self) -> tuple[int, ...]:
        """Return the points that no other beats in the figures that the study weighs; the knee among them first.

        A point whose answer is not right is none of them, and beats none.
        """
        senses = {spec.name: spec.better for spec in self.study.kept if spec.name in self.study.pareto}
        figures = [row.figures if row.sound else {} for row in self.rows]
        at_knee = knee(figures, senses) if senses else None
        if at_knee is None:
            return ()
        return (at_knee, *(place for place in front(figures, senses) if place != at_knee))

    def wrong(self) -> tuple[PointRow, ...]:
        """Return the points with figures whose answer is not right, as `why` of each says."""
        return tuple(row for row in self.rows if row.wrong)

    def not_read(self) -> dict[str, tuple[str, ...]]:
        """Return the settings that the study varies or sets and that its points do not read, by kind of question."""
        unread = {kind.kind: kind.reads.unread(self.study.settings) for kind in self.study.kinds}
        return {kind: found for kind, found in unread.items() if found}

    def changed_nothing(self) -> tuple[str, ...]:
        """Return the settings along whose axis no row differs from another, neither in how it ended nor in a figure."""
        idle = (axis for index, axis in enumerate(self.study.axes) if self._is_idle(index))
        return tuple(parameter.name for axis in idle for parameter in axis)

    def _is_idle(self, index: int) -> bool:
        """Return whether rows that differ only along an axis are the same; some of them have to have figures."""
        names = {parameter.name for parameter in self.study.axes[index]}
        alike: dict[tuple[object, ...], list[PointRow]] = {}
        for row in self.rows:
            rest = tuple(value for name, value in row.values.items() if name not in names)
            alike.setdefault(rest, []).append(row)
        compared = [rows for rows in alike.values() if len(rows) > 1 and any(row.ok for row in rows)]
        same = (rows[0].status == row.status and rows[0].figures == row.figures for rows in compared for row in rows)
        return bool(compared) and all(same)

    def never_there(self) -> tuple[str, ...]:
        """Return the figures that no point with an answer has; a cause that took no time anywhere counts as none."""
        rows = [row for row in self.rows if row.ok]

        def lacks(name: str, value: Number | None) -> bool:
            return value is None or (value == 0 and "." in name)

        return tuple(name for name in self.study.figures if rows and all(lacks(name, r.figures[name]) for r in rows))

    def remarks(self) -> tuple[str, ...]:
        """Return what had no effect, in sentences: a knob that does nothing must not pass for an answer."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        unread = self.not_read()
        said = dict.fromkeys(name for names in unread.values() for name in names)
        by_kinds: dict[tuple[str, ...], list[str]] = {}
        for name in said:
            by_kinds.setdefault(tuple(kind for kind, names in unread.items() if name in names), []).append(name)
        for kinds, names in by_kinds.items():
            whom = "this question" if len(kinds) == len(self.study.kinds) else " or ".join(kinds)
            yield f"Not read by {whom}: {', '.join(names)}."
        idle = [name for name in self.changed_nothing() if name not in said]
        if idle:
            yield f"Changed no figure kept here: {', '.join(idle)}."
        if never := self.never_there():
            yield f"No point has: {', '.join(never)}."
        if wrong := self.wrong():
            first = f"{wrong[0].why}{' (the first of them; `why` is a column)' if len(wrong) > 1 else ''}"
            weighed = ", and not weighed" if self.study.pareto else ""
            yield f"Not right{weighed}: {len(wrong):,} of {plural(len(self.rows), 'point')}: {first}"
        if self.study.prune:
            yield self._pruning()

    def _pruning(self) -> str:
        """Say how many points were pruned, and why; or why none was."""
        pruned, points = sum(row.pruned for row in self.rows), plural(len(self.rows), "point")
        if pruned:
            return f"Pruned: {pruned:,} of {points}, as {' and '.join(self.study.bounds)}."
        if len(self.rows) <= TOGETHER:
            return f"Pruned: none of {points}, as {TOGETHER} are answered before any is weighed."
        return f"Pruned: none of {points}, as none that was answered beats what another is at best."

    def to_csv(self) -> str:
        """Return the rows as CSV; what a point lacks is empty, a list is written as `4 x 4`."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        for record in self.records():
            writer.writerow({key: written(cell) if isinstance(cell, tuple) else cell for key, cell in record.items()})
        return text.getvalue()

    def to_dict(self) -> dict[str, object]:
        """Return study, counts, rows and what had no effect as plain data."""
        study = self.study
        hashes = ({"inputs_sha256": row.inputs_sha256} for row in self.rows)
        rows = [record | found for record, found in zip(self.records(), hashes, strict=True)]
        form: dict[str, object] = {
            "program": PROGRAM, "status": "ok", "name": study.name, "question": study.question,
            "points": self.count(), "rows": rows, "not_read": self.not_read(),
            "changed_nothing": self.changed_nothing(), "never_there": self.never_there(),
            **({"best": self.best()} if study.pareto else {}),
            **({"now": dict(self.now)} if study.optimize else {}),
            "study": asked_by(study),
            "provenance": {"version": __version__, "inputs_sha256": study.inputs_sha256},
        }  # fmt: skip
        return {key: plain_data(value) for key, value in form.items()}


def asked_by(study: Study) -> dict[str, object]:
    """Return what a study asks, in the form of its JSON."""
    return {"file": study.workload_file, **study.to_json()}


def values_shown(row: PointRow, shown: tuple[Parameter, ...]) -> list[str]:
    """Return the values of a row as they are printed."""
    return [written(row.values[parameter.name]) for parameter in shown]
