"""One preset with every figure of it, where each comes from, and what it has otherwise than what it extends."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from wsesim.answer import UsedFigure
from wsesim.cli.options import manner
from wsesim.cli.output import print_json, say, table
from wsesim.errors import InputError, SpecError
from wsesim.figures import Preset, Presets, sources
from wsesim.units import show

HEADS = ("FIGURE", "VALUE", "INSTEAD OF", "SOURCE", "CONFIDENCE")
KEY = "H, M and L: high, medium, low confidence. INSTEAD OF: what the preset has that it extends. --json has the notes."


def show_preset(presets: Presets, name: str) -> None:
    """Print a preset of *presets*, or a file of the user's own.

    Raises:
        InputError: there is none of that name, named with the nearest; or mistakes in the file.
    """
    try:
        preset = presets.read(name, folder=Path())
    except SpecError as error:
        raise InputError.at(str(error)) from None
    if manner().json:
        figures = [{**asdict(figure), "before": _before(preset, figure)} for figure in preset.figures]
        print_json({"status": "ok", "name": name, "title": preset.title, "about": preset.about, "figures": figures})
    rows = [
        (figure.name, figure.text, _before(preset, figure) or "", figure.source, figure.confidence)
        for figure in preset.figures
    ]
    used = dict.fromkeys(figure.source for figure in preset.figures)
    origins = [(tag, sources()[tag].title, sources()[tag].url) for tag in used if tag in sources()]
    title = f"{preset.title}: {preset.about}" if preset.about else preset.title
    named = table(("SOURCE", "TITLE", "WHERE"), origins, left=("TITLE", "WHERE"))
    say("\n\n".join([title, table(HEADS, rows, left=HEADS), KEY, named]))


def _before(preset: Preset, figure: UsedFigure) -> str | None:
    entry, slot = preset.entries[figure.name], preset.presets.slots[figure.name]
    if entry.before is None:
        return None
    if slot.dimension is None or not isinstance(entry.before, int | float):
        return str(entry.before)
    return show(entry.before, slot.dimension)
