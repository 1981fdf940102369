"""All rows that come with the package, asked once in a process, whoever wants to know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsesim import validation

TOGETHER = pytest.mark.xdist_group("rows")
"""Of tests that ask for all rows: one worker has them."""
_KNOWN: dict[str, Any] = {}


def _once(report: Callable[..., Any]) -> Callable[..., Any]:
    def found(table: Path | None = None, *, progress: Callable[..., None] | None = None, **more: bool) -> Any:
        key = f"{report.__name__} {table} {[name for name, wanted in more.items() if wanted]}"
        if key not in _KNOWN:
            _KNOWN[key] = report(table, progress=progress, **more)
        return _KNOWN[key]

    return found


models_report, kernels_report = _once(validation.report), _once(validation.kernels_report)
