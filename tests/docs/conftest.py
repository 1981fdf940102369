"""What tests of the manual share: a checkout to run commands in, and measured rows that are computed once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wsesim import piped, validation

ROOT = Path(__file__).parents[2]
_KNOWN: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def rows_once() -> Iterator[None]:
    """Have all rows computed once, whoever asks for them here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("report", "kernels_report"):
            patch.setattr(validation, name, _once(getattr(validation, name)))
        yield


def _once(report: Callable[..., Any]) -> Callable[..., Any]:
    def found(*asked: object, progress: object, **more: object) -> Any:
        key = f"{report.__name__} {asked!r} {more!r}"
        if key not in _KNOWN:
            _KNOWN[key] = report(*asked, progress=progress, **more)
        return _KNOWN[key]

    return found


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("workloads", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(piped.KEPT, "")
    return tmp_path
