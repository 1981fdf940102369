"""What the README and the manual quote is what there is today."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from tests.rows import TOGETHER

from wsesim import kit
from wsesim.cli import cli
from wsesim.questions import kinds

ROOT = Path(__file__).parents[2]
GROUP = r"^\| (CS-\d [^|]+?) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \| (\d+) % \| (\d+) % \|"
FAMILY = r"^\| (\S+) \| (simulator|silicon) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \|"


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def asked(*words: str) -> Any:
    done = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@TOGETHER
def test_quoted_accuracy_is_that_of_today() -> None:
    summary = asked("validate")["summary"]
    for page, least in (("README.md", 5), ("docs/explanation/belief.md", 19)):
        quoted = re.findall(GROUP, text_of(page), re.MULTILINE)
        assert len(quoted) >= least
        for name, rows, *shares in quoted:
            group = summary[name]
            found = [f"{100 * group[key]:.1f}" for key in ("median", "worst")]
            found += [f"{100 * group[key]:.0f}" for key in ("naive_median", "naive_worst")]
            assert (name, group["run"], found) == (name, int(rows), shares)


@TOGETHER
def test_quoted_accuracy_of_kernels_is_that_of_today() -> None:
    today = {
        (each["family"], each["target"], str(each["run"]), f"{100 * each['median']:.1f}", f"{100 * each['worst']:.1f}")
        for each in asked("validate", "--kernels")["families"]
        if each["run"]
    }
    assert {tuple(row) for row in re.findall(FAMILY, text_of("docs/explanation/belief.md"), re.MULTILINE)} == today


def test_every_kind_is_told_with_its_software() -> None:
    table = text_of("docs/reference/questions.md").partition("| a file with |")[2].partition("```")[0]
    rows = re.findall(r"^\| `(?:phase: (\w+)|(kernel): NAME)`[^|]*\|[^|]+\| (\S+) \|", table, re.MULTILINE)
    told = {phase or mark: stack.strip("`") for phase, mark, stack in rows}
    assert told == {name: kind.stack or "none" for name, kind in kinds().items()}


def test_every_communication_is_told() -> None:
    table = text_of("docs/howto/kernel.md").partition("`core.row.` or")[2].partition("\n\n")[0]
    told = set(re.findall(r"^\| `(\w+)", table, re.MULTILINE))
    assert told == {name for name in vars(kit.KernelLine) if not name.startswith("_")}


def test_quoted_shares_are_those_of_the_models_that_ship() -> None:
    form = r"^\| `workloads/learning/(\w+)\.yaml` \| ([^|]+) \| ([\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(form, text_of("docs/howto/train.md"), re.MULTILINE)
    assert [name for name, *_ in rows] == ["spam", "reviews", "world"]
    for name, *cells in rows:
        card = text_of(f"sim/wsesim/uses/data/{name}/README.md")
        assert set(re.findall(r"0\.\d+", " ".join(cells))) <= set(re.findall(r"0\.\d+", card))
