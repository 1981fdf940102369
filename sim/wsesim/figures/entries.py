"""A figure of a preset as a file gives it: plainly, or with its source, how sure it is, and a note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsesim.answer import UsedFigure
from wsesim.errors import SpecError, nearest
from wsesim.figures.names import FigureValue, Slot, text_of
from wsesim.yamlfile import Document, Loc

_ENTRY_KEYS = ("value", "source", "confidence", "note")
_CONFIDENCE = ("H", "M", "L")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A figure and its value in the unit of the field."""

    value: FigureValue
    figure: UsedFigure
    place: tuple[Document, Loc] | None = None
    """Where it stands in a file of the user's own."""
    before: FigureValue | None = None
    """What it takes the place of; None where there was nothing."""


def entry_of(
    name: str, slot: Slot, raw: object, document: Document, loc: Loc, before: Entry | None, *, own: bool
) -> Entry:  # fmt: skip
    """Return what a *document* gives at a place in it, in place of what it extends gave before.

    Raises:
        SpecError: a value or an entry that cannot be; the name is the figure's.
    """
    about = raw if isinstance(raw, Mapping) else {"value": raw, "note": _before(before)}
    _check_entry(name, about)
    value = slot.value(about["value"])
    figure = UsedFigure(
        name=name, text=text_of(about["value"]), source=str(about.get("source", Path(document.file).name)),
        confidence=str(about.get("confidence", "")), note=str(about.get("note", "")), overridden=False,
    )  # fmt: skip
    place = (document, loc) if own else None
    return Entry(value=value, figure=figure, place=place, before=before.value if before else None)


def _before(entry: Entry | None) -> str:
    return f"in place of {entry.figure.text} ({entry.figure.source})" if entry else ""


def _check_entry(name: str, about: Mapping[Any, object]) -> None:
    for key in about:
        if key not in _ENTRY_KEYS:
            hint = nearest(str(key), _ENTRY_KEYS) or f"; there are: {', '.join(_ENTRY_KEYS)}"
            raise SpecError(name, f"has the unknown key {key!r}{hint}")
    if "value" not in about:
        raise SpecError(name, "has no value")
    for key in ("source", "confidence", "note"):
        if not isinstance(about.get(key, ""), str):
            raise SpecError(name, f"has a {key} that is not text: {about[key]!r}")
    if about.get("confidence", "") not in ("", *_CONFIDENCE):
        raise SpecError(name, f"has the confidence {about['confidence']!r}; it must be one of {', '.join(_CONFIDENCE)}")
