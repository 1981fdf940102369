"""The files that a result or a comparison is written to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from wsesim.answer import Comparison, OpTime, Result, Table
from wsesim.answers.folder import publish
from wsesim.answers.page import render_comparison, render_result
from wsesim.answers.plain import comparison_json, json_text, result_json
from wsesim.answers.timeline import trace_gz

REPORT, DATA = "report.html", "result.json"
LEVELS_REPORT, LEVELS_DATA = "levels.html", "levels.json"


def write_result(result: Result, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write *result* into the folder *out*: `report.html` and `result.json`, and what else there is, all or none.

    That is `ops.csv` where there are ops, `timeline.json.gz` where there is a timeline, each table as `NAME.csv`, and
    the files the answer brings. The bytes depend on *result* alone. What the simulation itself took (`result.cost`)
    stands last in `report.html` and under the last key `cost` of `result.json`, and nowhere else.

    Returns:
        The paths written.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written.
        ValueError: two files have one name.
    """
    return publish(files_of(result), out, overwrite=overwrite)


def files_of(result: Result) -> dict[str, bytes]:
    """Return the files of *result* by name."""
    found = {REPORT: render_result(result).encode(), DATA: json_text(result_json(result)).encode()}
    answer = result.answer
    if answer is None:
        return found
    more = [("ops.csv", ops_csv(answer.ops))] if answer.ops else []
    more += [("timeline.json.gz", trace_gz(result.name, answer.timeline))] if answer.timeline else []
    more += [(f"{table.name}.csv", table_csv(table)) for table in answer.tables]
    more += [(name, make()) for name, make in answer.files.items()]
    for name, content in more:
        if name in found:
            raise ValueError(f"two files of an answer are called {name}")
        found[name] = content
    return found


def write_comparison(comparison: Comparison, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `levels.html` and `levels.json` into the folder *out*, both or none.

    Returns:
        The paths written.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written.
    """
    return publish(comparison_files(comparison), out, overwrite=overwrite)


def comparison_files(comparison: Comparison) -> dict[str, bytes]:
    """Return the files of *comparison* by name."""
    return {
        LEVELS_REPORT: render_comparison(comparison).encode(),
        LEVELS_DATA: json_text(comparison_json(comparison)).encode(),
    }


def ops_csv(ops: Iterable[OpTime]) -> bytes:
    """Return `ops_rows` with its columns' names as the first row."""
    return _csv(*ops_rows(ops))


def ops_rows(ops: Iterable[OpTime]) -> tuple[list[str], list[list[object]]]:
    """Return names of columns, and one row per op: its fields in the order of `OpTime`, then `cycles_<cause>` for every
    cause of any op, and `count_<event>` for every kind of event."""
    ops = tuple(ops)
    plain = [field.name for field in fields(OpTime) if field.name not in ("parts", "events")]
    causes = list(dict.fromkeys(cause for op in ops for cause in op.parts))
    events = list(dict.fromkeys(event for op in ops for event in op.events))
    heads = plain + [f"cycles_{cause.replace(' ', '_')}" for cause in causes] + [f"count_{event}" for event in events]
    rows = [[getattr(op, name) for name in plain] + [op.parts.get(cause, 0) for cause in causes]
            + [op.events.get(event, 0) for event in events] for op in ops]  # fmt: skip
    return heads, rows


def table_csv(table: Table) -> bytes:
    """Return *table* with its columns' names as the first row; an empty field where there is no value."""
    return _csv(table.columns, table.rows)


def _csv(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue().encode()
