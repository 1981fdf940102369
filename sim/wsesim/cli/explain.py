"""The command that says what a word, a cause, a figure, a key, a limit or a name means."""

from __future__ import annotations

from dataclasses import asdict

import click

from wsesim.cli import completion
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, say
from wsesim.cli.terms import known_terms
from wsesim.errors import InputError, nearest


@click.command()
@click.argument("words", metavar="TERM", nargs=-1, required=True, shell_complete=completion.TERM)
@speaking
def explain(words: tuple[str, ...]) -> None:
    """Say what a TERM means.

    A word, a cause of time, a figure, a key of files, a limit, a kernel, a machine, a stack or a model; by its whole
    name first, then by a part: `wsesim explain mfu`, `wsesim explain core.sram`.
    """
    term = " ".join(words)
    wanted = " ".join(term.lower().split())
    known = tuple(known_terms())
    found = [each for each in known if wanted in each.names] or [
        each for each in known if len(wanted) > 2 and any(wanted in name for name in each.names)
    ]
    if not found:
        names = sorted({name for each in known for name in each.names})
        raise InputError.at(f"nothing here is called {term!r}{nearest(wanted, names)}")
    if manner().json:
        print_json({"status": "ok", "found": [asdict(each) for each in found]})
    say("\n\n".join(f"{each.term} ({each.what}): {each.means}" for each in found))
