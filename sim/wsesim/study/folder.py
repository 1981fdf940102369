"""The files of a sweep, written all or none."""

from __future__ import annotations

from pathlib import Path

from wsesim.report.folder import publish
from wsesim.report.plain import json_text
from wsesim.study.table import SweepTable

FILES = ("sweep.html", "sweep.csv", "sweep.json")
"""What a sweep writes; a folder that holds anything else is not ours to replace."""


def write_sweep(table: SweepTable, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `sweep.html`, `sweep.csv` and `sweep.json` into the folder *out*; the bytes depend on *table* alone.

    Returns:
        The paths written.

    Raises:
        InputError: *out* is a file, holds something no sweep wrote, holds a sweep and *overwrite* is off, or cannot be
            written.
    """
    from wsesim.study.page import render_html

    texts = (render_html(table), table.to_csv(), json_text(table.to_json()))
    files = {name: text.encode() for name, text in zip(FILES, texts, strict=True)}
    return publish(files, out, overwrite=overwrite)
