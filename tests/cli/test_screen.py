"""What reaches a terminal: nothing that steers it, whoever wrote it, and the nearest signs that it can write."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from io import StringIO
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wsesim.answers.page import templates

HOSTILE = "a\x1b]0;x\x07\x9b31m\u202eb\u2066|<script>alert(1)</script>`[x](http://x.y) www.x.y x@y.z"
GPT2 = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 50257, "n_positions": 64}
QUESTION = "batch: {sequences: 4, length: 64}\ncluster: cs-2\nverification: {enabled: false}\n"
Call = Callable[..., Result]
names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name.strip(".") and len(name.encode()) < 200
)


def _steers_nothing(found: Result) -> None:
    assert found.exit_code in (0, 2), found.output
    for said in (found.stdout, found.stderr):
        assert all(sign.isprintable() or sign in "\n\t\N{NO-BREAK SPACE}" for sign in said), ascii(said)


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a question about a model of that name and a study of it, in files of that name; return both."""
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "config.json").write_text(json.dumps(GPT2))
    question, study = folder / f"{name}.yaml", folder / f"{name}.study.yaml"
    config = json.dumps(f"{name}/config.json")
    question.write_text(f"model: {{config: {config}}}\n{QUESTION}", "utf-8")
    study.write_text(
        f"workload: {json.dumps(question.name)}\nquestion: {json.dumps(name)}\nvary: {{batch.sequences: [4]}}\n",
        "utf-8",
    )
    return question, study


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
@example(name=HOSTILE.replace("/", "-"))
def test_names_steer_no_terminal(call: Call, in_tmp: Path, name: str) -> None:
    question, study = _files(in_tmp, name)
    out = ("--force", "--out")
    for arguments in (
        ("check", question, study), ("show", question), ("check", question, "--set", f"name={name}"),
        ("graph", question), ("run", question, *out, "o"), ("run", question, "--level", name),
        ("check", in_tmp / name), ("run", in_tmp / f"{name}.no"), ("validate", "--show", name), (f"x{name}",),
        ("run", question, f"--x{name}"), ("kernel", name, "--grid", "1x1", "--shape", "1"),
        ("run", f"{name}.no", *out, name),
    ):  # fmt: skip
        _steers_nothing(call(*arguments))
    page = (in_tmp / "o" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert all(sign.isprintable() or sign in "\n\N{NO-BREAK SPACE}" for sign in page)


@pytest.mark.nightly
def test_a_sweep_and_levels_steer_no_terminal(call: Call, in_tmp: Path) -> None:
    question, study = _files(in_tmp, HOSTILE.replace("/", "-"))
    _steers_nothing(call("sweep", study, "--jobs", "1", "--out", "s"))
    _steers_nothing(call("levels", question, "--set", "batch.length=8", "--out", "l"))
    for page in ("s/sweep.html", "l/levels.html"):
        assert "<script" not in (in_tmp / page).read_text("utf-8")


def test_a_table_of_rows_is_text_wherever_it_goes(call: Call, in_tmp: Path) -> None:
    rows = list(csv.DictReader(StringIO((files("wsesim.validation") / "data" / "models.csv").read_text("utf-8"))))
    with Path("t.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows([{**rows[0], "id": HOSTILE, "unit": HOSTILE}, {**rows[1], "phase": HOSTILE, "notes": HOSTILE}])
    _steers_nothing(call("validate", "--table", "t.csv", "--out", "v"))
    _steers_nothing(call("validate", "--table", "t.csv", "--show", HOSTILE))
    document = Path("v/validation.md").read_text("utf-8")
    assert all(sign.isprintable() or sign == "\n" for sign in document)
    for raw in ("<script", "[x](", "http://x", "www.x", "x@y"):
        assert raw not in document
    assert "\\|&lt;script>" in document


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C"}]
)
@pytest.mark.every(3)
def test_signs_that_a_terminal_lacks_are_the_nearest(in_tmp: Path, environment: dict[str, str]) -> None:
    question, study = _files(in_tmp, "tiny")
    study.write_text(f"{study.read_text()}figures: [bound_s, mfu]\n")
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONCOERCECLOCALE": "0", **environment}
    calls = [("run", question, "--no-verify"), ("check", "µ→.yaml"), ("sweep", study, "--jobs", "1"), ("run", "--help")]
    for arguments in calls if "PYTHONIOENCODING" in environment else calls[:2]:
        found = subprocess.run(
            [sys.executable, "-m", "wsesim", *map(str, arguments)], capture_output=True, env=surroundings, check=False
        )
        said = (found.stdout + found.stderr).decode("ascii")
        assert "Traceback" not in said
        assert "?s" not in said
        assert ("us " in said) == (arguments[0] in ("sweep",) or "--no-verify" in arguments), said


def test_the_terminal_and_pages_print_by_one_way() -> None:
    assert templates("wsesim.answers").from_string("{{ x }}").render(x="\x1b<b>\n") == "\\x1b&lt;b&gt;\n"
