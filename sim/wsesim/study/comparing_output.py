"""A comparison for people: tables and sentences, which the terminal prints, and a page of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wsesim._version import __version__
from wsesim.answer import Number
from wsesim.answers import label, shown
from wsesim.study.comparing import CauseShare, SideBySide
from wsesim.units import show_change


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTable:
    """A table of what is asked or found, or why: of a side."""

    word: str
    side: str = ""
    heads: tuple[str, ...]
    """Of all columns but the first."""
    rows: tuple[tuple[str, ...], ...]


def parts_of(found: SideBySide) -> Iterator[SideTable | str]:
    """Yield what differs in what is asked and in what is found, why a side has no answer, and what explains time."""
    names = [side.name for side in found.sides]
    asked = tuple((name, *("-" if value is None else str(value) for value in row)) for name, row in found.asked.items())
    yield SideTable(word="asked", heads=(*names,), rows=asked) if asked else "Nothing differs in what is asked."
    figures = tuple((_label(found, name), *(shown(name, value) for value in row), *_ratios(row))
                    for name, row in found.figures.items())  # fmt: skip
    if figures:
        yield SideTable(word="found", heads=(*names, *(f"/ {names[0]}" for _ in names[1:])), rows=figures)
    elif found.sides[0].answer:
        yield "Nothing differs in what is found."
    yield from (f"{side.name}: {side.answer.why}" for side in found.sides if side.answer and side.answer.why)
    for name, causes in zip(names[1:], found.causes, strict=False):
        if causes:
            heads = (names[0], name, "of the difference")
            yield SideTable(word="why", side=name, heads=heads, rows=tuple(map(_explained, causes)))


def compared_page(found: SideBySide) -> str:
    """Return the comparison as one HTML page that loads nothing; the same bytes for the same comparison."""
    from wsesim.answers.page import templates

    page = {
        "version": __version__, "names": [side.name for side in found.sides],
        "parts": [(None, part) if isinstance(part, str) else (part, "") for part in parts_of(found)], "causes": (),
    }  # fmt: skip
    return templates("wsesim.study").get_template("compare.html.j2").render(page)


def _explained(cause: CauseShare) -> tuple[str, ...]:
    share = "-" if cause.share is None else show_change(cause.share, digits=0)
    return cause.cause, shown("s", cause.before_s), shown("s", cause.after_s), share


def _label(found: SideBySide, name: str) -> str:
    return next((label(spec) for side in found.sides for spec in side.specs if spec.name == name), name)


def _ratios(row: Sequence[Number | None]) -> list[str]:
    first = row[0]
    return [f"{value / first:.3g}" if first and value is not None and not isinstance(value, bool) else "-"
            for value in row[1:]]  # fmt: skip
