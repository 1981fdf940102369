"""A validation of estimates of GPUs as JSON, as tables in the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.gpus import GpuScore, SeriesScore, by_series, gpu_named, packaged_scores, spread_of
from wsesim.validation.gpus.left_out import MOST, LeftOutSeries, calibrated
from wsesim.validation.text import Line, document, left_lines, markdown_table, percent, print_table, signed

if TYPE_CHECKING:
    from rich.console import Console

FILE = "validation-gpus.md"
MEDIAN_GOAL, WORST_GOAL = 0.10, 0.25
"""Of steps: how near the series in the middle, and the worst quarter on average, are meant to come."""
TIMED = {
    "step": "Steps of training", "prompt": "Prompts", "request": "Requests that start together",
    "queue": "Queues that never empty, tokens/s",
}  # fmt: skip
_HEAD = ("series", "rows", "bias", "median", "worst", "one utilization")
_SPREAD_HEAD = ("what", "series", "median of series", "worst quarter", "one utilization", "worst quarter ")
_ROW_HEAD = ("row", "measured", "estimated", "unit", "error", "source")
_CONSTANT_HEAD = ("constant", "value", "plausible, and where from")
_LEFT_HEAD = ("series", "constants as all other series set them", "median", "in view")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReport:
    """A validation of estimates, ready to be shown."""

    scores: tuple[GpuScore, ...]
    left_out: tuple[LeftOutSeries, ...] = ()
    """Empty if nobody asked."""
    own: bool = False
    """Whether the rows are of the user's own table: then why some were not run is printed."""

    @property
    def series(self) -> tuple[SeriesScore, ...]:
        """The scores of series."""
        return by_series(self.scores)

    @property
    def rows(self) -> int:
        """How many rows were asked."""
        return len(self.scores)

    @property
    def left(self) -> dict[str, str]:
        """Why rows were not estimated, by row."""
        return {str(score.row["id"]): score.reason for score in self.scores if score.reason}

    def to_dict(self) -> dict[str, object]:
        """Return `rows`, `series`, `constants`, and `left_out` if it was asked for, as plain data."""
        rows = [
            {"id": score.row["id"], "series": score.row.series, "unit": score.unit, "measured": score.measured,
             "estimated": score.estimated, "error": score.error, "constant_error": score.constant_error}
            | ({"reason": score.reason} if score.reason else {})
            for score in self.scores
        ]  # fmt: skip
        found: dict[str, object] = {
            "rows": rows, "series": [asdict(one) for one in self.series], "constants": dict(calibrated())
        }  # fmt: skip
        return found | ({"left_out": [asdict(one) for one in self.left_out]} if self.left_out else {})

    def print(self, console: Console) -> None:
        """Print a line for each series, and what they come to."""
        from wsesim.answers.printer import Printer

        to = Printer(console)
        for timed, title in TIMED.items():
            if lines := _lines(self.series, timed):
                print_table(to, title, _HEAD, lines, left=())
        print_table(to, "All together", _SPREAD_HEAD, _spreads(self.series), left=())
        if self.left_out:
            to.line((_told_left(self.left_out), ""))
        to.line((_told(self.scores), ""))
        for line in left_lines(self.left) if self.own else ():
            to.line((line, ""))

    def files(self) -> dict[str, bytes]:
        """Return everything as Markdown, by the name of its file."""
        parts = ["# Measured and estimated GPUs", _introduction(), *summary(self), *_constants(self.left_out),
                 "## Rows", markdown_table(_ROW_HEAD, map(_row, _estimated(self.scores))),
                 "## Not estimated", markdown_table(("row", "why"), self.left.items())]  # fmt: skip
        return {FILE: document(parts)}


def summary(report: GpuReport) -> Iterator[str]:
    """Yield the tables of series, as parts of a Markdown document."""
    yield markdown_table(_SPREAD_HEAD, _spreads(report.series))
    for timed, title in TIMED.items():
        if lines := _lines(report.series, timed):
            yield f"### {title}"
            yield markdown_table(_HEAD, lines)


def packaged_report() -> GpuReport:
    """Return the scores of the rows that come with the package."""
    return GpuReport(scores=packaged_scores())


def in_short(report: GpuReport) -> Iterator[str]:
    """Yield what all series come to, as a part of another document."""
    yield "## Estimates of GPUs"
    yield (
        "What `wsesim run --gpu` puts beside an answer, against published times (estimated over measured, less one, by "
        "series); `wsesim validate --gpus` has every series and row."
    )
    yield markdown_table(_SPREAD_HEAD, _spreads(report.series))


def _introduction() -> str:
    return (
        f"Written by `wsesim validate --gpus`, version {__version__}. Each row is estimated from its columns: model, "
        "GPUs, layout, precision, the year of its program; what it leaves open is chosen as for anybody. An error is "
        "estimated over measured, less one; step times are compared, never published FLOP/s. Series are rows of one "
        "publication, model, GPU and precision. One utilization is the median of all rows of a GPU and precision, "
        "these rows in view. Goals for steps: the series in the middle "
        f"{100 * MEDIAN_GOAL:g} %, the worst quarter {100 * WORST_GOAL:g} %."
    )


def _lines(series: Sequence[SeriesScore], timed: str) -> list[Line]:
    return [
        (one.name, str(one.rows), signed(one.bias), percent(one.median), percent(one.worst),
         percent(one.constant_median))
        for one in series if one.timed == timed
    ]  # fmt: skip


def _spreads(series: Sequence[SeriesScore]) -> list[Line]:
    return [_spread(title, [one for one in series if one.timed == timed])
            for timed, title in TIMED.items() if any(one.timed == timed for one in series)]  # fmt: skip


def _spread(title: str, series: Sequence[SeriesScore]) -> Line:
    constant = [replace(one, median=one.constant_median) for one in series if one.constant_median is not None]
    beside = map(percent, spread_of(constant)) if constant else ("", "")
    return (title, str(len(series)), *map(percent, spread_of(series)), *beside)


def _estimated(scores: Sequence[GpuScore]) -> Iterator[GpuScore]:
    return (score for score in scores if score.estimated is not None)


def _row(score: GpuScore) -> Line:
    estimated = f"{score.estimated:.5g}"
    return (score.row["id"], f"{score.measured:.5g}", estimated, score.unit, signed(score.error), score.row["source"])


def _constants(left_out: Sequence[LeftOutSeries]) -> Iterator[str]:
    figures = [figure for figure in gpu_named("h100").figures if figure.source == "calibrated"]
    yield "## Constants set with these rows in view"
    yield f"{len(figures)} of at most {MOST}: one value each for all GPUs, models and programs."
    yield markdown_table(_CONSTANT_HEAD, [(figure.name, figure.text, figure.note) for figure in figures])
    if not left_out:
        yield "Errors of each series without a say of its own: `wsesim validate --gpus --sensitivity`."
        return
    yield _told_left(left_out)
    lines = [
        (one.name, ", ".join(f"{name} {value:.3g}" for name, value in one.values.items()), percent(one.median),
         percent(one.median_in_view))
        for one in left_out
    ]  # fmt: skip
    yield markdown_table(_LEFT_HEAD, lines)


def _told_left(left_out: Sequence[LeftOutSeries]) -> str:
    errors = sorted(one.median for one in left_out)
    worst = fmean(errors[int(0.75 * len(errors)) :])
    return (
        "With constants as all other series would set them, one at a time, the series in the middle is off by "
        f"{percent(median(errors))} and the worst quarter by {percent(worst)}."
    )


def _told(scores: Sequence[GpuScore]) -> str:
    left = sum(score.estimated is None for score in scores)
    return f"{len(scores) - left} of {len(scores)} rows were estimated" + (
        "; --json and the report say why the others were not." if left else "."
    )
