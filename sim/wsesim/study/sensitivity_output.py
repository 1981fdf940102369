"""A sensitivity for people and programs: on the terminal, as a page with a tornado, as CSV and JSON."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answers import publish, text
from wsesim.answers.plain import json_text
from wsesim.study.sensitivity import Change, Influence, Sensitivity, Tie
from wsesim.units import plural

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

SENSITIVITY_FILES = ("sensitivity.html", "sensitivity.csv", "sensitivity.json")
"""What a sensitivity writes, by figures or by indices."""
PRINTED = 20
"""Figures on the terminal at most; the files have all."""
HEADS = ("figure", "now", "better", "worse", "elasticity", "source")


def write_sensitivity(found: Sensitivity, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the files of a sensitivity into the folder *out*, all or none, and return their paths.

    Raises:
        InputError: as `wsesim.answers.publish`.
    """
    texts = (_page(found), _csv(found), json_text(sensitivity_json(found)))
    files = {name: each.encode() for name, each in zip(SENSITIVITY_FILES, texts, strict=True)}
    return publish(files, out, overwrite=overwrite)


def print_sensitivity(found: Sensitivity, console: Console) -> None:
    """Print the figures that move the answer most, pairs that tie, and what has no effect."""
    from wsesim.answers.printer import Printer

    to = Printer(console)
    to.line((found.question.title, "bold"), gap=True)
    to.line((about(found), "dim"))
    to.table(HEADS, [[(cell, "") for cell in cells_of(found, each)] for each in found.effective[:PRINTED]], "lrrrrl")
    if len(found.effective) > PRINTED:
        to.line((f"{len(found.effective) - PRINTED} more stand in the files (--out).", "dim"))
    for place, tie in enumerate(found.ties):
        to.line(("Tie: ", "bold"), (tie_words(found, tie), ""), gap=place == 0)
    to.line(("No effect: ", "bold"), (_without_effect(found) or "none", ""), gap=True)


def sensitivity_json(found: Sensitivity) -> dict[str, object]:
    """Return a sensitivity as plain data."""
    return {
        "program": "wsesim", "version": __version__, "name": found.question.asked.name, "title": found.question.title,
        "kind": found.question.kind, "level": found.level, "figure": found.figure.name, "now": found.now,
        "times": found.times,
        "figures": [
            {"name": each.setting, "now": each.figure.text, "source": each.figure.source,
             "better_way": each.way or None, "better": _plain(each.better, found.now),
             "worse": _plain(each.worse, found.now), "elasticity": each.elasticity}
            for each in found.effective
        ],
        "ties": [
            {"settings": list(tie.settings), "change": tie.answer / found.now - 1,
             "alone": [answer / found.now - 1 for answer in tie.alone]}
            for tie in found.ties
        ],
        "without_effect": [each.setting for each in found.without_effect],
    }  # fmt: skip


def _plain(change: Change | None, now: float) -> dict[str, object] | None:
    if change is None:
        return None
    moved = None if change.answer is None else change.answer / now - 1
    return {"value": change.value, "answer": change.answer, "change": moved, "why": change.why or None}


def about(found: Sensitivity) -> str:
    """Say what was asked, in a sentence."""
    now = text.shown(found.figure.name, found.now)
    return (
        f"{found.figure.label}, {now}, at level {found.level}; each figure of machine and software "
        f"{found.times:g} times as good, and as bad, all else as it is, and all that is left open chosen anew. "
        "Elasticity: by how many per cent the answer grows, for a figure that is 1 % more (against 1 % less where "
        "more has no answer); at a step 1 % less may cost much, which `worse` shows."
    )


def cells_of(found: Sensitivity, each: Influence) -> tuple[str, ...]:
    """Return a row of the table under `HEADS`."""
    moved = (_moved(change, found.now) for change in (each.better, each.worse))
    return (each.setting, each.figure.text, *moved, elasticity_shown(each.elasticity), each.figure.source)


def elasticity_shown(value: float | None) -> str:
    """Return an elasticity with its sign; what is next to none is none."""
    if value is None:
        return text.NONE
    return "0" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def _moved(change: Change | None, now: float) -> str:
    if change is None:
        return "cannot be"
    if change.answer is None:
        return "no answer"
    return text.signed_percent(change.answer / now - 1)


def tie_words(found: Sensitivity, tie: Tie) -> str:
    """Say what a pair brings together, and each alone."""
    one, other, both = (text.signed_percent(answer / found.now - 1) for answer in (*tie.alone, tie.answer))
    return f"{tie.settings[0]} and {tie.settings[1]} together {both}, alone {one} and {other}."


def _without_effect(found: Sensitivity) -> str:
    return ", ".join(each.setting for each in found.without_effect)


def _csv(found: Sensitivity) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["setting", "now", "source", "better", "better_change", "worse", "worse_change", "elasticity", "why"]
    )
    for each in found.influences:
        changes = [_plain(change, found.now) or {} for change in (each.better, each.worse)]
        cells = [cell for change in changes for cell in (change.get("value"), change.get("change"))]
        why = next((change["why"] for change in changes if change.get("why")), "")
        writer.writerow([each.setting, each.figure.text, each.figure.source, *cells, each.elasticity, why])
    return out.getvalue()


def _page(found: Sensitivity) -> str:
    from markupsafe import Markup

    from wsesim.answers.page import templates
    from wsesim.study.tornado import tornado_svg

    page = {
        "found": found, "version": __version__, "about": about(found), "tornado": Markup(tornado_svg(found)),
        "heads": HEADS, "rows": [cells_of(found, each) for each in found.effective],
        "ties": [tie_words(found, tie) for tie in found.ties], "without_effect": _without_effect(found),
        "missing": [(each.setting, change.why) for each in found.effective for change in (each.better, each.worse)
                    if change is not None and change.why],
        "count": plural(len(found.influences), "figure"), "inputs": questions.show(found.question), "causes": (),
    }  # fmt: skip
    return templates("wsesim.study").get_template("sensitivity.html.j2").render(page)
