"""What a notebook shows of a result: a card with its first figures, made of text that is escaped and pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from wsesim.answers import text
from wsesim.answers.causes import Cause
from wsesim.answers.page import templates
from wsesim.answers.svg import standalone
from wsesim.answers.views import width
from wsesim.signs import printable

LONGEST = 160
"""Signs of a reason in a line that a program prints."""
MOST_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPart:
    """A piece of a bar."""

    label: str
    value: str
    share: str
    width: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPicture:
    """A picture that stands in the card itself."""

    alt: str
    data: str
    """SVG as base64: it loads nothing, and its styles stay inside."""

    @classmethod
    def of(cls, alt: str, drawn: str, colours: Mapping[str, tuple[str, str]]) -> CardPicture:
        """Take an element of a page."""
        return cls(alt=alt, data=b64encode(standalone(drawn, colours).encode()).decode("ascii"))


def card(
    *, over: str, title: str, said: str = "", heads: Sequence[str] = (), rows: Sequence[Sequence[str]] = (),
    parts: Sequence[CardPart] = (), pictures: Sequence[CardPicture] = (), notes: Iterable[str] = (),
) -> str:  # fmt: skip
    """Return the card as HTML without scripts that loads nothing."""
    left = len(rows) - MOST_ROWS
    more = [f"{left:,} more rows: frame() has all."] if left > 0 else []
    page = {"over": over, "title": title, "said": said, "heads": heads, "rows": rows[:MOST_ROWS], "parts": parts,
            "pictures": pictures, "notes": [*more, *notes]}  # fmt: skip
    return templates().get_template("card.html.j2").render(page)


def parts_of(by_cause: Mapping[str, float], causes: Mapping[str, Cause]) -> tuple[CardPart, ...]:
    """Return seconds by cause as pieces of a bar, longest first."""
    total_s = fsum(by_cause.values())
    return tuple(
        CardPart(label=causes[name].label, value=text.seconds(time_s), share=text.percent(time_s / total_s),
                 width=width(time_s, total_s), colour=causes[name].light)
        for name, time_s in text.ranked(by_cause)
    )  # fmt: skip


def line(words: str) -> str:
    """Return *words* as a line that a terminal can print, cut where it is long."""
    whole = printable(words, keep="")
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 3]}..."
