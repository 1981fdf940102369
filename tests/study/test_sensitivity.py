"""Every figure that a question reads, made better and worse; what is told is what is answered."""

from __future__ import annotations

import csv
import json
from math import log2
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from wsesim import questions
from wsesim.answer import Answer
from wsesim.cli import cli
from wsesim.study import Sensitivity, sensitivity
from wsesim.study.tornado import WIDTH, tornado_svg

WORKLOADS = Path(__file__).parents[2] / "workloads"
TEXT = """
kernel: allreduce-2d
cluster: cs-2
grid: [8, 8]
shape: [64]
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sensitivity") / "small.yaml"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture(scope="module")
def found(file: Path) -> Sensitivity:
    return sensitivity(questions.load(file), level="closed")


def test_every_figure_that_is_read_is_asked_and_ranked(found: Sensitivity) -> None:
    spans = [each.span(found.now) for each in found.influences]
    assert spans == sorted(spans, reverse=True)
    names = {each.setting for each in found.influences}
    assert {"hardware.core.sram", "hardware.fabric.ramp_cycles", "hardware.silicon.link_slowdown"} <= names
    assert {each.setting for each in found.effective} | {each.setting for each in found.without_effect} == names
    assert found.without_effect


def test_what_is_told_is_what_is_answered(found: Sensitivity) -> None:
    ramp = next(each for each in found.influences if each.setting == "hardware.fabric.ramp_cycles")
    again = questions.sketch(questions.changed(found.question, {ramp.setting: 4}), level="closed")
    assert isinstance(again, Answer)
    assert ramp.worse is not None
    assert ramp.worse.answer is not None
    assert ramp.worse.answer == again.figures[found.figure.name]
    assert ramp.worse.answer > found.now


def test_ties_bring_more_together_than_alone(found: Sensitivity) -> None:
    for tie in found.ties:
        assert tie.answer < min(tie.alone)


def test_what_cannot_be_is_told_apart_from_what_has_no_answer(found: Sensitivity) -> None:
    hop = next(each for each in found.influences if each.setting == "hardware.fabric.hop_cycles")
    assert hop.better is None  # half a cycle
    assert hop.worse is not None


def test_an_elasticity_is_of_one_per_cent_more_even_at_a_step() -> None:
    question = questions.load(WORKLOADS / "kernels" / "gemv-16k.yaml")
    found = sensitivity(question, level="closed")
    port = next(each for each in found.influences if each.setting.endswith("sram_write_bytes_per_cycle"))
    assert port.worse is not None
    assert port.worse.answer is not None
    assert port.worse.answer > found.now
    assert port.elasticity == 0.0
    hop = next(each for each in found.influences if each.setting.endswith("hop_cycles"))
    more = questions.sketch(questions.changed(question, {hop.setting: 2}), level="closed")
    assert isinstance(more, Answer)
    assert hop.elasticity == pytest.approx(log2(float(more.figures[found.figure.name] or 0) / found.now))


def test_files_say_what_the_terminal_says(found: Sensitivity, tmp_path: Path) -> None:
    page, table, data = found.save(tmp_path / "out")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert [row["setting"] for row in rows] == [each.setting for each in found.influences]
    form = json.loads(data.read_text("utf-8"))
    assert form["without_effect"] == [each.setting for each in found.without_effect]
    assert form["figures"][0]["name"] in page.read_text("utf-8")


def test_a_tornado_has_room_for_its_words_and_says_what_its_colours_are(found: Sensitivity) -> None:
    drawn = ElementTree.fromstring(tornado_svg(found))
    bars = {each.get("fill") for each in drawn.findall("rect")}
    assert bars == {each.get("fill") for each in drawn.iter("tspan")}
    for each in drawn.findall("text"):
        x, width = float(each.get("x", "0")), 6.5 * len("".join(each.itertext()))
        before = {"start": 0.0, "middle": width / 2, "end": width}[each.get("text-anchor", "start")]
        assert x - before > 0
        assert x - before + width <= WIDTH


def test_the_command(file: Path) -> None:
    done = CliRunner().invoke(cli, ["sensitivity", str(file), "--level", "closed", "--times", "1.5"])
    assert done.exit_code == 0, done.output
    assert "1.5 times as good" in " ".join(done.output.split())
    assert "No effect: " in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--figure", "cycle"], "'cycle' is no figure of kernel, did you mean 'cycles'?"),
        (["--times", "1"], "--times must be above 1; got 1"),
        (["--set", "shape=[100000]"], "there is nothing to compare with"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(file: Path, words: list[str], told: str) -> None:
    done = CliRunner().invoke(cli, ["sensitivity", str(file), *words])
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
