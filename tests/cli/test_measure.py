"""Commands that answer many questions: sweep and validate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from wsesim.errors import InputError

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


@pytest.mark.parametrize("arguments", [("sweep", "study.yaml"), ("validate", "--out", "found")])
def test_what_cannot_be_written_is_at_least_shown(
    call: Call, in_tmp: Path, monkeypatch: pytest.MonkeyPatch, stages: Any, arguments: tuple[str, ...]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise InputError.at("cannot write it: no space left on device")

    monkeypatch.setattr(sys.modules["wsesim.study"], "write_sweep", full)
    monkeypatch.setattr(sys.modules["wsesim.validation"], "write_report", full)
    found = call(*arguments)
    assert (found.exit_code, found.stdout) == (2, "three points\n")
    assert found.stderr == "error: cannot write it: no space left on device\n"
    assert call(*arguments, "--quiet").stdout == ""


def test_validate(call: Call, refused: Refused, in_tmp: Path, stages: Any) -> None:
    assert call("validate").stdout == "three points\n"
    assert json.loads(call("validate", "--table", "rows.csv", "--json").stdout) == {"status": "ok", "points": 3}
    found = call("validate", "--out", "found", "--sensitivity")
    assert found.stdout == "three points\nwrote found/validation.md\n"
    assert stages.calls == [("validate", None, False), ("validate", Path("rows.csv"), False), ("validate", None, True)]
    assert (in_tmp / "found" / "validation.md").read_text() == "three points"
    stages.calls.clear()
    (in_tmp / "mine").mkdir()
    (in_tmp / "mine" / "validation.md").write_text("mine")
    for force in ((), ("--force",)):
        assert "holds validation.md, which no run wrote" in refused("validate", "--out", "mine", *force)
    assert "existing run folder; pass --force" in refused("validate", "--out", "found")
    assert stages.calls == []
    assert call("validate", "--out", "found", "--force").exit_code == 0


def test_a_row_is_shown_as_a_file(call: Call, stages: Any) -> None:
    assert call("validate", "--show", "ALCF-1").stdout == "# ALCF-1\n"
    assert stages.calls == []
