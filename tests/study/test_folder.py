from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.errors import InputError
from wsesim.study import Study, SweepTable, sweep, write_sweep

FILES = ["sweep.csv", "sweep.html", "sweep.json"]


@pytest.fixture
def table(study: Callable[[str], Study]) -> SweepTable:
    return sweep(study("vary: {batch.sequences: [4, 8]}\n"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_three_files_and_the_same_bytes_again(table: SweepTable, tmp_path: Path) -> None:
    written = write_sweep(table, tmp_path / "deep" / "out")
    assert sorted(path.name for path in written) == FILES == names(tmp_path / "deep" / "out")
    again = write_sweep(table, tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_a_sweep_is_replaced_only_if_told(table: SweepTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_sweep(table, out)
    (out / "sweep.csv").write_text("old")
    with pytest.raises(InputError, match="existing run folder; pass --force"):
        write_sweep(table, out)
    assert (out / "sweep.csv").read_text() == "old"
    write_sweep(table, out, overwrite=True)
    assert (out / "sweep.csv").read_text() == table.to_csv()
    assert names(out) == FILES
    assert names(tmp_path) == ["out", "studies", "tiny.yaml"]


def test_what_no_sweep_wrote_is_left_alone(table: SweepTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis\.tex"):
        write_sweep(table, out, overwrite=True)
    with pytest.raises(InputError, match="is a file"):
        write_sweep(table, out / "thesis.tex", overwrite=True)
    assert names(out) == ["thesis.tex"]


def test_an_empty_folder_is_taken(table: SweepTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_sweep(table, out)
    assert names(out) == FILES


def test_a_failure_is_said(table: SweepTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    write_sweep(table, out)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="no space left on device"):
        write_sweep(table, out, overwrite=True)
    assert names(tmp_path) == ["out", "studies", "tiny.yaml"]
