import io
from collections.abc import Callable, Mapping

import pytest

from wsesim.answer import Answer, Result, Table
from wsesim.answers.files import files_of, ops_csv, table_csv


def test_pandas_reads_the_ops(answer: Answer) -> None:
    import pandas as pd

    table = pd.read_csv(io.BytesIO(ops_csv(answer.ops)), keep_default_na=False)
    assert len(table) == len(answer.ops)
    for (_, row), op in zip(table.iterrows(), answer.ops, strict=True):
        for name in ("block", "phase", "name", "kind", "calls", "flops", "cycles", "bound", "sram_bytes"):
            assert row[name] == getattr(op, name)
        assert row["seconds"] == op.seconds
        assert {cause: row[f"cycles_{cause}"] for cause in op.parts} == op.parts


def test_the_causes_of_an_op_sum_to_its_cycles(answer: Answer) -> None:
    import pandas as pd

    table = pd.read_csv(io.BytesIO(ops_csv(answer.ops)))
    assert list(table.filter(like="cycles_").sum(axis=1)) == pytest.approx(list(table["cycles"]))


def test_a_table_keeps_every_digit_and_leaves_empty_what_is_not_there() -> None:
    table = Table(name="t", title="T", columns=("what", "p50_s"), rows=(("a, b", 0.1 + 0.2), ("c", None)))
    assert table_csv(table) == b'what,p50_s\n"a, b",0.30000000000000004\nc,\n'


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("training", ["report.html", "result.json", "ops.csv", "timeline.json.gz", "job.csv"]),
        ("misfit", ["report.html", "result.json"]),
        ("refused", ["report.html", "result.json"]),
        ("request", ["report.html", "result.json", "timeline.json.gz"]),
        ("serving", ["report.html", "result.json", "percentiles.csv", "requests.csv"]),
        ("kernel", ["report.html", "result.json", "trace.json", "activity.gif"]),
    ],
)
def test_there_is_a_file_for_what_there_is(
    case: str, names: list[str], cases: Mapping[str, Callable[[], Result]]
) -> None:
    assert list(files_of(cases[case]())) == names


def test_two_files_of_one_name_are_refused(make: Callable[..., Result]) -> None:
    table = Table(name="ops", title="Ops", columns=("a",), rows=())
    with pytest.raises(ValueError, match=r"two files of an answer are called ops\.csv"):
        files_of(make(tables=(table,)))


def test_files_of_an_answer_are_made_when_written(make: Callable[..., Result]) -> None:
    made: list[str] = []

    def content() -> bytes:
        made.append("a.txt")
        return b"a"

    run = make(files={"a.txt": content})
    assert made == []
    assert files_of(run)["a.txt"] == b"a"
    assert made == ["a.txt"]
