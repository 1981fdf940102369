"""Figures of answers, causes of time, limits, and the words of the glossary."""

from __future__ import annotations

from made.markdown import cell, code, parts, table
from wsesim import questions
from wsesim.answers.causes import KNOWN
from wsesim.answers.words import synonyms as known_synonyms
from wsesim.answers.words import words as known_words
from wsesim.questions.shared.limits import LIMITS


def figures() -> str:
    """Every figure of answers, with its definition and the kinds of question that have it."""
    found: dict[str, list[str]] = {}
    specs = {spec.name: spec for kind in questions.kinds().values() for spec in kind.figures}
    for name, kind in questions.kinds().items():
        for spec in kind.figures:
            found.setdefault(spec.name, []).append(name)
    rows = [
        (code(name), cell(specs[name].label), cell(specs[name].meaning), specs[name].better, ", ".join(kinds))
        for name, kinds in found.items()
    ]
    return table(("figure", "is called", "means", "better", "of"), rows)


def causes() -> str:
    """Every cause that seconds are spent on."""
    return table(("cause", "is called", "means"), [(code(c.name), c.label, cell(c.meaning)) for c in KNOWN.values()])


def limits() -> str:
    """What holds a time."""
    return table(("limit", "is made of"), [(name, ", ".join(map(code, of))) for name, of in LIMITS.items()])


def words() -> str:
    """The glossary."""
    return parts(table(("word", "means"), [(cell(word), cell(means)) for word, means in known_words().items()]))


def synonyms() -> str:
    """Words of the field that are not used here."""
    return table(("is called", "here"), [(cell(said), cell(here)) for said, here in known_synonyms().items()])
