from pathlib import Path
from typing import Any

import pytest

import wsesim
from wsesim.questions.base import Question

TINY: dict[str, Any] = {
    "model": {"layers": 1, "width": 16, "heads": 2, "vocab": 64}, "batch": {"sequences": 1, "length": 8},
    "cluster": "cs-2",
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a small question."""
    found = tmp_path / "tiny.yaml"
    found.write_text(
        "model: {layers: 1, width: 16, heads: 2, vocab: 64}\nbatch: {sequences: 1, length: 8}\ncluster: cs-2\n"
    )
    return found


@pytest.fixture(scope="session")
def tiny() -> Question:
    """Return the same as a question."""
    return wsesim.load(TINY)
