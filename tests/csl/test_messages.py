"""What is said of programs with a mistake: place, line, caret, what would be right; all of it, word by word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.csl.cases import Case, cases

from wsesim.csl import limits
from wsesim.csl.compile import compile_file, compile_tile
from wsesim.errors import InputError

FILES = ("syntax", "values", "functions", "cores", "layouts", "habits", "slips")
EXPORT = "comptime { @export_symbol(main); }\n"


@pytest.mark.parametrize("file", FILES)
def test_messages(
    file: str, golden: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(limits, "MAX_STEPS", 5_000)
    said = [f"{case.title}\n{_said(case)}\n" for case in cases("messages") if case.file == file]
    golden(f"csl_{file}.txt", "\n".join(said))


def _said(case: Case) -> str:
    path = Path("program.csl")
    path.write_text(case.text + (EXPORT if "fn main" in case.text else ""))
    with pytest.raises(InputError) as caught:
        _compiled(case, path)
    return str(caught.value)


def _compiled(case: Case, path: Path) -> None:
    if "layout {" in case.text:
        compile_file(path, arch=case.arch)
    else:
        compile_tile(path, {}, arch=case.arch)
