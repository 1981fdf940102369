"""The command that puts questions, results, machines or stacks side by side: compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli import completion
from wsesim.cli.options import force_option, level_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import or_shown, print_json, say, table

if TYPE_CHECKING:
    from wsesim.study import SideBySide, SideTable


@click.command()
@click.argument("given", metavar="A B ...", nargs=-1, required=True, shell_complete=completion.FILE)
@settings_option
@level_option("closed, system or cores.  [default: as `wsesim run` would]")
@click.option("--fresh", is_flag=True, help="Answer all anew, whatever is known, and keep nothing.")
@out_option("Folder to write what differs to: a page, JSON and CSV.")
@force_option
@speaking
def compare(
    given: tuple[str, ...], settings: tuple[str, ...], level: str | None, fresh: bool, out: Path | None, force: bool
) -> None:
    """Say what differs, in what is asked and in what comes out.

    Each is a file of a question, a folder that `wsesim run` wrote, a machine or a software stack. All are held against
    the first: which cause explains how much of the difference in time.
    """
    from wsesim import questions
    from wsesim import study as studies

    wanted = None if level is None else questions.require_level(level)
    journal = None if fresh else studies.journal_place()
    found = studies.side_by_side(given, settings, level=wanted, journal=journal)
    if out is not None:
        with or_shown(lambda: say(_said(found))):
            found.save(out, force=force)
    if manner().json:
        print_json(found.to_dict())
    say(_said(found))
    if out is not None:
        say(f"\nwrote {out}")


def _said(found: SideBySide) -> str:
    from wsesim import study as studies

    parts = studies.parts_of(found)
    return "\n\n".join(part if isinstance(part, str) else _table(part) for part in parts)


def _table(part: SideTable) -> str:
    return table((f"{part.word.upper()} {part.side}".rstrip(), *part.heads), part.rows)
