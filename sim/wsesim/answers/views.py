"""What the page and the terminal show of an answer, worked out: they only place it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from wsesim.answer import Answer, Choice, FigureSpec, OpTime, Result, Status, Table
from wsesim.answers import text
from wsesim.answers.causes import Cause
from wsesim.answers.limits import told_holders
from wsesim.units import plural

SHOWN_OPS = 16
UNBROKEN = 40
"""Letters of a fact that stays on one line."""
VERDICTS: Mapping[Status, str] = {
    Status.OK: "",
    Status.DOES_NOT_FIT: "It does not fit.",
    Status.NOT_MODELLED: "There is no answer.",
}
"""How a run ended, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a bar; offsets and widths are percentages of the bar's full length."""

    label: str
    style: str
    """CSS class that carries the colour."""
    width: str
    value: str
    share: str = ""
    meaning: str = ""
    offset: str = "0%"
    held: str = ""
    """By which limit, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure as it is read."""

    name: str
    label: str
    value: str
    detail: str
    """What it is of, at or over; or what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    """One op of the answer with its bar."""

    name: str
    place: str
    value: str
    share: str
    calls: str
    bound: str
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Where a core's memory goes."""

    bar: tuple[Segment, ...]
    used: str
    share: str
    limit: str
    verdict: str
    limit_at: str
    """Where the limit stands on the bar."""
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table as text."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    """Of each column, whether it holds numbers."""


def headline(result: Result, answer: Answer) -> tuple[Line, ...]:
    """Return the figures a reader sees first."""
    return tuple(
        Line(name=name, label=label_of(result.specs, name), value=text.shown(name, answer.figures[name]), detail=detail)
        for name, detail in answer.headline.items()
    )


def choices(result: Result, answer: Answer) -> tuple[str, ...]:
    """Return what was chosen for the user, a sentence each, with what the next best would have given."""
    return tuple(_choice(result.specs, choice) for choice in answer.choices)


def _choice(specs: tuple[FigureSpec, ...], choice: Choice) -> str:
    said = f"{choice.what[:1].upper()}{choice.what[1:]} chosen by {label_of(specs, choice.figure)}, "
    said += f"{text.shown(choice.figure, choice.value)}: {choice.chosen}"
    if not choice.others:
        return f"{said}; nothing else fits what is set."
    words, value = choice.others[0]
    return f"{said}; next best: {words}, {text.shown(choice.figure, value)}."


def nearest(result: Result) -> str:
    """Say which measured rows the question is most like, how far off the simulator was there, and what is unlike."""
    found = result.nearest
    if found is None:
        return "nothing like it: no row says how far this answer is off."
    of = f"{found.rows} rows" if found.rows > 1 else "1 row"
    half = f", half of them within {text.percent(found.median)}" if found.rows > 1 else ""
    blind = "" if found.left_out is None else f", {text.percent(found.left_out)} where left out of the calibration"
    unlike = f" Unlike them: {', '.join(found.unlike)}." if found.unlike else ""
    return f"{found.group}, {of} within {text.percent(found.worst)}{half}{blind}.{unlike}"


def figures(result: Result, answer: Answer) -> tuple[Line, ...]:
    """Return every figure, each with its meaning."""
    meanings = {spec.name: spec.meaning for spec in result.specs}
    return tuple(
        Line(name=name, label=label_of(result.specs, name), value=text.shown(name, value),
             detail=meanings.get(name, ""))
        for name, value in answer.figures.items()
    )  # fmt: skip


def label_of(specs: tuple[FigureSpec, ...], name: str) -> str:
    """Return what people call the figure *name*."""
    return next((text.label(spec) for spec in specs if spec.name == name), text.heading(name))


def spent(answer: Answer, causes: Mapping[str, Cause]) -> tuple[Segment, ...]:
    """Return the time by cause, longest first."""
    if answer.spent is None or answer.spent.total_s <= 0:
        return ()
    total_s, held = answer.spent.total_s, told_holders(answer)
    return tuple(
        Segment(label=causes[cause].label, style=causes[cause].style, width=width(time_s, total_s),
                value=text.seconds(time_s), share=text.percent(time_s / total_s), meaning=causes[cause].meaning,
                held=held.get(cause, ""))
        for cause, time_s in text.ranked(answer.spent.by_cause)
    )  # fmt: skip


def gap(answer: Answer, causes: Mapping[str, Cause]) -> tuple[Segment, ...]:
    """Return the steps of a staircase from the bound to the answer."""
    if answer.bound is None:
        return ()
    whole_s, reached = reached_s(answer), answer.bound.seconds
    found = []
    for cause, time_s in text.ranked(answer.bound.gap):
        start, reached = reached, reached + time_s
        found.append(
            Segment(label=causes[cause].label, style=causes[cause].style, width=width(abs(time_s), whole_s),
                    offset=width(min(start, reached), whole_s), value=text.shown("seconds", time_s),
                    share=text.shown("share", time_s / whole_s) if whole_s else "")
        )  # fmt: skip
    return tuple(found)


def reached_s(answer: Answer) -> float:
    """Return where the bound and what comes on top end."""
    return answer.bound.seconds + fsum(answer.bound.gap.values()) if answer.bound else 0.0


def ops(answer: Answer, causes: Mapping[str, Cause], most: int = SHOWN_OPS) -> tuple[OpRow, ...]:
    """Return the *most* longest ops, longest first, and all others as one last row."""
    ordered = sorted(answer.ops, key=lambda op: -op.seconds)
    cut = most if len(ordered) > most + 1 else len(ordered)
    longest_s = max((op.seconds for op in ordered), default=1.0)
    whole_s = total_s(answer)
    rows = [_op_row(op, causes, longest_s, whole_s) for op in ordered[:cut]]
    rest = ordered[cut:]
    if rest:
        left_s = fsum(op.seconds for op in rest)
        rows.append(
            OpRow(name=f"{plural(len(rest), 'shorter op')} together", place="", value=text.seconds(left_s),
                  share=_share(left_s, whole_s), calls="", bound="", bar=())
        )  # fmt: skip
    return tuple(rows)


def total_s(answer: Answer) -> float:
    """Return what the seconds of ops are a share of."""
    return answer.spent.total_s if answer.spent else fsum(op.seconds for op in answer.ops)


def _op_row(op: OpTime, causes: Mapping[str, Cause], longest_s: float, whole_s: float) -> OpRow:
    scale = op.seconds / op.cycles if op.cycles else 0.0
    bar = tuple(
        Segment(label=causes[cause].label, style=causes[cause].style, width=width(cycles * scale, longest_s),
                value=text.seconds(cycles * scale))
        for cause, cycles in text.ranked(op.parts)
    )  # fmt: skip
    return OpRow(
        name=op.name, place=f"{op.block}, {op.phase}", value=text.seconds(op.seconds), calls=f"{op.calls:,}",
        share=_share(op.seconds, whole_s), bound=causes[op.bound].label, bar=bar,
    )  # fmt: skip


def memory(result: Result) -> Memory | None:
    """Return the memory of a core, or None where nothing is known of it."""
    lines = getattr(result.outcome, "memory", ())
    if not lines:
        return None
    used = sum(use.bytes_per_core for use in lines)
    limit = getattr(result.outcome, "memory_limit_bytes", 0) or used
    full = max(used, limit)
    bar = tuple(
        Segment(label=use.what, style=f"m{min(index, 7)}", width=width(use.bytes_per_core, full),
                value=text.kib(use.bytes_per_core), share=_share(use.bytes_per_core, limit), meaning=use.note)
        for index, use in enumerate(lines)
    )  # fmt: skip
    return Memory(
        bar=bar, used=text.kib(used), share=_share(used, limit), limit=text.kib(limit),
        verdict=text.bytes_over(used, limit), limit_at=width(limit, full), over=used > limit,
    )  # fmt: skip


def grid(table: Table) -> Grid:
    """Return *table* as text, each value by the unit its column's name ends in."""
    return Grid(
        name=table.name, title=table.title, heads=tuple(map(text.heading, table.columns)),
        rows=tuple(tuple(map(_cell, table.columns, row)) for row in table.rows),
        numeric=tuple(any(map(_is_number, column)) and not any(isinstance(cell, str) for cell in column)
                      for column in (tuple(row[place] for row in table.rows) for place in range(len(table.columns)))),
    )  # fmt: skip


def _cell(column: str, value: object) -> str:
    return "" if value is None else text.shown(column, value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def facts(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Return what the answer is about, a line for each group; a group's `name` stands first."""
    found = []
    for title, group in answer.facts.items():
        rest = [f"{text.heading(key)} {text.shown(key, value)}" for key, value in group.items() if key != "name"]
        rest = [fact.replace(" ", "\N{NO-BREAK SPACE}") if len(fact) < UNBROKEN else fact for fact in rest]
        found.append((title, " · ".join([str(group["name"]), *rest] if "name" in group else rest)))
    return tuple(found)


def about(answer: Answer) -> str:
    """Return the names of what the answer is about, and its level, in a line."""
    names = [str(group["name"]) for group in answer.facts.values() if "name" in group]
    return " · ".join([*names, f"level {answer.level}"])


def width(part: float, whole: float) -> str:
    """Return *part* as a CSS percentage of *whole*."""
    return f"{max(100 * part / whole, 0):.3f}%" if whole > 0 else "0%"


def _share(part: float, whole: float) -> str:
    return text.percent(part / whole) if whole > 0 else text.NONE
