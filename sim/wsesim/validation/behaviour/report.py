"""What-ifs for people and programs: a table in the terminal, JSON, and a page with a picture of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.answers import text
from wsesim.validation.behaviour.asking import Behaved
from wsesim.validation.text import print_table

if TYPE_CHECKING:
    from rich.console import Console

FILE = "behaviour.html"
_HEAD = ("what if", "figure", "first", "last", "expected", "is so")


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourReport:
    """What-ifs asked, ready to be shown."""

    found: tuple[Behaved, ...]

    def to_dict(self) -> dict[str, object]:
        """Return `what_ifs` as plain data: question, changes, answers, expectations and whether they hold."""
        return {"what_ifs": [_plain(each) for each in self.found]}

    def print(self, console: Console) -> None:
        """Print a line for each, and how many are as expected."""
        from wsesim.answers.printer import Printer

        to = Printer(console)
        print_table(
            to, "What an expert asks first", _HEAD, map(_line, self.found), left=("figure", "expected", "is so")
        )
        to.line((self.told, ""))

    @property
    def told(self) -> str:
        """How many are as expected, in a sentence."""
        return f"{sum(each.as_expected for each in self.found)} of {len(self.found)} answers move as physics says."

    def files(self) -> dict[str, bytes]:
        """Return the page, by its name."""
        from wsesim.answers.page import templates

        page = {"version": __version__, "told": self.told, "shown": [_shown(each) for each in self.found], "causes": ()}
        return {FILE: templates("wsesim.validation").get_template("behaviour.html.j2").render(page).encode()}


def _plain(each: Behaved) -> dict[str, object]:
    what = each.what_if
    return {
        "title": what.title, "because": what.because, "asked": what.ask, "figure": what.figure, "level": what.level,
        "answers": [{**change, what.figure: answer} for change, answer in zip(what.vary, each.answers, strict=True)],
        "expected": [{"what": str(one), "holds": holds} for one, holds in each.checks], "holds": each.as_expected,
    }  # fmt: skip


def _line(each: Behaved) -> tuple[str, ...]:
    figure = each.what_if.figure
    expected = "; ".join(str(one) for one, _ in each.checks)
    ends = (_value(figure, each.answers[end]) for end in (0, -1))
    return (each.what_if.title, figure, *ends, expected, "yes" if each.as_expected else "NO")


def _shown(each: Behaved) -> Mapping[str, object]:
    """What the page needs of one: rows of change, answer, and the answer's share of the largest."""
    figure = each.what_if.figure
    most = max((answer for answer in each.answers if answer is not None), default=1.0)
    rows = [
        (_change(change), _value(figure, answer), (answer or 0.0) / most)
        for change, answer in zip(each.what_if.vary, each.answers, strict=True)
    ]
    return {
        "title": each.what_if.title, "because": each.what_if.because, "asked": each.title, "figure": figure,
        "rows": rows, "checks": [(str(one), holds) for one, holds in each.checks],
    }  # fmt: skip


def _change(change: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in change.items()
    )


def _value(figure: str, answer: float | None) -> str:
    return "no answer" if answer is None else text.shown(figure, answer)
