"""Every block of the manual and the README is run: commands, Python, files, scripts, page after page.

A command stands after `$ `; lines below it are a part of what it prints. A block that begins with the name of a file
is that file, for what follows on its page. A comment `nightly` before a block says why it is too long for the day.
"""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
from collections.abc import Callable
from doctest import DocTestParser, DocTestRunner
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from tests.rows import TOGETHER

from wsesim.cli import cli
from wsesim.questions import is_study, load
from wsesim.study import load_study
from wsesim.yamlfile import read_yaml

ROOT = Path(__file__).parents[2]
ELSEWHERE = {ROOT / "docs" / "tutorial.md"}
"""Run by `tests/front/test_tutorial.py`."""
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").rglob("*.md")} - ELSEWHERE)]
FENCED = re.compile(r"^(?:<!-- (nightly): [^\n]* -->\n)?```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:#|//) ([\w./-]+\.\w+)\n")
SAID = ("text", "{toctree}", "{include}")
"""Languages of blocks that nothing can be done with."""
OF_THIS_MACHINE = ("Verification", "Simulated ")
"""Starts of paragraphs that a run has otherwise on another day or computer."""


class Block(NamedTuple):
    """A block of a page."""

    language: str
    name: str
    """Of the file that it is, if it says so: in its first line, or after the language of a file without comments."""
    text: str
    nightly: bool


def blocks_of(page: Path) -> list[Block]:
    found = []
    for night, info, text in FENCED.findall(page.read_text("utf-8")):
        language, _, after = info.partition(" ")
        name = NAMED.match(text)
        found.append(Block(language, name[1] if name else after, text, bool(night)))
    return found


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Return each command, with what stands below it."""
    if block.language != "console":
        return []
    return re.findall(r"^\$ ([^\n]+)\n((?:(?!\$ )[^\n]*\n)*)", block.text, re.MULTILINE)


OWNERS: dict[str, Path] = {}
"""By command that leaves nothing for others, the first page that has it: it is run there alone."""
for _page in PAGES:
    for _block in blocks_of(_page):
        for _line, _ in commands_of(_block):
            OWNERS.setdefault(_line, _page)


def _page_test(page: Path, marks: tuple[pytest.MarkDecorator, ...] = ()) -> Any:
    rows = any("validate" in line for block in blocks_of(page) for line, _ in commands_of(block))
    group = (TOGETHER,) if rows else ()
    return pytest.param(page, marks=(*marks, *group), id=str(page.relative_to(ROOT)))


WITH_BLOCKS = [page for page in PAGES if any(block.language not in SAID for block in blocks_of(page))]
AT_NIGHT = [page for page in WITH_BLOCKS if any(block.nightly for block in blocks_of(page))]


@pytest.mark.parametrize("page", [_page_test(page) for page in WITH_BLOCKS])
def test_a_page_does_what_it_says(page: Path, checkout: Path) -> None:
    _run(page, at_night=False)


@pytest.mark.nightly
@pytest.mark.parametrize("page", [_page_test(page) for page in AT_NIGHT])
def test_a_page_does_all_that_it_says(page: Path, checkout: Path) -> None:
    _run(page, at_night=True)


def _run(page: Path, *, at_night: bool) -> None:
    names: dict[str, Any] = {}
    for block in blocks_of(page):
        assert block.language in {*SAID, *DOES}, f"{page}: nobody runs a block of {block.language!r}"
        if block.language not in SAID and (at_night or not block.nightly):
            DOES[block.language](block, page, names)


def _console(block: Block, page: Path, names: dict[str, Any]) -> None:
    own = {each.name for each in blocks_of(page)}
    others = " ".join(line.partition("--out ")[0] for each in blocks_of(page) for line, _ in commands_of(each))
    for line, said in commands_of(block):
        kept = re.findall(r"(?:--out|>) (\S+)", line)
        if OWNERS[line] == page or said or own & set(line.split()) or any(each in others for each in kept):
            done = _called(line).split()
            for wanted in _lines(said):
                assert " ".join(wanted.split()) in " ".join(done), f"{line}\n{wanted}\n{' '.join(done)}"


def _lines(said: str) -> list[str]:
    """Return the lines that a command has to print, but for paragraphs of this computer alone."""
    parts = (part for part in said.strip().split("\n\n") if not part.startswith(OF_THIS_MACHINE))
    return [line for part in parts for line in part.splitlines()]


def _called(line: str) -> str:
    """Run a command: of wsesim in this process; of others it is held that there is what they name."""
    program, _, rest = line.partition(" ")
    if program == "make":
        assert re.search(rf"^{rest}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        return ""
    if program == "pip":
        (extra,) = re.findall(r"\[(\w+)\]", rest)
        assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text("utf-8")
        return ""
    assert program == "wsesim", f"nobody runs {program}"
    words, _, target = rest.partition(" > ")
    words, _, source = words.partition(" < ")
    given = Path(source).read_bytes() if source else None
    result = CliRunner().invoke(cli, shlex.split(words), input=given, catch_exceptions=False)
    assert result.exit_code == 0, f"{line}\n{result.output}"
    if target:
        Path(target).write_text(result.output, "utf-8")
    return result.output


def _yaml(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Write a file, and check it as what it is."""
    path = _written(block)
    data = read_yaml(path).data
    if "apiVersion" in data or "trainer" in data or "extends" in data:
        return  # what is made of the last two is asked by a command below
    if is_study(path):
        load_study(path)
    else:
        load(path)


def _python(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a session, or a program; one with the name of a file is written, for a command below to run."""
    if ">>>" in block.text:
        told = list[str]()
        test = DocTestParser().get_doctest(block.text, names, page.name, None, None)
        failed = DocTestRunner().run(test, out=told.append, clear_globs=False).failed
        names |= test.globs
        assert not failed, "".join(told)
    elif block.name:
        compile(block.text, str(_written(block)), "exec")
    else:
        exec(compile(block.text, page.name, "exec"), names)


def _script(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Go through a script with nothing behind its commands; what it asks of wsesim can be read."""
    done = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    path = _written(block)
    assert path.exists()
    for words in re.findall(r"^wsesim ([a-z].*)$", block.text, re.MULTILINE):
        given = shlex.split(words)
        command = cli.commands[given[0]]
        command.make_context(given[0], given[1:])


def _written(block: Block) -> Path:
    """Write the file that a block is; one that is there already must be as it is shown, but for its comments."""
    assert block.name, f"a file without its name:\n{block.text}"
    path = Path(block.name)
    if path.exists():
        told = [each for each in path.read_text("utf-8").splitlines() if each and not each.startswith("#")]
        assert block.text.splitlines()[1:] == told, f"{path} is not as shown"
    else:
        path.write_text(block.text, "utf-8")
    return path


DOES: dict[str, Callable[[Block, Path, dict[str, Any]], None]] = {
    "console": _console, "yaml": _yaml, "python": _python, "sh": _script, "csl": lambda block, *_: _file(block),
    "csv": lambda block, *_: _file(block),
}  # fmt: skip


def _file(block: Block) -> None:
    _written(block)


def test_every_command_is_run() -> None:
    run = {line.split()[1] for line in OWNERS if line.startswith("wsesim ")}
    assert run == set(cli.commands)


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links_lead_somewhere(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    fill = importlib.import_module("made").fill
    for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text("utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", fill(target.read_text("utf-8")), re.MULTILINE) if heading else []
        assert not heading or heading in [each.lower().replace(" ", "-") for each in headings], link
