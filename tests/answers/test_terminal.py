import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wsesim.answer import Choice, Comparison, NotAnswered, Result, Table
from wsesim.answers import print_comparison, print_result
from wsesim.answers.printer import Printer

STEERS = "\x1b[31mred [bold]not[/bold] \x07 [/] \x9b2J \x1b]0;title\x07 \u202e"


def printed(shown: Result | Comparison, width: int = 80) -> str:
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    if isinstance(shown, Comparison):
        print_comparison(shown, console)
    else:
        print_result(shown, console, folder=Path("runs/one"))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def in_ascii(shown: Result | Comparison) -> str:
    raw = BytesIO()
    out = TextIOWrapper(raw, encoding="ascii", newline="\n")
    console = Console(file=out, width=80, color_system=None, legacy_windows=False)
    if isinstance(shown, Comparison):
        print_comparison(shown, console)
    else:
        print_result(shown, console)
    out.flush()
    return raw.getvalue().decode("ascii")


def test_every_result_reads_as_agreed(
    cases: dict[str, Callable[[], Result]], golden: Callable[[str, str], None]
) -> None:
    for name, case in cases.items():
        golden(f"answers/{name}.txt", printed(case()))


def test_a_comparison_reads_as_agreed(comparison: Comparison, golden: Callable[[str, str], None]) -> None:
    golden("answers/levels.txt", printed(comparison))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_or_loses_words(any_result: Result, width: int) -> None:
    lines = printed(any_result, width).splitlines()
    assert max(map(len, lines)) <= max(width, len("Report  runs/one/report.html"))
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("align", ["lrr", "frl", "lrf", "rrr"])
def test_a_table_too_wide_folds_and_loses_nothing(width: int, align: str) -> None:
    cells = ("a_long_name_of_an_op.of_a_layer", "1,234,567,890,123,456", "words that go on and on, and on after that")
    out = StringIO()
    Printer(Console(file=out, width=width, color_system=None, legacy_windows=False)).grid(
        [[(cell, "") for cell in cells]] * 3, align
    )
    assert Counter(out.getvalue().replace(" ", "").replace("\n", "")) == Counter(
        "".join(cells * 3).replace(" ", "")
    )  # fmt: skip
    assert max(map(len, out.getvalue().splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_comparison_fits_the_terminal(comparison: Comparison, width: int) -> None:
    assert max(map(len, printed(comparison, width).splitlines())) <= width


def test_what_does_not_fit_has_no_speed(misfit: Result) -> None:
    text = printed(misfit)
    for word in ("per second", "MFU", "energy", "faster", " ms"):
        assert word not in text
    assert "It does not fit." in text
    assert "13.3 KiB over" in text


def test_what_is_noted_and_what_is_not_read_is_said(result: Result) -> None:
    text = printed(result)
    assert "Note: The head is mapped as one kernel." in text
    assert "Note: Given, and not read by this question: hardware.core.queue_depth." in text


def test_names_cannot_steer_the_terminal(make: Callable[..., Result]) -> None:
    table = Table(name="t", title=STEERS, columns=("what", STEERS), rows=((STEERS, STEERS),))
    run = make(title=STEERS + "\n\n", facts={"model": {"name": STEERS}}, tables=(table,), notes=(STEERS,))
    text = printed(run)
    assert not set(text) & set("\x1b\x07\x9b\u202e")
    assert "[bold]not[/bold]" in text
    assert "\n\n\n" not in text


@given(st.text())
def test_whatever_is_printed_stays_on_its_lines_and_is_printable(words: str) -> None:
    out = StringIO()
    to = Printer(Console(file=out, width=80, color_system=None, legacy_windows=False))
    to.line((words, "bold"))
    to.grid([((words, ""), ("1", ""))], "lr")
    assert all(sign.isprintable() or sign in "\n\N{NO-BREAK SPACE}" for sign in out.getvalue())


def test_a_terminal_without_unicode_gets_plain_signs(result: Result, comparison: Comparison) -> None:
    text = in_ascii(result)
    assert "====" in text
    assert "fp16 x fp16 -> fp32" in text
    assert "?" not in text.replace("tokens?", "")
    assert "?" not in in_ascii(comparison)


def test_micro_is_u_in_tables_too(make: Callable[..., Result]) -> None:
    table = Table(name="t", title="T", columns=("what", "seconds"), rows=(("a", 12e-6),))
    assert "12 us" in in_ascii(make(tables=(table,)))


def test_colour_marks_causes_when_there_is_colour(result: Result) -> None:
    out = StringIO()
    print_result(result, Console(file=out, width=80, force_terminal=True, color_system="truecolor"))
    assert "\x1b[38;2;" in out.getvalue()


def test_without_verification_that_is_said(make: Callable[..., Result]) -> None:
    assert "Verification not run" in printed(make(verification=None))


def test_wrong_values_are_said(kernel: Callable[..., Result]) -> None:
    assert "Values right" in printed(kernel())
    assert "Values WRONG" in printed(kernel(right=False))


def test_columns_without_room_are_on_the_file_and_the_first_and_the_remark_stay(make: Callable[..., Result]) -> None:
    columns = ("what", *(f"column_{number}_share" for number in range(12)), "note")
    rows = (("attention.scores.backward", *[0.5] * 12, "no core program for what it does"),)
    said = printed(make(tables=(Table(name="many", title="Many", columns=columns, rows=rows),)))
    row = next(line for line in said.splitlines() if line.startswith("attention.scores.backward "))
    assert "no core program" in row
    left = re.search(r"([0-9]+) more columns in many.csv", said)
    assert left
    assert row.count("50.0 %") == 12 - int(left[1])
    assert max(map(len, said.splitlines())) <= 100


def test_long_tables_name_the_file_that_has_the_rest(make: Callable[..., Result]) -> None:
    table = Table(name="many", title="Many", columns=("row",), rows=tuple((row,) for row in range(40)))
    assert "24 more rows in many.csv" in printed(make(tables=(table,)))


def test_the_first_note_of_a_comparison_comes_first(comparison: Comparison) -> None:
    lines = printed(comparison).splitlines()
    assert lines[2] == "Measured steps support the system level."


def test_a_level_without_an_answer_says_why(comparison: Comparison) -> None:
    text = printed(replace(comparison, outcomes={**comparison.outcomes, "cores": NotAnswered(why="No such cores.")}))
    assert "cores has no answer: No such cores." in text
    assert "10.3 %" not in text


def test_a_choice_says_what_the_next_best_would_have_given(make: Callable[..., Result]) -> None:
    words = " ".join(printed(make()).split())
    assert (
        "Passes chosen by one step, 200 ms: 1 pass of 120 sequences; next best: 2 passes of 60 sequences, 250 ms."
        in words
    )


def test_a_choice_of_one_is_said_to_be_one(make: Callable[..., Result]) -> None:
    only = Choice(what="passes", chosen="1 pass", figure="step_s", value=0.2)
    assert "1 pass; nothing else fits what is set." in " ".join(printed(make(choices=(only,))).split())
