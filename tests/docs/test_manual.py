"""What the manual says is what there is, and its examples say what they are shown to say."""

from __future__ import annotations

import re
from doctest import DocTestParser, DocTestRunner
from pathlib import Path

import pytest

from wsesim import kit

TEXT = (Path(__file__).parent.parent / "docs" / "manual.md").read_text("utf-8")


def test_every_communication_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)", TEXT.partition("`core.row.` or")[2].partition("\n\n")[0], re.MULTILINE))
    assert told == {name for name in vars(kit.KernelLine) if not name.startswith("_")}


def test_examples_say_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    runner, told = DocTestRunner(), list[str]()
    found = runner.run(DocTestParser().get_doctest(blocks, {}, "manual.md", None, None), out=told.append)
    assert (found.failed, found.attempted > 20) == (0, True), "".join(told)
