"""Commands that answer many questions: sweep and validate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]
Refused = Callable[..., str]


def test_sweep(call: Call, refused: Refused, in_tmp: Path, stages: Any) -> None:
    assert call("sweep", "study.yaml", "--jobs", 2).stdout == "three points\n\ntables: runs/grid\n"
    assert stages.calls == [("sweep", "grid", 2), ("write_sweep", Path("runs/grid"), False)]
    assert json.loads(call("sweep", "study.yaml", "--json").stdout) == {"status": "ok", "points": 3}
    (in_tmp / "runs/grid").mkdir(parents=True)
    (in_tmp / "runs/grid/points.csv").write_text("x")
    assert "holds points.csv, which no run wrote" in refused("sweep", "study.yaml")
    assert "--jobs" in refused("sweep", "study.yaml", "--jobs", 0)


def test_a_write_that_fails_is_a_message(
    refused: Refused, in_tmp: Path, monkeypatch: pytest.MonkeyPatch, stages: Any
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device", "runs/grid/points.csv")

    monkeypatch.setattr(sys.modules["wsesim.study"], "write_sweep", full)
    said = refused("sweep", "study.yaml")
    assert said == "runs/grid/points.csv: error: cannot be written: No space left on device\n"


def test_validate(call: Call, in_tmp: Path, stages: Any) -> None:
    assert call("validate").stdout == "three points\n"
    assert json.loads(call("validate", "--table", "rows.csv", "--json").stdout) == {"status": "ok", "points": 3}
    found = call("validate", "--out", "found", "--sensitivity")
    assert found.stdout == "three points\nwrote found/validation.md\n"
    assert stages.calls == [("validate", None, False), ("validate", Path("rows.csv"), False), ("validate", None, True)]
    assert (in_tmp / "found" / "validation.md").read_text() == "three points"


def test_a_row_is_shown_as_a_file(call: Call, stages: Any) -> None:
    assert call("validate", "--show", "ALCF-1").stdout == "# ALCF-1\n"
    assert stages.calls == []
