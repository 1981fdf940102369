from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.console import Console

from wsesim.report import print_summary
from wsesim.result import Result

GOLDEN = Path(__file__).parents[1] / "golden"


def printed(result: Result, width: int = 80) -> str:
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    print_summary(result, console, folder=Path("runs/one"))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


@pytest.mark.parametrize("case", ["result", "misfit"])
def test_the_summary_reads_as_agreed(case: str, request: pytest.FixtureRequest) -> None:
    text = printed(request.getfixturevalue(case))
    golden = GOLDEN / f"summary-{case}.txt"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_or_loses_words(result: Result, width: int) -> None:
    lines = printed(result, width).splitlines()
    assert max(map(len, lines)) <= max(width, len("Report  runs/one/report.html"))
    assert "1,574,663" in "".join(lines)
    assert not any("…" in line for line in lines)


def test_what_does_not_fit_has_no_speed(misfit: Result) -> None:
    text = printed(misfit)
    for word in ("per second", "MFU", "energy", "faster", " ms"):
        assert word not in text
    assert "It does not fit." in text
    assert "13.3 KiB over" in text


def test_names_cannot_steer_the_terminal(make: Callable[..., Result]) -> None:
    text = printed(make(title="\x1b[31mred [bold]not[/bold] \x07 [/]", model={"name": "\x1b]0;x\x07"}))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]not[/bold]" in text


def test_a_terminal_without_unicode_gets_plain_signs(result: Result) -> None:
    raw = BytesIO()
    out = TextIOWrapper(raw, encoding="ascii", newline="\n")
    print_summary(result, Console(file=out, width=80, color_system=None, legacy_windows=False))
    out.flush()
    text = raw.getvalue().decode("ascii")
    assert "====" in text
    assert "fp16 x fp16 -> fp32" in text
    assert "?" not in text.replace(result.title, "").replace("tokens?", "")


def test_colour_marks_causes_when_there_is_colour(result: Result) -> None:
    out = StringIO()
    print_summary(result, Console(file=out, width=80, force_terminal=True, color_system="truecolor"))
    assert "\x1b[38;2;" in out.getvalue()


def test_without_verification_that_is_said(make: Callable[..., Result]) -> None:
    assert "Verification not run" in printed(make(verification=None))
