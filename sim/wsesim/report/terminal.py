"""The summary on the terminal: the answer first, then why, in 80 columns and without colour as well."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wsesim.report import resident, text, views
from wsesim.report.plain import answers
from wsesim.result import Answers, Metrics, Result, ServingMetrics, Status

_WIDEST = 100
_ROOMY = 76
"""Columns below which every column of a table may fold."""
_LONGEST_LABEL = 44
_BAR = 24
_OPS = 8
_GAPS = 5
_ASCII = str.maketrans(
    {"×": "x", "·": "-", "µ": "u", "→": "->", "━": "=", "╸": "-", "³": "3", "\N{NO-BREAK SPACE}": " "}
)

Cell = tuple[str, str]
"""What to print, and its style."""


def print_summary(result: Result, console: Console, *, folder: Path | None = None) -> None:
    """Print the answer, what limits it and where the time goes; *folder* is named as where the report is."""
    page = _Page(console)
    page.line(("\n" + result.title, "bold"))
    page.line((_asked(result), "dim"))
    metrics = answers(result)
    if metrics is None:
        page.line(("\nIt does not fit. ", "bold red"), (result.why, ""))
    else:
        _answers(page, result, metrics)
        if isinstance(metrics, Metrics):
            _bound(page, result, metrics)
        if isinstance(metrics, ServingMetrics):
            _percentiles(page, metrics)
        _time(page, result, metrics)
        _job(page, result)
    _memory(page, result)
    _close(page, result, folder)


class _Page:
    """Puts plain text on a console: nothing in it is markup, and nothing in it can steer the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, _WIDEST)
        self._ascii = console.options.ascii_only

    def line(self, *cells: Cell, wrap: bool = True) -> None:
        """Print one paragraph made of *cells*."""
        joined = Text.assemble(*((self._safe(words), style) for words, style in cells))
        if wrap:
            self._console.print(joined, width=self._width, highlight=False)
        else:
            self._console.print(joined, soft_wrap=True, highlight=False)

    def grid(self, rows: Iterable[tuple[Cell, ...]], align: str) -> None:
        """Print *rows* in columns aligned by a letter each: l, r, or f for the one that folds when space is short."""
        table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        roomy = self._width >= _ROOMY
        for letter in align:
            table.add_column(
                justify="right" if letter == "r" else "left", no_wrap=letter != "f" and roomy, overflow="fold"
            )
        for row in rows:
            table.add_row(*(Text(self._safe(words), style=style) for words, style in row))
        self._console.print(table, width=self._width)

    def _safe(self, words: str) -> str:
        kept = "".join(sign if sign.isprintable() or sign in "\n\N{NO-BREAK SPACE}" else "?" for sign in words)
        return kept.translate(_ASCII).encode("ascii", "replace").decode() if self._ascii else kept


def _asked(result: Result) -> str:
    parts = [str(mapping["name"]) for mapping in (result.model, result.machine) if "name" in mapping]
    sequences, length = result.batch.get("sequences"), result.batch.get("length")
    if sequences is not None and length is not None and isinstance(result.metrics, Metrics | None):
        parts.append(f"{text.plural(sequences, 'sequence')} of {text.plural(length, 'token')} a step")
    return " · ".join(parts)


def _answers(page: _Page, result: Result, metrics: Answers) -> None:
    page.line(("", ""))
    page.grid(
        (
            ((found.label, ""), (found.value, "bold"), (found.detail, "dim"))
            for found in views.headline(result, metrics)
        ),
        "lrf",
    )


def _percentiles(page: _Page, metrics: ServingMetrics) -> None:
    rows = resident.percentile_rows(metrics)
    if rows:
        page.line(("\nHow long requests take", "bold"))
        styles = ("dim", *("" for _ in rows[1:]))
        cells = (tuple((cell, style) for cell in row) for row, style in zip(rows, styles, strict=True))
        page.grid(cells, "l" + "r" * (len(rows[0]) - 1))


def _bound(page: _Page, result: Result, metrics: Metrics) -> None:
    page.line((f"MFU = {text.mfu(trains=metrics.trains)}.", "dim"))
    ranked = views.gap(result, metrics)
    named = [f"{step.label} {step.value}" for step in ranked[:_GAPS]]
    if len(ranked) > _GAPS:
        named.append(f"{len(ranked) - _GAPS} more")
    on_top = f" On top come: {', '.join(named)}." if named else ""
    page.line(
        (f"\nThe bound is {text.seconds(metrics.bound_s)}", "bold"),
        (f" ({text.BOUND}); this step takes {text.seconds(metrics.step_s)}.{on_top}", ""),
    )


def _time(page: _Page, result: Result, metrics: Answers) -> None:
    described = views.causes(result)
    longest = max(metrics.wafer_s.values(), default=0.0)
    page.line(("\nWhere the time goes", "bold"))
    page.grid(
        (((described[cause].label, ""), (_bar(spent, longest), described[cause].dark), (text.seconds(spent), ""),
          (text.percent(spent / metrics.total_s), ""))
         for cause, spent in text.ranked(metrics.wafer_s)),
        "flrr",
    )  # fmt: skip
    ops = sorted(result.ops, key=lambda op: -op.seconds)[:_OPS]
    if ops:
        page.line(("\nLongest ops", "bold"))
        page.grid(
            (((op.name, ""), (f"{op.block}, {op.phase}", "dim"), (text.seconds(op.seconds), ""),
              (text.percent(op.seconds / metrics.total_s), ""), (described[op.bound].label, "dim"))
             for op in ops),
            "flrrl",
        )  # fmt: skip


def _bar(part: float, whole: float) -> str:
    halves = round(2 * _BAR * part / whole) if whole > 0 else 0
    return "━" * (halves // 2) + "╸" * (halves % 2) or "╸"


def _job(page: _Page, result: Result) -> None:
    if result.job:
        page.line(("\nBefore and beside the steps", "bold"))
        page.grid(
            (((cost.what, ""), (text.seconds(cost.seconds), ""), (cost.note, "dim")) for cost in result.job), "lrf"
        )


def _memory(page: _Page, result: Result) -> None:
    memory = views.memory(result)
    if memory is None:
        return
    page.line(
        ("\nMemory of a core", "bold"), (f"  {memory.used} of {memory.limit}: ", ""),
        (memory.verdict, "bold red" if memory.over else ""),
    )  # fmt: skip
    first = "l" if max(len(use.label) for use in memory.bar) <= _LONGEST_LABEL else "f"
    page.grid((((use.label, ""), (use.value, ""), (use.meaning, "dim")) for use in memory.bar), f"{first}rf")


def _close(page: _Page, result: Result, folder: Path | None) -> None:
    check = result.verification
    if check is not None:
        scope = f" ({check.reduced})" if check.reduced else ""
        errors = f": largest error {text.error(check.max_error)}, allowed {text.error(check.tolerance)}"
        page.line(
            ("\nVerification ", "bold"),
            (text.verified(check.ok), "" if check.ok else "bold red"),
            (f"{errors}, against float64{scope}", ""),
        )
    elif result.status is Status.OK:
        page.line(("\nVerification ", "bold"), ("not run", ""))
    if result.cost is not None:
        page.line(
            (f"\nSimulated {text.plural(result.cost.events, 'event')} in {text.seconds(result.cost.cpu_s)} of CPU time",
             "dim")
        )  # fmt: skip
    if folder is not None:
        page.line(("\nReport  ", "bold"), ((folder / "report.html").as_posix(), ""), wrap=False)
