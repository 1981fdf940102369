"""A result as plain JSON.

    status, why, name, title        "ok" or "does_not_fit"; `why` is empty when ok
    step_s, tokens_per_s, samples_per_s, mfu, bound_s
                                    the answers of training once more, for quick access; null when it does not fit
    metrics                         every field of `Metrics`, `RequestMetrics` or `ServingMetrics` of `wsesim.result`,
                                    by phase, or null
    verification                    every field of `wsesim.result.Verification`, or null
    model, machine, batch           mappings as resolved
    placement                       every field of `wsesim.result.Placement`, or null
    job, memory, ops                lists of objects, fields as in `wsesim.result`
    timeline                        {"columns": [...], "rows": [[...], ...]}: one row per interval
    not_modelled, notes             lists of sentences
    provenance                      version, workload, inputs_sha256, figures, defaults
    cost                            what the simulation took, or null; last, the only part that varies between runs

Field names carry their unit. A number that is not finite is null: JSON has no other word for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum

from wsesim.result import Answers, Interval, Result, Status

_ANSWERS = ("step_s", "tokens_per_s", "samples_per_s", "mfu", "bound_s")


def answers(result: Result) -> Answers | None:
    """Return the metrics of a run that fits; a point that does not fit has no speed, whatever it carries."""
    return result.metrics if result.status is Status.OK else None


def to_json(result: Result) -> dict[str, object]:
    """Return *result* in the form described above."""
    metrics = answers(result)
    form: dict[str, object] = {"status": result.status, "why": result.why, "name": result.name, "title": result.title}
    form |= {name: getattr(metrics, name, None) for name in _ANSWERS}
    form |= {"metrics": metrics, "verification": result.verification}
    form |= {field.name: getattr(result, field.name) for field in fields(Result) if field.name not in form}
    columns = [field.name for field in fields(Interval)]
    rows = [[getattr(interval, column) for column in columns] for interval in result.timeline]
    form["timeline"] = {"columns": columns, "rows": rows}
    cost = _plain(form.pop("cost"))
    if isinstance(cost, dict) and result.cost is not None:
        cost["events_per_s"] = _plain(result.cost.events_per_s)
    return {key: _plain(value) for key, value in form.items()} | {"cost": cost}


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


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return _plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is not plain data")
