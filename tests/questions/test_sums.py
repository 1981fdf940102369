"""No answer adds floats by `sum`, whose last digits differ from one Python to the next: `fsum` rounds once."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import wsesim
from wsesim import answers, questions

PACKAGE = str(Path(wsesim.__file__).parent)
MODEL = {"layers": 2, "width": 64, "heads": 4, "vocab": 300, "max_length": 128}
EXPERTS = {**MODEL, "experts": 4, "position": "rotary"}
ASKED: dict[str, dict[str, Any]] = {
    "training": {"batch": {"sequences": 8, "length": 64}},
    "evaluation": {"batch": {"sequences": 8, "length": 64}},
    "prefill": {"inference": {"prompt": 64}},
    "decode": {"inference": {"prompt": 64, "draft_tokens": 2}},
    "generate": {"inference": {"prompt": 64, "generate": 4}},
    "serving": {"serving": {"rate": 2, "requests": 20, "prompt": 30, "output": 9, "longest": 100}},
    "kernel": {"kernel": "reduce-chain", "grid": [4, 2], "shape": [8]},
}


@pytest.fixture(autouse=True)
def _whole_numbers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    add = builtins.sum

    def checked(items: Iterable[Any], /, start: Any = 0) -> Any:
        parts = list(items)
        caller = sys._getframe(1).f_code.co_filename
        assert not (caller.startswith(PACKAGE) and any(isinstance(part, float) for part in parts)), caller
        return add(parts, start)

    monkeypatch.setattr(builtins, "sum", checked)


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("model", [MODEL, EXPERTS], ids=["dense", "experts"])
@pytest.mark.every(3)
def test_floats_are_added_by_fsum(kind: str, model: dict[str, Any]) -> None:
    assert questions.kinds().keys() == ASKED.keys()
    data = {"cluster": "cs-2", **ASKED[kind]}
    if kind != "kernel":
        data |= {"phase": kind, "model": model, "verification": {"enabled": False}}
    asked = questions.ask(data, file="x.yaml", folder=Path())
    console = Console(file=StringIO())
    for level in ("closed", "system"):
        result = questions.run(asked, level=questions.require_level(level), verify=False)
        answers.print_result(result, console)
        answers.render_result(result)
    compared = questions.compare(asked, ("closed", "system"))
    answers.print_comparison(compared, console)
    answers.render_comparison(compared)
