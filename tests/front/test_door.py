"""What `import wsesim` offers: the names, what they take, and nothing imported before it is used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from doctest import ELLIPSIS, DocTestFinder, DocTestRunner
from pathlib import Path

import pytest

import wsesim
from wsesim import front
from wsesim.answer import Readable

ROOT = Path(__file__).parents[2]
HIDDEN = {"Question"}
"""A protocol, whose members are for kinds, not for programs."""


@pytest.mark.parametrize("name", wsesim.__all__)
def test_every_name_is_there_and_explained(name: str) -> None:
    assert (getattr(wsesim, name).__doc__ or "").strip()
    assert name in dir(wsesim)


def test_names_are_those_of_their_homes() -> None:
    homes = {name for names in wsesim._HOME.values() for name in names}
    assert homes | {"__version__"} == set(wsesim.__all__)
    assert sorted(wsesim.__all__) == wsesim.__all__
    assert set(front.__all__) <= homes


def test_an_unknown_name_is_no_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        _ = wsesim.simulate  # type: ignore[attr-defined]


def test_importing_costs_nothing() -> None:
    code = "import sys, wsesim; print(sorted(name for name in sys.modules if name.startswith('wsesim')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['wsesim', 'wsesim._version']"


def test_signatures_change_knowingly(golden: Callable[[str, str], None]) -> None:
    golden("api.txt", "".join(f"{line}\n" for name in wsesim.__all__ for line in _signatures(name)))


def _signatures(name: str) -> Iterator[str]:
    value = getattr(wsesim, name)
    if not callable(value):
        yield name
        return
    if not isinstance(value, type):
        yield f"{name}{inspect.signature(value)}"
        return
    yield f"class {name}"
    for key, member in inspect.getmembers(value):
        shown = key == "_repr_html_" or (key == "__init__" and value.__module__.startswith(front.__name__))
        if name in HIDDEN or (key.startswith("_") and not shown):
            continue
        if isinstance(member, property):
            yield f"    {name}.{key}"
        elif (inspect.isfunction(member) or inspect.ismethod(member)) and member.__module__.startswith("wsesim"):
            yield f"    {name}.{key}{inspect.signature(member)}"


def test_results_of_all_kinds_are_read_alike() -> None:
    found = {name for name in wsesim.__all__ if isinstance(getattr(wsesim, name), type)}
    readable = {name for name in found if issubclass(getattr(wsesim, name), Readable)}
    assert readable == {"Comparison", "Indices", "Result", "Sensitivity", "SideBySide", "Sizing", "SweepTable"}


EXPLAINED = [name for name in wsesim.__all__ if ">>>" in (getattr(wsesim, name).__doc__ or "")]


@pytest.mark.parametrize("name", ["wsesim", *EXPLAINED])
def test_examples_say_what_is_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    value = wsesim if name == "wsesim" else getattr(wsesim, name)
    finder, runner, told = DocTestFinder(recurse=False), DocTestRunner(optionflags=ELLIPSIS), list[str]()
    for test in finder.find(value, name, globs={"wsesim": wsesim, name: value}):
        runner.run(test, out=told.append)
    assert (runner.failures, runner.tries > 0) == (0, True), "".join(told)


def test_every_function_has_an_example() -> None:
    assert set(front.__all__) - set(EXPLAINED) == {"Listing", "indices"}
