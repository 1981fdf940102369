"""What tests of the manual share: a checkout to run commands in, and measured rows that are computed once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rows import kernels_report, models_report

from wsesim import piped, validation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def rows_once() -> Iterator[None]:
    """Have all rows computed once, whoever asks for them here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "report", models_report)
        patch.setattr(validation, "kernels_report", kernels_report)
        yield


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("workloads", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(piped.KEPT, "")
    return tmp_path
