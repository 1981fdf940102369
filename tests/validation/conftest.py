"""Tables of measurements, written for a test."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.rows import models_report

from wsesim.validation.rows import COLUMNS, OPTIONAL, Measurement, read_table
from wsesim.validation.score import ModelValidation

WriteTable = Callable[..., Path]
ReadRow = Callable[..., Measurement]
ALL = (*COLUMNS, *OPTIONAL)
ROW: Mapping[str, str] = {
    "id": "one", "system": "CS-2", "n_systems": "1", "phase": "training", "model": "GPT-2 small", "n_params_b": "0.124",
    "layers": "12", "d_model": "768", "n_heads": "12", "n_kv_heads": "12", "d_head": "64", "d_ffn": "3072",
    "ffn_type": "gelu", "vocab": "50257", "seq_len": "512", "batch_global": "24", "micro_batch": "",
    "precision": "16-bit mixed", "sparsity": "dense", "metric": "training throughput", "value": "400",
    "unit": "samples/s", "notes": "", "device_cycles": "", "software": "", "source": "",
}  # fmt: skip


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Return a function that writes rows, each a change of one good row, and returns the path."""

    def write(*rows: Mapping[str, str], columns: tuple[str, ...] = ALL, encoding: str = "utf-8") -> Path:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**ROW, **row} for row in rows)
        return path

    return write


@pytest.fixture
def row_of(write_table: WriteTable) -> ReadRow:
    """Return a function that reads one row, a change of the good one."""

    def read(**cells: str) -> Measurement:
        (row,) = read_table(write_table(cells))
        return row

    return read


@pytest.fixture(scope="session")
def measured() -> ModelValidation:
    """Return the table of the package, run once."""
    found: ModelValidation = models_report().validation
    return found
