"""What a page shows of where cycles went: drawings that stand with a table, maps by cause, programs line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from wsesim.answer import Answer, CauseBars, CauseMaps, Chain, CodeLine, CodeListing, Flame
from wsesim.answers import text
from wsesim.answers.causes import Cause
from wsesim.answers.cycles import chain_svg, flame_svg, map_svgs
from wsesim.answers.views import Segment, width

if TYPE_CHECKING:
    from markupsafe import Markup

Causes = Mapping[str, Cause]
WAITS = "waits"
"""Style, and name, of cycles in which a line could not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """A bar with what it is of."""

    label: str
    value: str
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """A line of a program as it is read; a heading has no figures."""

    text: str
    place: str
    value: str
    share: str
    waited: str
    handled: str
    bar: tuple[Segment, ...]
    heads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBlock:
    """A drawing in a section of its own."""

    name: str
    title: str
    legend: tuple[Cause, ...] = ()
    pictures: tuple[Markup, ...] = ()
    bars: tuple[BarRow, ...] = ()
    rows: tuple[CodeRow, ...] = ()
    note: str = ""


def blocks(answer: Answer, causes: Causes) -> dict[str, tuple[PageBlock, ...]]:
    """Return blocks by kind: `beside` tables of their name, `maps`, `codes`, `flames`."""
    names = {table.name for table in answer.tables}
    found: dict[str, list[PageBlock]] = {"maps": [], "codes": [], "flames": [], "beside": []}
    for each in answer.drawings:
        match each:
            case CauseMaps():
                found["maps"].append(_block(each, causes))
            case CodeListing():
                found["codes"].append(_block(each, causes))
            case Flame():
                found["flames"].append(_block(each, causes))
            case CauseBars() | Chain() if each.name in names:
                found["beside"].append(_block(each, causes))
    return {kind: tuple(some) for kind, some in found.items()}


def _block(drawing: CauseMaps | CauseBars | Chain | CodeListing | Flame, causes: Causes) -> PageBlock:
    from markupsafe import Markup

    legend = tuple(causes[cause] for cause in getattr(drawing, "causes", ()))
    match drawing:
        case CauseMaps():
            note = "Each on a scale of its own: the full colour is the most that a core spent on it."
            pictures = tuple(map(Markup, map_svgs(drawing, causes)))
            return PageBlock(name=drawing.name, title=drawing.title, pictures=pictures, note=note)
        case CauseBars():
            return PageBlock(name=drawing.name, title=drawing.title, legend=legend, bars=tuple(_bars(drawing, causes)))
        case Chain():
            pictures = (Markup(chain_svg(drawing, causes)),)
            return PageBlock(name=drawing.name, title=drawing.title, legend=legend, pictures=pictures)
        case CodeListing():
            rows = tuple(_rows(drawing.lines, causes))
            return PageBlock(name=drawing.name, title=drawing.title, legend=legend, rows=rows, note=drawing.note)
        case Flame():
            pictures = (Markup(flame_svg(drawing)),)
            return PageBlock(name=drawing.name, title=drawing.title, pictures=pictures, note=drawing.note)


def _bars(drawing: CauseBars, causes: Causes) -> Iterator[BarRow]:
    whole = max((fsum(parts.values()) for _, parts in drawing.bars), default=0.0)
    for label, parts in drawing.bars:
        yield BarRow(
            label=label, value=f"{fsum(parts.values()):,.0f}",
            bar=tuple(_segment(causes[cause], cycles, whole) for cause, cycles in parts.items() if cycles > 0),
        )  # fmt: skip


def _rows(lines: tuple[CodeLine, ...], causes: Causes) -> Iterator[CodeRow]:
    worked = [fsum(line.by_cause.values()) for line in lines]
    total = fsum(worked)
    longest = max((took + line.waited for took, line in zip(worked, lines, strict=True)), default=0.0)
    for took, line in zip(worked, lines, strict=True):
        bar = [_segment(causes[cause], cycles, longest) for cause, cycles in line.by_cause.items() if cycles > 0]
        if line.waited:
            value = f"{line.waited:,.0f} cycles"
            bar.append(Segment(label=WAITS, style=WAITS, width=width(line.waited, longest), value=value))
        yield CodeRow(
            text=line.text, place=line.place, value=f"{took:,.0f}" if line.by_cause else "",
            share=text.percent(took / total) if line.by_cause and total else "",
            waited=f"{line.waited:,.0f}" if line.waited else "",
            handled="" if line.handled is None else f"{line.handled:,}", bar=tuple(bar),
            heads=not line.place,
        )  # fmt: skip


def _segment(cause: Cause, cycles: float, whole: float) -> Segment:
    return Segment(label=cause.label, style=cause.style, width=width(cycles, whole), value=f"{cycles:,.0f} cycles")
