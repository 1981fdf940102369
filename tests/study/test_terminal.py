import io
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console

from wsesim.study import Study, SweepTable, print_table, sweep
from wsesim.study.output import MOST_PRINTED as MOST_ROWS
from wsesim.study.output import MOST_REASONS_PRINTED as MOST_REASONS


def printed(table: SweepTable, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_table(table, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_a_point_and_why_some_are_missing(study: Callable[[str], Study]) -> None:
    found = study(
        "question: How '[bold]fast[/bold]'?\nfigures: [mfu, passes]\n"
        "vary: {hardware.core.sram: [2049 B, 48 KiB], cluster.systems: [1, 193]}\n"
    )
    text = printed(sweep(found))
    assert "How '[bold]fast[/bold]'?" in text
    assert f"As stated, before anything varies: {found.base.title}" in " ".join(text.split())
    assert ["hardware.core.sram", "cluster.systems", "MFU", "passes"] in [line.split() for line in text.splitlines()]
    assert "48 KiB                1" in text
    assert "1 of 4 points: does not fit: " in text
    assert "2 of 4 points: cannot be run: cluster.systems must be at most 192 on CS-2, got 193" in text


def test_parameters_with_the_same_values_are_one_column(study: Callable[[str], Study]) -> None:
    text = printed(
        sweep(study("vary: {batch.sequences: [4], batch.length: [4]}\ntogether: [batch.sequences, batch.length]\n"))
    )
    assert "Varied together: batch.sequences = batch.length." in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith("batch")] == ["batch.sequences"]


def test_what_is_set_at_every_point_is_said(study: Callable[[str], Study]) -> None:
    text = printed(sweep(study("set: {batch.length: 1024}\nvary: {batch.sequences: [4]}\nfigures: [mfu]\n")))
    assert "Changed in it: batch.length = 1,024." in " ".join(text.split())


def test_nothing_steers_the_terminal(study: Callable[[str], Study]) -> None:
    text = printed(sweep(study('question: "a\\e[31mb\\a"\nvary: {batch.sequences: [4]}\n')))
    assert "a\\x1b[31mb\\x07" in text
    assert "\x1b" not in text


def test_long_tables_are_cut_short(study: Callable[[str], Study]) -> None:
    table = sweep(study("vary: {hardware.core.sram: [2049 B]}\n"))
    rows = tuple(replace(table.rows[0], why=f"reason {number}.") for number in range(MOST_ROWS + 3))
    text = printed(SweepTable(study=table.study, rows=rows))
    assert "3 more rows stand in sweep.csv" in text
    assert f"{MOST_ROWS + 3 - MOST_REASONS} more reasons stand in sweep.csv" in text


def test_ascii_consoles_get_ascii(study: Callable[[str], Study]) -> None:
    table = sweep(
        study("question: 'How fast – 3 µs?'\nvary: {batch.sequences: [1, 2]}\nfigures: [step_s, mfu, spent.fmac]\n")
    )
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", errors="strict"), width=120, highlight=False)
    print_table(table, console)
    console.file.flush()
    text = raw.getvalue().decode("ascii")
    assert "How fast - 3 us?" in text
    assert " us" in text.partition("FMAC")[2]
    assert "?s" not in text


def test_what_had_no_effect_stands_below(study: Callable[[str], Study]) -> None:
    text = printed(sweep(study("vary: {hardware.fabric.colors: [8, 24]}\nfigures: [step_s]\nlevel: closed\n")))
    assert "Note: Not read by this question: hardware.fabric.colors." in text
    assert "Level closed." in text


def test_lists_are_printed_as_sizes(toy_study: Callable[[str], Study]) -> None:
    assert "4 x 4" in printed(sweep(toy_study("vary: {grid: [[4, 4], [8, 8]]}\n")))
