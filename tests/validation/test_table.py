"""Reading a table, and what is said about one that cannot be read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from wsesim.cli import cli
from wsesim.errors import InputError, Problem
from wsesim.validation.rows import COLUMNS, OPTIONAL, read_table

WriteTable = Callable[..., Path]


def _problem(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read_table(path)
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    return problem


def test_a_row_keeps_every_column(write_table: WriteTable) -> None:
    (row,) = read_table(write_table({"id": "a", "value": "1.5e2"}))
    assert (row.id, row.metric, row.value, row.unit) == ("a", "training throughput", 150.0, "samples/s")
    assert row.cells.keys() == {*COLUMNS, *OPTIONAL}


def test_cells_are_numbers_or_nothing(write_table: WriteTable) -> None:
    cells = {"layers": "12", "d_model": "768.0", "n_heads": "", "d_head": "64.5", "d_ffn": "4 x d", "vocab": "inf"}
    (row,) = read_table(write_table(cells))
    assert [row.whole(name) for name in cells] == [12, 768, None, None, None, None]
    assert [row.number(name) for name in cells] == [12, 768, None, 64.5, None, None]


def test_columns_may_stand_in_any_order_and_others_beside_them(write_table: WriteTable) -> None:
    usual, turned = (read_table(write_table({}, columns=columns)) for columns in (COLUMNS, ("more", *COLUMNS[::-1])))
    assert usual == turned


def test_a_byte_order_mark_and_line_ends_of_windows_are_read(write_table: WriteTable) -> None:
    assert [row.id for row in read_table(write_table({"id": "a"}, {"id": "b"}, encoding="utf-8-sig"))] == ["a", "b"]


def test_a_cell_may_hold_lines_quotes_and_strange_spaces(write_table: WriteTable) -> None:
    note = 'two\nlines, "quoted"\x85\u2028and a tab\t'
    (row,) = read_table(write_table({"notes": note}))
    assert row.cells["notes"] == note


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(write_table: WriteTable, column: str) -> None:
    problem = _problem(write_table({}, columns=tuple(name for name in COLUMNS if name != column)))
    assert f"the column {column!r} is missing" in problem.message
    assert problem.line == 1


def test_columns_that_may_be_missing_are_empty(write_table: WriteTable) -> None:
    (row,) = read_table(write_table({"software": "R2.0.3"}, columns=COLUMNS))
    assert [row.cells[name] for name in OPTIONAL] == [""] * len(OPTIONAL)


def test_a_misspelt_column_is_guessed(write_table: WriteTable) -> None:
    columns = tuple("d_modell" if name == "d_model" else name for name in COLUMNS)
    assert _problem(write_table({}, columns=columns)).message == (
        "the column 'd_model' is missing, did you mean 'd_modell'?"
    )


@pytest.mark.parametrize("value", ["", "fast", "nan", "inf", "-3", "0", "3,5"])
def test_a_bad_value_is_shown_with_its_line(write_table: WriteTable, value: str) -> None:
    problem = _problem(write_table({"id": "a"}, {"id": "b", "notes": "two\nlines"}, {"value": value}))
    assert problem.message == f"value = {value!r} is not a number above zero"
    assert problem.line == 5


def test_an_empty_table_and_one_without_rows(write_table: WriteTable, tmp_path: Path) -> None:
    assert _problem(write_table()).message == "the table has no rows"
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "the column 'id' is missing" in _problem(empty).message


@pytest.mark.parametrize("text", ['id,"system\n', 'id,"a"b\n', "id\0,system\n"])
def test_a_header_that_is_no_csv(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(text)
    message = _problem(path).message
    assert message.startswith(("not a CSV table: ", "the column"))


def test_a_row_that_is_no_csv(write_table: WriteTable) -> None:
    path = write_table({})
    path.write_text(path.read_text("utf-8") + 'b,"CS-2', encoding="utf-8")
    problem = _problem(path)
    assert problem.message.startswith("not a CSV table: ")
    assert problem.line == 3


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("id,größe\n".encode("latin-1"))
    problem = _problem(path)
    assert "is not UTF-8" in problem.message
    assert (problem.line, problem.column) == (1, 6)


def test_not_there_and_not_a_file(tmp_path: Path) -> None:
    assert _problem(tmp_path / "no.csv").message == "no such file"
    assert _problem(tmp_path).message == "is a folder, not a table"


def test_the_table_of_the_package_is_whole() -> None:
    rows = read_table()
    assert len({row.id for row in rows}) == len(rows) == 116


def test_two_rows_of_one_id_are_refused(write_table: WriteTable) -> None:
    problem = _problem(write_table({"id": "a"}, {"id": "b"}, {"id": "a"}))
    assert (problem.line, problem.message) == (4, "the id 'a' is that of the row in line 2, too; name each row once")


def test_why_rows_of_a_table_were_not_run_is_printed(write_table: WriteTable) -> None:
    table = write_table(*({"id": f"r{number}", "phase": "baking"} for number in range(12)))
    found = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["validate", "--table", str(table)], prog_name="wsesim")
    assert found.exit_code == 2
    assert "\nr9: baking: not simulated\nand 2 more\n" in found.stdout
    assert found.stderr.endswith(
        "rows.csv: error: none of its 12 rows could be run; the first: baking: not simulated\n"
    )
    in_json = CliRunner().invoke(cli, ["validate", "--table", str(table), "--json"], prog_name="wsesim")
    (problem,) = json.loads(in_json.stdout)["problems"]
    assert "none of its 12 rows could be run" in problem["message"]
