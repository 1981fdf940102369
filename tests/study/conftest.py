"""Studies of a model so small that a point takes milliseconds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.study import Study, load_study

WORKLOAD = """\
model: {layers: 2, width: 64, heads: 4, vocab: 100}
batch: {sequences: 16, length: 32}
cluster: {machine: cs-2, systems: 1}
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a study of a tiny workload and returns its path."""

    def write(text: str, *, workload: str = "tiny.yaml") -> Path:
        (tmp_path / "tiny.yaml").write_text(WORKLOAD, "utf-8")
        file = tmp_path / "studies" / "grid.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"workload: ../{workload}\n{text}", "utf-8")
        return file

    return write


@pytest.fixture
def study(study_file: Callable[..., Path]) -> Callable[[str], Study]:
    """Return a function that loads a study of a tiny workload."""
    return lambda text: load_study(study_file(text))
