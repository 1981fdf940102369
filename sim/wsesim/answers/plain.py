"""Results and comparisons as plain JSON. A number that is not finite is null: JSON has no other word for it.

A result:

    program             "wsesim"
    status, why         "ok", "does_not_fit" or "not_modelled"; `why` is empty when ok
    name, title, kind   of the question
    level               that answered; null without an answer, as everything below that belongs to one is null or empty
    figures             {name: value}; names carry their unit
    headline            {name: what it is of, at or over}: the figures a reader sees first
    verdict             the answer in a sentence
    bound               {seconds, meaning, gap {cause: seconds}}
    spent               {total_s, by_cause {cause: seconds}, what}
    sentences           what belongs beside the headline
    choices             list of {what, chosen, figure, value, others}: what was left open and chosen by a figure;
                        `others` is a list of [words, value], the next best first
    ops                 list of objects, fields as in `wsesim.answer.OpTime`
    timeline            {columns, rows}: a row for each interval
    memory              list of {what, bytes_per_core, note}; there too when it does not fit
    memory_limit_bytes  what they have to stay within
    tables              {name: {title, columns, rows}}
    curves              {name: {title, x_label, y_label, line, points, others, limit, marks}}: `line` is what the points
                        are of where there are `others`, a list of [words, points]; y of `limit`, and [words, x] of
                        `marks`, are where lines stand
    facts               {group: {name: value}}
    leaves_out, notes   lists of sentences
    reasons             list of {figure, cause, seconds}: why this level differs from the next coarser one
    limits              list of {name, figures, saved_s, by_cause {cause: seconds}, ties}: what twice as good would save
    right               whether values computed on the way are right, or null
    verification        fields of `wsesim.answer.Verification`, or null
    nearest             fields of `wsesim.answer.Nearest`: measured rows that the question is most like; or null
    provenance          version, workload, inputs_sha256, figures, defaults, unread
    cost                {events, cpu_s, peak_memory_bytes, verification_cpu_s, events_per_s} or null; the only part that
                        varies between runs

A comparison:

    program, status, name, title, kind
                        as above; "ok" where a level answers
    levels              list of {level, status, figures, off, why, leaves_out, events}; `off` is each figure's distance
                        from the most detailed level that answers, as a share of that
    tables              as above, by all levels; the most detailed level that has one of a name
    differences         list of {from, to, figure, causes {cause: seconds}}
    notes               list of sentences; the first says which level measured silicon supports
    cost                {level: {cpu_s}}; the only part that varies between runs
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum

from wsesim.answer import Answer, Comparison, Curve, DoesNotFit, Interval, Outcome, Result, Status, Table
from wsesim.answers.verdict import verdict

PROGRAM = "wsesim"
CURVE_FIELDS = ("title", "x_label", "y_label", "line", "points", "others", "limit", "marks")


def result_json(result: Result) -> dict[str, object]:
    """Return *result* in the form described above."""
    form: dict[str, object] = {
        "program": PROGRAM, "status": result.status, "why": result.why, "name": result.name, "title": result.title,
        "kind": result.kind, **_answer(result.outcome), "verification": result.verification,
        "nearest": result.nearest, "provenance": result.provenance,
        **({"broken": result.broken} if result.broken else {}),
    }  # fmt: skip
    notes = form["notes"]
    assert isinstance(notes, tuple)
    form["notes"] = (*notes, *result.notes)
    cost = plain_data(result.cost)
    if isinstance(cost, dict) and result.cost is not None:
        cost["events_per_s"] = plain_data(result.cost.events_per_s)
    return {key: plain_data(value) for key, value in form.items()} | {"cost": cost}


def _answer(outcome: Outcome) -> dict[str, object]:
    answer = outcome if isinstance(outcome, Answer) else Answer(level="closed", figures={})
    held = outcome if isinstance(outcome, DoesNotFit) else answer
    columns = [field.name for field in fields(Interval)]
    rows = [[getattr(interval, column) for column in columns] for interval in answer.timeline]
    return {
        "level": answer.level if answer is outcome else None, "figures": answer.figures, "headline": answer.headline,
        "verdict": verdict(answer), "bound": answer.bound, "spent": answer.spent, "sentences": answer.sentences,
        "choices": answer.choices, "ops": answer.ops,
        "timeline": {"columns": columns, "rows": rows}, "memory": held.memory,
        "memory_limit_bytes": held.memory_limit_bytes, "tables": _tables(answer.tables),
        "curves": {
            curve.name: {name: getattr(curve, name) for name in CURVE_FIELDS}
            for curve in answer.drawings if isinstance(curve, Curve)
        },
        "facts": answer.facts, "leaves_out": answer.leaves_out, "notes": answer.notes, "reasons": answer.reasons,
        "right": answer.right, "limits": answer.limits,
    }  # fmt: skip


def _tables(tables: Sequence[Table]) -> dict[str, object]:
    return {table.name: {"title": table.title, "columns": table.columns, "rows": table.rows} for table in tables}


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """Return *comparison* in the form described above."""
    form: dict[str, object] = {
        "program": PROGRAM, "status": Status.OK if comparison.finest else Status.NOT_MODELLED,
        "name": comparison.name, "title": comparison.title, "kind": comparison.kind,
        "levels": [_level(comparison, level) for level in comparison.outcomes],
        "tables": _tables(tables_of(comparison)),
        "differences": [
            {"from": one.coarse, "to": one.fine, "figure": one.figure, "causes": dict(one.causes)}
            for one in comparison.differences
        ],
        "notes": comparison.notes,
        "cost": {level: {"cpu_s": cpu_s} for level, cpu_s in comparison.cpu_s.items()},
    }  # fmt: skip
    return {key: plain_data(value) for key, value in form.items()}


def _level(comparison: Comparison, level: str) -> dict[str, object]:
    outcome = next(found for name, found in comparison.outcomes.items() if name == level)
    answer = outcome if isinstance(outcome, Answer) else Answer(level="closed", figures={})
    return {
        "level": level, "status": status_of(outcome), "figures": answer.figures,
        "off": {name: off(comparison, outcome, name) for name in answer.figures},
        "why": getattr(outcome, "why", ""), "leaves_out": answer.leaves_out, "events": answer.events,
    }  # fmt: skip


def status_of(outcome: Outcome) -> Status:
    """Return how a level ended."""
    if isinstance(outcome, Answer):
        return Status.OK
    return Status.DOES_NOT_FIT if isinstance(outcome, DoesNotFit) else Status.NOT_MODELLED


def tables_of(comparison: Comparison) -> tuple[Table, ...]:
    """Return the tables of all levels; of those with one name, that of the most detailed level."""
    found: dict[str, Table] = {}
    for outcome in comparison.outcomes.values():
        found |= {table.name: table for table in getattr(outcome, "tables", ())}
    return tuple(found.values())


def off(comparison: Comparison, outcome: Outcome, figure: str) -> float | None:
    """Return how far a level is from the most detailed one that answers, as a share; None where there is nothing."""
    best = comparison.finest
    if best is None or best is outcome or not isinstance(outcome, Answer):
        return None
    found, wanted = outcome.figures.get(figure), best.figures.get(figure)
    return None if found is None or not wanted else found / wanted - 1


def json_text(form: Mapping[str, object]) -> str:
    """Print plain data as JSON that reads well: objects opened two deep, then one line per entry."""
    return _lines(form, depth=0) + "\n"


def _lines(value: object, *, depth: int) -> str:
    pad = "  " * (depth + 1)
    if isinstance(value, Mapping) and value and depth < 3:
        inner = [f"{pad}{_compact(key)}: {_lines(item, depth=depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + pad[2:] + "}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(pad + _compact(item) for item in value) + "\n" + pad[2:] + "]"
    return _compact(value)


_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""Prints plain data in one line."""


_AS_IT_IS = frozenset({str, int, bool, type(None)})
"""Most of what there is, which needs no look at what else it may be."""


def plain_data(value: object) -> object:
    """Return *value* as what JSON has words for: fields by name, lists, null for what is not finite.

    Raises:
        TypeError: it is no data.
    """
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case Enum():
            return plain_data(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain_data(item) for key, item in value.items()}
        case Sequence():
            return [plain_data(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_data(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is not plain data")
