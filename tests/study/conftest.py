"""Studies of a model so small that a point takes milliseconds, and of a kind of question that is defined here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy

import pytest

from wsesim import questions
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
def kernel_study(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a study of a kernel, whose points take least, and returns its path."""

    def write(text: str) -> Path:
        question = "kernel: allreduce-2d\ncluster: cs-2\ngrid: [8, 8]\nshape: [64]\n"
        (tmp_path / "kernel.yaml").write_text(question, "utf-8")
        file = tmp_path / "clocks.yaml"
        file.write_text(f"workload: kernel.yaml\nlevel: closed\n{text}", "utf-8")
        return file

    return write


@pytest.fixture
def study(study_file: Callable[..., Path]) -> Callable[[str], Study]:
    """Return a function that loads a study of a tiny workload."""
    return lambda text: load_study(study_file(text))


@pytest.fixture
def toy_file(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that writes a study of a kind of question in a folder of our own, and returns its path."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    copy(Path(__file__).with_name("toy.py"), folder / "toy_of_studies.py")
    questions.__path__.append(str(folder))

    def write(text: str) -> Path:
        (tmp_path / "toy.yaml").write_text(
            "toy: counter\ngrid: [2, 3]\ncluster: {machine: cs-2, systems: 1}\n", "utf-8"
        )
        file = tmp_path / "counts.yaml"
        file.write_text(f"workload: toy.yaml\n{text}", "utf-8")
        return file

    yield write
    questions.__path__.remove(str(folder))


@pytest.fixture
def toy_study(toy_file: Callable[[str], Path]) -> Callable[[str], Study]:
    """Return a function that loads a study of a kind of question of our own."""
    return lambda text: load_study(toy_file(text))
