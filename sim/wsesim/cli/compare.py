"""The command that puts questions, results, machines or stacks side by side: compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsesim.cli import completion
from wsesim.cli.options import force_option, level_option, manner, out_option, settings_option, speaking
from wsesim.cli.output import or_shown, print_json, say, table

if TYPE_CHECKING:
    from wsesim.study import SideBySide


@click.command()
@click.argument("given", metavar="A B ...", nargs=-1, required=True, shell_complete=completion.FILE)
@settings_option
@level_option("closed, system or cores.  [default: as `wsesim run` would]")
@click.option("--fresh", is_flag=True, help="Answer all anew, whatever is known, and keep nothing.")
@out_option("Folder to write what differs to, as JSON and CSV.")
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
        with or_shown(lambda: say("\n\n".join(_parts(found)))):
            found.save(out, force=force)
    if manner().json:
        print_json(found.to_dict())
    say("\n\n".join(_parts(found)))
    if out is not None:
        say(f"\nwrote {out}")


def _parts(found: SideBySide) -> list[str]:
    from wsesim.answers import shown
    from wsesim.units import show_change

    names = [side.name for side in found.sides]
    rows = [(name, *("-" if value is None else str(value) for value in row)) for name, row in found.asked.items()]
    parts = [table(("ASKED", *names), rows) if rows else "Nothing differs in what is asked."]
    figures = [(_label(found, name), *(shown(name, value) for value in row), *_ratios(row))
               for name, row in found.figures.items()]  # fmt: skip
    if figures:
        parts.append(table(("FOUND", *names, *(f"/ {names[0]}" for _ in names[1:])), figures))
    elif found.sides[0].answer:
        parts.append("Nothing differs in what is found.")
    parts += [f"{side.name}: {side.answer.why}" for side in found.sides if side.answer and side.answer.why]
    for side, causes in zip(found.sides[1:], found.causes, strict=False):
        lines = [(each.cause, shown("s", each.before_s), shown("s", each.after_s),
                  "-" if each.share is None else show_change(each.share, digits=0)) for each in causes]  # fmt: skip
        if lines:
            parts.append(table((f"WHY {side.name}", names[0], side.name, "OF THE DIFFERENCE"), lines))
    return parts


def _label(found: SideBySide, name: str) -> str:
    from wsesim.answers import label

    return next((label(spec) for side in found.sides for spec in side.specs if spec.name == name), name)


def _ratios(row: tuple[Any, ...]) -> list[str]:
    first = row[0]
    return [f"{value / first:.3g}" if first and value is not None and not isinstance(value, bool) else "-"
            for value in row[1:]]  # fmt: skip
