"""The tutorial in Python runs as it stands, and says what it is shown to say."""

from __future__ import annotations

import re
from doctest import ELLIPSIS, DocTestParser, DocTestRunner
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import wsesim

TEXT = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")


def test_the_tutorial_says_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    runner, told = DocTestRunner(optionflags=ELLIPSIS), list[str]()
    found = runner.run(DocTestParser().get_doctest(blocks, {}, "tutorial.md", None, None), out=told.append)
    plt.close("all")
    assert (found.failed, found.attempted > 20) == (0, True), "".join(told)
    assert (tmp_path / "busy.png").stat().st_size > 1000


def test_it_tells_of_every_function_that_answers() -> None:
    answering = {"compare", "kernel", "levels", "load", "machines", "run", "sensitivity", "size", "sweep"}
    assert answering <= set(re.findall(r"wsesim\.(\w+)\(", TEXT)) & set(wsesim.__all__)
