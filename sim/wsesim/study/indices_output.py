"""Indices of Morris and Sobol for people and programs: on the terminal, as a page with bars, as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answers import publish, text
from wsesim.answers.plain import PROGRAM, json_text
from wsesim.study import plot
from wsesim.study.indices import COLUMNS, RANKED_BY, Indices, SettingIndex
from wsesim.study.sensitivity import MATTERS
from wsesim.study.sensitivity_output import SENSITIVITY_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

PRINTED = 20
"""Settings on the terminal at most; the files have all."""
TITLES = {"morris": "Morris", "sobol": "Sobol"}
HEADS = {
    "morris": ("setting", "effect", "direction", "spread", "range"),
    "sobol": ("setting", "by itself", "with all others", "range"),
}
MEANINGS = {
    "morris": (
        "Effect: what the figure moves by, in the mean, when a setting goes through its whole range, whatever the "
        "others are (mean of absolute elementary effects). Direction: the same with signs; as large as the effect if "
        "it moves one way only. Spread: their standard deviation; near the effect it tells that others matter for it."
    ),
    "sobol": (
        "By itself: share of the variance that a setting brings while all others are anything (first order). With all "
        "others: what would be left if all but it were known (total). Their difference is what it brings together with "
        "others only."
    ),
}
_WIDTH, _ROW, _LABELS, _ROOM, _MOST = 720.0, 22.0, 290.0, 70.0, 24


def write_indices(found: Indices, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the files of indices into the folder *out*, all or none, and return their paths.

    Raises:
        InputError: as `wsesim.answers.publish`.
    """
    texts = (_page(found), _csv(found), json_text(indices_json(found)))
    files = {name: each.encode() for name, each in zip(SENSITIVITY_FILES, texts, strict=True)}
    return publish(files, out, overwrite=overwrite)


def print_indices(found: Indices, console: Console) -> None:
    """Print the settings that matter most, what the columns mean, and what was left out."""
    from wsesim.answers.printer import Printer

    to = Printer(console)
    to.line((found.question.title, "bold"), gap=True)
    to.line((about(found), "dim"))
    to.line((told(found), ""), gap=True)
    rows = [[(cell, "") for cell in cells_of(found, each)] for each in found.rows[:PRINTED]]
    to.table(HEADS[found.method], rows, "l" + "r" * (len(HEADS[found.method]) - 2) + "l")
    if len(found.rows) > PRINTED:
        to.line((f"{len(found.rows) - PRINTED} more stand in the files (--out).", "dim"))
    to.line((MEANINGS[found.method], "dim"), gap=True)
    for place, note in enumerate(notes_of(found)):
        to.line(("Note: ", "bold"), (note, ""), gap=place == 0)


def indices_json(found: Indices) -> dict[str, object]:
    """Return indices as plain data."""
    return {
        "program": PROGRAM, "version": __version__, "name": found.question.asked.name, "title": found.question.title,
        "kind": found.question.kind, "level": found.study.level or found.question.level, "method": found.method,
        "figure": found.figure.name, "samples": found.samples, "used": found.used, "seed": found.seed,
        "confidence": 0.95, "lowest": found.lowest, "highest": found.highest, "why": found.why or None,
        "settings": [{"name": each.settings, "range": each.words, **each.values} for each in found.rows],
        "left_out": dict(found.left_out), "inputs_sha256": found.study.inputs_sha256,
    }  # fmt: skip


def about(found: Indices) -> str:
    """Say what was asked, in a sentence."""
    low, high = (text.shown(found.figure.name, value) for value in (found.lowest, found.highest))
    return (
        f"{text.label(found.figure)}, from {low} to {high}, at level {found.study.level or found.question.level}: "
        f"{TITLES[found.method]} over {len(found.rows)} settings, {found.study.sampled}. ±: 95 % confidence."
    )


def told(found: Indices) -> str:
    """Say what matters most, how many settings matter, and whether it is known well enough."""
    first, main = found.rows[0], RANKED_BY[found.method]
    most = first.values[main]
    if most <= 0:
        return "Nothing that is open moves the answer."
    count = sum(each.values[main] >= MATTERS * most for each in found.rows)
    said = (
        f"{first.settings} matters most; {count:,} of {len(found.rows):,} settings matter a hundredth as much or more."
    )
    wide = first.values[f"{main}_off"] > most / 2
    return f"{said} Its interval is as wide as what it says: more --samples narrow it." if wide else said


def notes_of(found: Indices) -> Iterator[str]:
    """Say what was left out, and why."""
    if found.used < found.samples:
        yield (
            f"{found.samples - found.used:,} of {found.samples:,} samples are left out: some point of theirs has no "
            f"answer, the first because {found.why}."
        )
    for why in dict.fromkeys(found.left_out.values()):
        names = [setting for setting, each in found.left_out.items() if each == why]
        yield f"Without a range, as each {why} (--vary gives one): {', '.join(names)}."


def cells_of(found: Indices, each: SettingIndex) -> tuple[str, ...]:
    """Return a row of the table under `HEADS`."""
    values, name = each.values, found.figure.name
    if found.method == "sobol":
        shown = tuple(f"{values[key]:.3f} ± {values[f'{key}_off']:.3f}" for key in ("first", "total"))
    else:
        effect, off = (text.shown(name, values[key]) for key in ("effect", "effect_off"))
        shown = (f"{effect} ± {off}", *(text.shown(name, values[key]) for key in ("direction", "spread")))
    return (each.settings, *shown, each.words)


def _csv(found: Indices) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = COLUMNS[found.method]
    writer.writerow(["setting", "range", *columns])
    for each in found.rows:
        writer.writerow([each.settings, each.words, *(each.values[column] for column in columns)])
    return out.getvalue()


def bars_svg(found: Indices) -> str:
    """Return a bar a setting with its interval; of Sobol's the share by itself is dark in the total."""
    shown, main = found.rows[:_MOST], RANKED_BY[found.method]
    inner = "first" if found.method == "sobol" else None
    longest = max((each.values[main] + each.values[f"{main}_off"] for each in shown), default=0.0) or 1.0
    scale = (_WIDTH - _LABELS - _ROOM) / longest
    title = (
        f"{found.figure.name}: {'share of the variance, dark by itself' if inner else 'mean effect of a whole range'}"
    )
    parts = [plot.words(_LABELS, 14, title, "start", "soft")]
    for place, each in enumerate(shown):
        parts += _bar(found, each, 26 + _ROW * place, scale, inner)
    return plot.drawing(_WIDTH, 32 + _ROW * len(shown), title, parts)


def _bar(found: Indices, each: SettingIndex, top: float, scale: float, inner: str | None) -> Iterator[str]:
    main = RANKED_BY[found.method]
    value, off = max(0.0, each.values[main]), each.values[f"{main}_off"]
    middle, end = top + _ROW / 2, _LABELS + scale * value
    yield plot.words(_LABELS - 8, top + 15, each.settings.partition(".")[2] or each.settings, "end", "ink")
    for length, colour in ((value, "c2" if inner else "c7"), (each.values[inner] if inner else 0.0, "c7")):
        if length > 0:
            yield (f'<rect x="{_LABELS:g}" y="{top + 4:.1f}" width="{scale * length:.1f}" height="{_ROW - 8:g}" '
                   f'fill="var(--{colour})"/>')  # fmt: skip
    left, right = max(_LABELS, end - scale * off), end + scale * off
    yield (f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="var(--ink)"/>')
    said = f"{value:.2f}" if inner else text.short(found.figure.name, value)
    yield plot.words(right + 6, top + 15, said, "start", "soft")


def _page(found: Indices) -> str:
    from markupsafe import Markup

    from wsesim.answers.page import templates

    page = {
        "found": found, "version": __version__, "about": about(found), "told": told(found),
        "bars": Markup(bars_svg(found)),
        "heads": HEADS[found.method], "rows": [cells_of(found, each) for each in found.rows],
        "meaning": MEANINGS[found.method], "notes": list(notes_of(found)), "title": TITLES[found.method],
        "inputs": questions.show(found.question), "causes": (),
    }  # fmt: skip
    return templates("wsesim.study").get_template("indices.html.j2").render(page)
