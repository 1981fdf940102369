from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "first_kernel.py"


def test_the_tutorial_runs_and_stays_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLE))
    assert "values as by NumPy" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "first_kernel.svg").read_text("utf-8")
    assert len(EXAMPLE.read_text("utf-8").splitlines()) < 60
