"""The figures a study can keep of a point: those of its kind, seconds by cause, and how well more systems pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wsesim.answer import FigureSpec, Number, Status
from wsesim.answers.causes import KNOWN, known
from wsesim.answers.text import label
from wsesim.errors import nearest
from wsesim.questions.base import Question
from wsesim.study.journal import KeptAnswer
from wsesim.study.numbers import Value
from wsesim.study.spec import Study
from wsesim.study.table import PointRow

SYSTEMS = "cluster.systems"
EFFICIENCY = "scaling_efficiency"
"""Speed of a system over that at fewest systems: known of all points together, see `with_efficiency`."""
PARTS = {"spent": "time on {}", "gap": "{} above the bound"}
"""What an answer has by cause, and what people call one of it."""
Kinds = Sequence[type[Question]]


def usual_figures(kinds: Kinds) -> tuple[str, ...]:
    """Return what is kept unless a study says otherwise."""
    return tuple(dict.fromkeys(name for kind in kinds for name in kind.usual))


def figure_names(kinds: Kinds) -> tuple[str, ...]:
    """Return every figure that can be kept, with the causes that are described anywhere."""
    own = dict.fromkeys(spec.name for kind in kinds for spec in kind.figures)
    return (*own, EFFICIENCY, *(f"{part}.{cause}" for part in PARTS for cause in KNOWN))


def spec_of(name: str, kinds: Kinds) -> FigureSpec | None:
    """Return what the figure *name* is; None if there is none.

    A cause that nobody described is taken for one of the kind's own, unless it looks like one that is described.
    """
    for kind in kinds:
        for spec in kind.figures:
            if spec.name == name:
                return spec
    if name == EFFICIENCY:
        meaning = f"{_speed_label(kinds)} of a system, over the same where there are fewest systems"
        return FigureSpec(name=name, label="scaling efficiency", meaning=meaning, better="more")
    part, _, cause = name.partition(".")
    if part not in PARTS or not cause or (cause not in KNOWN and nearest(cause, KNOWN)):
        return None
    described = known([cause])[cause]
    return FigureSpec(name=name, label=PARTS[part].format(described.label), meaning=described.meaning)


def speed_of(kind: type[Question]) -> FigureSpec | None:
    """Return the figure that says how fast: the first one a second of which more is better, usual ones first."""
    speeds = {spec.name: spec for spec in kind.figures if spec.name.endswith("_per_s") and spec.better == "more"}
    return next((speeds[name] for name in (*kind.usual, *speeds) if name in speeds), None)


def _speed_label(kinds: Kinds) -> str:
    return " or ".join(dict.fromkeys(label(spec) for spec in map(speed_of, kinds) if spec))


def efficiency_problem(kinds: Kinds, varied: Iterable[str]) -> str:
    """Return why there can be no scaling efficiency; empty if there can."""
    if SYSTEMS not in varied:
        return f"needs {SYSTEMS} under vary: it holds more systems against fewer"
    slow = [kind.kind for kind in kinds if speed_of(kind) is None]
    return f"needs a figure per second of which more is better, and {', '.join(slow)} has none" if slow else ""


def figure_of(kept: KeptAnswer, name: str, question: Question) -> Number | None:
    """Return the figure *name* of an answer, or None where there is none.

    A cause that the answer lacks took no time. Of the scaling efficiency, what one point knows of it: the speed of a
    system.
    """
    if kept.status != Status.OK:
        return None
    if name == EFFICIENCY:
        speed = speed_of(type(question))
        found = kept.figures.get(speed.name) if speed else None
        return None if found is None else found / question.asked.hardware.cluster.systems
    if name in kept.figures:
        return kept.figures[name]
    part, _, cause = name.partition(".")
    if part == "spent" and kept.spent:
        return kept.spent.get(cause, 0.0)
    return kept.gap.get(cause, 0.0) if part == "gap" and kept.gap is not None else None


def with_efficiency(study: Study, rows: Sequence[PointRow]) -> tuple[PointRow, ...]:
    """Return *rows* with each point's speed of a system turned into a share of that of the point it is held against.

    That is the point with fewest systems among those that are alike in all that varies beside the systems.
    """
    if EFFICIENCY not in study.figures:
        return tuple(rows)
    beside = {name for axis in study.axes if SYSTEMS in (names := {p.name for p in axis}) for name in names}
    first: dict[tuple[tuple[str, Value], ...], tuple[int, Number]] = {}
    for row in rows:
        speed, key, systems = row.figures[EFFICIENCY], _key(row, beside), row.values[SYSTEMS]
        assert isinstance(systems, int), "a number of systems is a whole number"
        if speed and (key not in first or systems < first[key][0]):
            first[key] = systems, speed
    found = []
    for row in rows:
        speed, base = row.figures[EFFICIENCY], first.get(_key(row, beside))
        share = None if speed is None or base is None else speed / base[1]
        found.append(replace(row, figures={**row.figures, EFFICIENCY: share}))
    return tuple(found)


def _key(row: PointRow, beside: set[str]) -> tuple[tuple[str, Value], ...]:
    return tuple((name, value) for name, value in row.values.items() if name not in beside)
