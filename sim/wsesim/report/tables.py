"""The ops of a step as a table for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from wsesim.result import OpTime, Result


def ops_csv(result: Result) -> bytes:
    """Return one row per op: its fields in the order of `OpTime`, then `cycles_<cause>` for every cause of any op."""
    plain = [field.name for field in fields(OpTime) if field.name != "parts"]
    causes = list(dict.fromkeys(cause for op in result.ops for cause in op.parts))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(plain + [f"cycles_{cause.replace(' ', '_')}" for cause in causes])
    for op in result.ops:
        writer.writerow([getattr(op, name) for name in plain] + [op.parts.get(cause, 0) for cause in causes])
    return text.getvalue().encode()
