"""The command that says what a word, a cause, a figure, a key, a limit or a name means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from wsesim.cli import completion
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, say
from wsesim.cli.terms import Explained, folded, known_terms
from wsesim.errors import InputError, nearest


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
    if not (found := _found(wanted, known)):
        names = sorted({name for each in known for name in each.names})
        raise InputError.at(f"nothing here is called {term!r}{nearest(wanted, names)}")
    if manner().json:
        print_json({"status": "ok", "found": [asdict(each) for each in found]})
    say("\n\n".join(f"{each.term} ({each.what}): {each.means}" for each in found))


def _found(wanted: str, known: Sequence[Explained]) -> list[Explained]:
    """Return what has a name as it is wanted, else as it is when folded, else as a part."""
    alike = folded(wanted)
    return (
        [each for each in known if wanted in each.names]
        or [each for each in known if alike in map(folded, each.names)]
        or [each for each in known if len(alike) > 2 and any(alike in folded(name) for name in each.names)]
    )
