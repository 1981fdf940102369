"""The command that says what a word, a cause, a figure, a key, a limit or a name means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

import click

from wsesim.cli import completion
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, say
from wsesim.cli.terms import Explained, folded, known_terms
from wsesim.errors import InputError, nearest

_LEAST_PART = 4
"""Letters of a part within a word that is looked for."""


@click.command()
@click.argument("words", metavar="TERM", nargs=-1, required=True, shell_complete=completion.TERM)
@speaking
def explain(words: tuple[str, ...]) -> None:
    """Say what a TERM means.

    A word, a cause of time, a figure, a key of files, a limit, a kernel, a machine, a stack or a model; by its whole
    name first, whether one or many (wavelets), with hyphens or without, then by a part: `wsesim explain mfu`,
    `wsesim explain core.sram`.
    """
    term = " ".join(words)
    wanted = " ".join(term.lower().split())
    known = tuple(known_terms())
    if not (found := found_in(wanted, known)):
        names = sorted({name for each in known for name in each.names})
        raise InputError.at(f"nothing here is called {term!r}{nearest(wanted, names)}")
    if manner().json:
        print_json({"status": "ok", "found": [asdict(each) for each in found]})
    say("\n\n".join(f"{each.term} ({each.what}): {each.means}" for each in found))


def found_in(wanted: str, known: Sequence[Explained]) -> list[Explained]:
    """Return what has a name as it is wanted, else as it is when folded, else as some of its words, else as a part.

    Behind a word that is not used here stands what is, and what has it as some of its words.
    """
    alike = folded(wanted)
    squeezed = alike.replace(" ", "")
    ways: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: folded(name) == alike,
        lambda name: folded(name).replace(" ", "") == squeezed,
        words := lambda name: f" {alike} " in f" {folded(name)} ",
        lambda name: len(squeezed) >= _LEAST_PART and squeezed in folded(name).replace(" ", ""),
    )
    found = next(filter(None, ([each for each in known if any(map(way, each.names))] for way in ways)), [])
    if here := {name for each in found for name in each.here}:
        found += [each for each in known if here.intersection(each.names) and each not in found]
        found += [each for each in known if any(map(words, each.names)) and each not in found]
    return found
