"""Files of a sweep; how folders are guarded is tested with `wsesim.answers.folder`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.errors import InputError
from wsesim.study import FILES, Study, SweepTable, sweep, write_sweep


@pytest.fixture
def table(study: Callable[[str], Study]) -> SweepTable:
    return sweep(study("vary: {batch.sequences: [4, 8]}\n"))


def test_three_files_and_the_same_bytes_again(table: SweepTable, tmp_path: Path) -> None:
    written = write_sweep(table, tmp_path / "deep" / "out")
    assert tuple(path.name for path in written) == FILES
    again = write_sweep(table, tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    assert json.loads(written[2].read_text("utf-8"))["points"]["ok"] == 2


def test_a_sweep_is_replaced_only_if_told(table: SweepTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_sweep(table, out)
    with pytest.raises(InputError, match="existing run folder; pass --force"):
        write_sweep(table, out)
    write_sweep(table, out, overwrite=True)
    assert (out / "sweep.csv").read_text() == table.to_csv()


def test_what_no_sweep_wrote_is_left_alone(table: SweepTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis\.tex"):
        write_sweep(table, out, overwrite=True)
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]
