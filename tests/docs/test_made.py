"""The parts of the manual that are made have all that there is, and every page that asks for one gets it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

import wsesim
from wsesim.answers.causes import KNOWN
from wsesim.answers.words import words
from wsesim.cli import cli
from wsesim.cores.programs import PROGRAMS
from wsesim.csl.builtins.table import BUILTINS
from wsesim.figures import sources
from wsesim.hardware import MACHINES
from wsesim.model import model_names
from wsesim.questions import kinds
from wsesim.software import STACKS
from wsesim.study.schema import StudyFile

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def made() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module("made")


def first_cells(text: str) -> set[str]:
    """Return what stands in the first cells of all tables, and in headings, as code or not."""
    cells = re.findall(r"^\| `?([^|`]+?)`? \|", text, re.MULTILINE) + re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {cell.replace("\\", "") for cell in cells}


def paths_of(command: click.Command, path: str) -> set[str]:
    inner = command.commands if isinstance(command, click.Group) else {}
    return {path, *(each for name, one in inner.items() for each in paths_of(one, f"{path} {name}"))}


THERE: Mapping[str, Callable[[], set[str]]] = {
    "keys": lambda: {key for kind in kinds().values() for key in kind.file.keys()},  # noqa: SIM118
    "study_keys": lambda: set(StudyFile.keys()),
    "machine_keys": lambda: {*MACHINES.slots, *STACKS.slots},
    "figures": lambda: {spec.name for kind in kinds().values() for spec in kind.figures},
    "causes": lambda: set(KNOWN),
    "words": lambda: set(words()),
    "commands": lambda: paths_of(cli, "wsesim") - {"wsesim"},
    "kernels": lambda: set(PROGRAMS),
    "builtins": lambda: set(BUILTINS),
    "machines": lambda: set(MACHINES.names()),
    "software": lambda: set(STACKS.names()),
    "models": lambda: set(model_names()),
    "sources": lambda: set(sources()),
    "instructions": lambda: {name for name in MACHINES.slots if name.startswith(("core.", "fabric.", "code."))},
}
"""By maker, what its tables and headings have to name."""


@pytest.mark.parametrize("name", THERE)
def test_all_that_there_is_is_told(name: str, made: Any) -> None:
    assert THERE[name]() <= first_cells(made.MAKERS[name]())


def test_the_whole_api_is_told(made: Any) -> None:
    told = re.findall(r"\.\. auto\w+:: wsesim\.(\w+)", made.MAKERS["python"]())
    assert {*told, "__version__"} == set(wsesim.__all__)


def test_cycles_of_instructions_are_those_of_the_machines(made: Any) -> None:
    assert "| `dest = a + b * c` | fp16 | 32 = 0 + 16 × 2 | 25 = 1 + 8 × 3 |" in made.MAKERS["vectors"]()
    assert "| `load` | register = memory. | 2 | 2 |" in made.MAKERS["scalars"]()


def test_every_part_is_asked_for_and_every_page_stands_in_the_contents(made: Any) -> None:
    pages = {page.relative_to(DOCS).with_suffix("").as_posix(): page.read_text("utf-8") for page in DOCS.rglob("*.md")}
    assert {name for text in pages.values() for name in made.MARK.findall(text)} == set(made.MAKERS)
    contents = " ".join(re.findall(r"```{toctree}\n(.*?)```", pages["index"], re.DOTALL))
    assert set(contents.split()) >= set(pages) - {"index"}
