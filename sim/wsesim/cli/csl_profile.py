"""The command that says where the cycles of a CSL program went."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from wsesim.cli import completion
from wsesim.cli.options import force_option, out_option
from wsesim.cli.output import put
from wsesim.errors import InputError

_CORE = re.compile(r"[0-9]{1,6},[0-9]{1,6}", re.ASCII)
WHAT = click.Path(path_type=Path, exists=True)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("what", type=WHAT, default="out", metavar="OUT|SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=completion.FILE)
@click.option("--lines", default=20, show_default=True, type=click.IntRange(min=0), help="Source lines to list.")
@click.option("--watch", metavar="COLUMN,ROW", multiple=True, help="A core of trace and flame view, of a script. "
              "Repeatable.  [default: one of each tile class, 16]")  # fmt: skip
@out_option("Folder to write to: page, tables, and of a script the trace.")
@force_option
def profile(
    what: Path, arguments: tuple[str, ...], lines: int, watch: tuple[str, ...], out: Path | None, force: bool
) -> None:
    """Say where cycles went: by cause, task, operation, source line, core.

    OUT is the folder that cslc -o named: its last run. A SCRIPT, such as commands_wse3.sh, is run as `wsesim csl run`
    does, with ARGUMENTS, and each program in it is told; the exit code is the script's.
    """
    from wsesim import answers

    if out:
        answers.check_folder(out, overwrite=force)
    if what.is_dir():
        if watch or arguments:
            raise InputError.at("--watch and arguments are for a script that is run; what ran is past")
        _tell([what], lines, out, force)
        return
    for core in watch:
        if not _CORE.fullmatch(core):
            raise InputError.at(f"--watch must be COLUMN,ROW, for example 3,0; got {core!r}")
    ended, folders = _run(what, arguments, watch)
    if not folders:
        raise InputError.at(f"no program of the script was stopped, so nothing can be told; it ended with {ended}",
                            file=str(what))  # fmt: skip
    _tell(folders, lines, out, force)
    sys.exit(ended)


def _run(script: Path, arguments: Sequence[str], watch: Sequence[str]) -> tuple[int, list[Path]]:
    """Run a script; return its exit code, and the folders of the programs that ran, each once."""
    from wsesim.csl.host.asked import RAN, WATCH
    from wsesim.csl.host.commands import run_script

    with tempfile.TemporaryDirectory(prefix="wsesim-csl-") as folder:
        ran = Path(folder) / "ran"
        ended = run_script(script, arguments, {RAN: str(ran), WATCH: " ".join(watch)})
        text = ran.read_text("utf-8") if ran.exists() else ""
    return ended, [Path(line) for line in dict.fromkeys(text.splitlines())]


def _tell(folders: Sequence[Path], lines: int, out: Path | None, force: bool) -> None:
    """Print the profile of each program; write those of all into one folder."""
    from wsesim import answers
    from wsesim.csl.host.store import load
    from wsesim.csl.profile import load_taken, profile_files, profile_text

    files: dict[str, bytes] = {}
    for number, folder in enumerate(folders, start=1):
        put((f"{folder}\n\n" if len(folders) > 1 else "") + profile_text(folder, lines))
        if out:
            first = "" if len(folders) == 1 else f"{number}-"
            made = profile_files(folder, load(folder), load_taken(folder))
            files |= {f"{first}{name}": content for name, content in made.items()}
    if out:
        answers.publish(files, out, overwrite=force)
        put(f"page: {out / next(iter(files))}\n")
