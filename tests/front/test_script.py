"""The program that types are checked on runs, too."""

from __future__ import annotations

from pathlib import Path

from tests.front.script import step_s, taken_home

from wsesim.questions.base import Question


def test_the_script_runs(tmp_path: Path, tiny: Question) -> None:
    assert 0 < step_s(2) < step_s(8)
    assert taken_home(tmp_path / "sweep", tiny) == (2, ["sweep.html", "sweep.csv", "sweep.json"])
