"""Reports of estimates of GPUs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.answers.keeping import keeps_to

from wsesim.answers.plain import plain_data
from wsesim.errors import InputError
from wsesim.gpus import COLUMNS, packaged_rows
from wsesim.validation import gpus_report, schemas, why_none_run, write_report
from wsesim.validation.gpus.left_out import MOST, calibrated


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three series, and a row that cannot be estimated."""
    rows = [dict(row.cells) for row in packaged_rows() if row["group"] in ("SELREC", "LLAMA3")]
    rows.append({**rows[0], "id": "no-such", "gpu": "abacus"})
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_table_of_one_s_own(table: Path, tmp_path: Path) -> None:
    found = gpus_report(table, sensitivity=True)
    form = found.to_dict()
    assert isinstance(form["rows"], list)
    assert len(form["rows"]) == 14
    assert keeps_to(plain_data(form), schemas()["validate_gpus"])
    assert {one.name for one in found.left_out} == {one.name for one in found.series}
    (path,) = write_report(found, tmp_path / "out")
    text = path.read_text("utf-8")
    assert "LLAMA3" in text
    assert "no-such" in text
    assert "'abacus' is not known" in text
    assert list(found.left) == ["no-such"]
    assert not why_none_run(found)
    assert why_none_run(replace(found, scores=found.scores[-1:])).startswith(
        "none of its 1 row could be run; the first: the GPU 'abacus' is not known"
    )


def test_constants_are_few() -> None:
    assert 0 < len(calibrated()) <= MOST


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,gpu\na,h100\n")
    with pytest.raises(InputError, match="n_gpus"):
        gpus_report(path)
