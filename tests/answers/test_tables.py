from pathlib import Path

import pandas as pd
import pytest

from wsesim.report import write_ops_csv
from wsesim.result import Result


def test_pandas_reads_what_was_written(result: Result, tmp_path: Path) -> None:
    write_ops_csv(result, tmp_path / "ops.csv")
    table = pd.read_csv(tmp_path / "ops.csv", keep_default_na=False)
    assert len(table) == len(result.ops)
    for (_, row), op in zip(table.iterrows(), result.ops, strict=True):
        for name in ("block", "phase", "name", "kind", "calls", "flops", "cycles", "bound", "sram_bytes"):
            assert row[name] == getattr(op, name)
        assert row["seconds"] == op.seconds
        assert {cause: row[f"cycles_{cause}"] for cause in op.parts} == op.parts


def test_the_causes_of_an_op_sum_to_its_cycles(result: Result, tmp_path: Path) -> None:
    write_ops_csv(result, tmp_path / "ops.csv")
    table = pd.read_csv(tmp_path / "ops.csv")
    by_cause = table.filter(like="cycles_").sum(axis=1)
    assert list(by_cause) == pytest.approx(list(table["cycles"]))


def test_nothing_mapped_leaves_the_header(misfit: Result, tmp_path: Path) -> None:
    write_ops_csv(misfit, tmp_path / "ops.csv")
    text = (tmp_path / "ops.csv").read_text()
    assert text.startswith("block,phase,name,kind,calls,flops,cycles,seconds,bound,")
    assert text.count("\n") == 1
