"""Answers on the terminal: the answer first, then why, in 80 columns and without colour as well."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from wsesim.answer import Answer, Comparison, Result
from wsesim.answer import Table as AnswerTable
from wsesim.answers import limits, text, views
from wsesim.answers.causes import Cause, causes_of
from wsesim.answers.compared import Compared
from wsesim.answers.printer import Cell, Printer
from wsesim.answers.verdict import verdict
from wsesim.units import plural

_LONGEST_LABEL = 44
_BAR = 24
_OPS = 8
_CAUSES = 6
"""Causes that are printed where not all are asked for."""
_GAPS = 5
_ROWS = 16
"""Rows of a table that are printed; the page and its file have all."""


def print_result(result: Result, console: Console, *, folder: Path | None = None, whole: bool = True) -> None:
    """Print the answer, what limits it and where the time goes; *folder* is named as where the report is.

    Not the *whole*: in some twenty lines, a verdict, the headline, and where most of the time goes.
    """
    to = Printer(console)
    to.line((result.title, "bold"), gap=True)
    if result.answer is None:
        to.line((f"{views.VERDICTS[result.status]} ", "bold red"), (result.why, ""), gap=True)
    else:
        _answer(to, result, result.answer, whole=whole)
    if whole or result.answer is None:
        _memory(to, result)
    _notes(to, result)
    _checks(to, result)
    if result.cost is not None:
        took = f"{plural(result.cost.events, 'event')} in {text.seconds(result.cost.cpu_s)} of CPU time"
        checked_s = result.cost.verification_cpu_s
        checked = f"; numbers verified in {text.seconds(checked_s)}" if checked_s is not None else ""
        to.line((f"Simulated {took}{checked}{'' if whole else '; -v prints all'}", "dim"), gap=True)
    if folder is not None:
        to.line(("Report  ", "bold"), ((folder / "report.html").as_posix(), ""), gap=True, wrap=False)


def _answer(to: Printer, result: Result, answer: Answer, *, whole: bool) -> None:
    causes = causes_of(answer)
    to.line((views.about(answer), "dim"))
    if said := verdict(answer):
        to.line((said, "bold"))
    to.line()
    lines = views.headline(result, answer)
    to.grid((((line.label, ""), (line.value, "bold"), (line.detail, "dim")) for line in lines), "lrf")
    for sentence in (*answer.sentences, *views.choices(result, answer)) if whole else ():
        to.line((sentence, "dim"))
    to.line(("Nearest measured: ", "bold"), (views.nearest(result), "dim"))
    if not whole:
        _time(to, answer, causes, most=_CAUSES)
        _tables(to, [table for table in answer.tables if table.asked])
        return
    _bound(to, answer, causes)
    _time(to, answer, causes)
    _limits(to, answer)
    _tables(to, answer.tables)
    _ops(to, answer, causes)


def _bound(to: Printer, answer: Answer, causes: dict[str, Cause]) -> None:
    if answer.bound is None:
        return
    ranked = views.gap(answer, causes)
    named = [f"{step.label} {step.value}" for step in ranked[:_GAPS]]
    if len(ranked) > _GAPS:
        named.append(f"{len(ranked) - _GAPS} more")
    on_top = f" On top come: {', '.join(named)}." if named else ""
    held = limits.told_above_bound(answer)
    on_top += f" Held by: {held}." if held else ""
    takes = f"this {answer.spent.what if answer.spent else 'run'} takes {text.seconds(views.reached_s(answer))}"
    bound = f"The bound is {text.seconds(answer.bound.seconds)}"
    to.line((bound, "bold"), (f" ({answer.bound.meaning}); {takes}.{on_top}", ""), gap=True)


def _time(to: Printer, answer: Answer, causes: dict[str, Cause], most: int | None = None) -> None:
    if answer.spent is None or answer.spent.total_s <= 0:
        return
    longest_s, held = max(answer.spent.by_cause.values(), default=0.0), limits.told_holders(answer)
    to.line(("Where the time goes", "bold"), gap=True)
    to.grid(
        (((causes[cause].label, ""), (_bar(spent_s, longest_s), causes[cause].dark), (text.seconds(spent_s), ""),
          (text.percent(spent_s / answer.spent.total_s), ""), (held.get(cause, ""), "dim"))
         for cause, spent_s in text.ranked(answer.spent.by_cause)[:most]),
        "flrrl",
    )  # fmt: skip


def _limits(to: Printer, answer: Answer) -> None:
    """Print what each limit, twice as good, would bring."""
    lines = limits.lines(answer)
    if not lines:
        return
    to.line(("What twice as good would bring", "bold"), (", placed as it is", ""), gap=True)
    to.grid((((line.name, ""), (line.saved, ""), (line.share, "")) for line in lines), "frr")
    if none := limits.without_effect(answer):
        to.line((f"next to nothing: {none}", "dim"))


def _bar(part: float, whole: float) -> str:
    halves = round(2 * _BAR * part / whole) if whole > 0 else 0
    return "━" * (halves // 2) + "╸" * (halves % 2) or "╸"


def _tables(to: Printer, tables: Iterable[AnswerTable]) -> None:
    for table in tables:
        _table(to, views.grid(table), rest=f"in {table.name}.csv")


def _table(to: Printer, table: views.Grid, *, rest: str) -> None:
    """Print *table*; its heads only where more than one column holds numbers, as one explains itself by its units."""
    to.line((table.title, "bold"), gap=True)
    rows: list[list[Cell]] = [[(head, "dim") for head in table.heads]] if sum(table.numeric) > 1 else []
    last = len(table.heads) - 1
    folds = not table.numeric[last] and last > 0
    styles = ["dim" if folds and place == last else "" for place in range(last + 1)]
    rows += [list(zip(row, styles, strict=True)) for row in table.rows[:_ROWS]]
    letters = ["r" if numeric else "l" for numeric in table.numeric]
    letters[last if folds else 0] = "f"
    if len(table.rows) and max(len(row[0]) for row in table.rows) > _LONGEST_LABEL:
        letters[0] = "f"
    kept = _columns(to, rows, letters, keep_last=folds)
    to.grid([[row[place] for place in kept] for row in rows], "".join(letters[place] for place in kept))
    left = [plural(len(table.rows) - _ROWS, "more row")] if len(table.rows) > _ROWS else []
    left += [plural(last + 1 - len(kept), "more column")] if len(kept) <= last else []
    if left:
        to.line((f"{' and '.join(left)} {rest}", "dim"))


def _columns(to: Printer, rows: list[list[Cell]], letters: list[str], *, keep_last: bool) -> list[int]:
    """Return the columns of *rows* that there is room for: the first ones, and the last if it is a remark."""
    kept = list(range(len(letters)))
    least = 2 + keep_last
    while len(kept) > least and not to.has_room(
        [[row[place] for place in kept] for row in rows], "".join(letters[place] for place in kept)
    ):
        kept.pop(-2 if keep_last else -1)
    return kept


def _ops(to: Printer, answer: Answer, causes: dict[str, Cause]) -> None:
    ops = sorted(answer.ops, key=lambda op: -op.seconds)[:_OPS]
    whole_s = views.total_s(answer)
    if not ops or whole_s <= 0:
        return
    to.line(("Longest ops", "bold"), gap=True)
    to.grid(
        (((op.name, ""), (f"{op.block}, {op.phase}", "dim"), (text.seconds(op.seconds), ""),
          (text.percent(op.seconds / whole_s), ""), (causes[op.bound].label, "dim"))
         for op in ops),
        "flrrl",
    )  # fmt: skip


def _memory(to: Printer, result: Result) -> None:
    memory = views.memory(result)
    if memory is None:
        return
    style = "bold red" if memory.over else ""
    said = f"  {memory.used} of {memory.limit}: "
    to.line(("Memory of a core", "bold"), (said, ""), (memory.verdict, style), gap=True)
    first = "l" if max(len(use.label) for use in memory.bar) <= _LONGEST_LABEL else "f"
    to.grid((((use.label, ""), (use.value, ""), (use.meaning, "dim")) for use in memory.bar), f"{first}rf")


def _notes(to: Printer, result: Result) -> None:
    said = [*(result.answer.notes if result.answer else ()), *result.notes]
    # what a note explains by its key is not said once more
    if unread := [key for key in result.provenance.unread if not any(f"{key} " in note for note in said)]:
        said.append(f"Given, and not read by this question: {', '.join(unread)}.")
    for place, note in enumerate(said):
        to.line(("Note: ", "bold"), (note, ""), gap=place == 0)


def _checks(to: Printer, result: Result) -> None:
    check, right = result.verification, result.answer.right if result.answer else None
    if right is not None:
        to.line(("Values ", "bold"), ("right", "") if right else ("WRONG", "bold red"), gap=True)
    if check is not None:
        scope = f" ({check.reduced})" if check.reduced else ""
        errors = f": largest error {text.error(check.max_error)}, allowed {text.error(check.tolerance)}"
        beside = f"; gradients of {check.gradients} weights" if check.gradients else ""
        verdict = ("passed", "") if check.ok else (f"FAILED at {check.worst}", "bold red")
        to.line(("Verification ", "bold"), verdict, (f"{errors}, against float64{scope}{beside}", ""), gap=True)
    elif result.answer is not None and right is None:
        to.line(("Verification ", "bold"), ("not run", ""), gap=True)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print what measured silicon supports, what each level answers, how far apart they are, and why."""
    to, compared = Printer(console), Compared(comparison)
    to.line((comparison.title, "bold"), gap=True)
    for note in compared.notes[:1]:
        to.line((note, ""))
    if compared.answers:
        to.line()
        _levels(to, compared)
    for level, why in compared.refused.items():
        to.line((f"{level} has no answer: ", "red"), (why, ""), gap=True)
    for difference in comparison.differences:
        to.line((compared.title(difference), "bold"), gap=True)
        to.grid((((text.signed(added_s), ""), (cause, "")) for cause, added_s in difference.causes), "rf")
    for table in compared.tables:
        _table(to, table, rest="on the page")
    left_out = [(level, answer) for level, answer in compared.answers.items() if answer.leaves_out]
    for place, (level, answer) in enumerate(left_out):
        to.line((f"{level} leaves out: {' '.join(answer.leaves_out)}", "dim"), gap=place == 0)
    for place, note in enumerate(compared.notes[1:]):
        to.line(("Note: ", "bold"), (note, ""), gap=place == 0)


def _levels(to: Printer, compared: Compared) -> None:
    """Print a column for each level and a row for each figure, beside each its distance from the most detailed one."""
    rows: list[list[Cell]] = [[("", ""), *(cell for level in compared.answers for cell in ((level, "bold"), ("", "")))]]
    for figure in compared.names:
        row: list[Cell] = [(compared.label(figure), "")]
        for answer in compared.answers.values():
            row += [(compared.shown(answer, figure), ""), (compared.off(answer, figure), "dim")]
        rows.append(row)
    rows.append([("events", "dim"), *(cell for answer in compared.answers.values()
                                      for cell in ((f"{answer.events:,}", "dim"), ("", "")))])  # fmt: skip
    rows.append([("CPU time", "dim"), *(cell for level in compared.answers
                                        for cell in ((compared.cost(level), "dim"), ("", "")))])  # fmt: skip
    to.grid(rows, "f" + "rl" * len(compared.answers))
