"""The best that a study searches for: found, the same for the same seed, told, kept; what cannot be searched for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.study import load_study, render_sweep, sweep
from wsesim.study.findings import best_so_far, findings
from wsesim.study.search_svg import front_svg, way_svg

Write = Callable[[str], Path]
VARY = (
    "vary: {hardware.core.clock: {from: 0.5 GHz, to: 1.5 GHz}, hardware.fabric.ramp_cycles: {from: 1, to: 9},\n"
    "  grid: [[4, 4], [8, 8], [800, 8]]}\n"
)
SEARCH = (
    f"{VARY}figures: [cycles]\noptimize: {{figures: [time_s], budget: 24, seed: 3}}\n"
    "require: [hardware.core.clock < 1.4 GHz]\n"
)


@pytest.fixture
def file(kernel_study: Write) -> Path:
    pytest.importorskip("optuna")
    return kernel_study(SEARCH)


def test_a_search_finds_more_than_it_began_with_and_keeps_to_what_is_required(file: Path, tmp_path: Path) -> None:
    study, place = load_study(file), tmp_path / "points.sqlite"
    table = sweep(study, journal=place)
    with ThreadPoolExecutor(2) as pool:
        again = sweep(study, journal=place, executor=pool)
    assert table == again
    assert (table.to_csv(), render_sweep(table)) == (again.to_csv(), render_sweep(again))
    assert again.known == sum(row.status in ("ok", "does_not_fit") for row in table.rows)
    assert len({tuple(row.values.items()) for row in table.rows}) == len(table.rows) == 24
    (best,) = table.best()
    figures = [row.figures["time_s"] for row in table.rows]
    assert figures[best] == min(value for value in figures if value is not None) < (table.now["time_s"] or 0)
    assert all(table.study.base.kind == "kernel" and row.ok == (value is not None)
               for row, value in zip(table.rows, figures, strict=True))  # fmt: skip
    assert table.count()["left_out"]
    assert table.count()["ok"] >= 8
    assert all(row.status != "ok" or float(str(row.values["hardware.core.clock"]).split()[0]) < 1.4
               for row in table.rows)  # fmt: skip
    assert best_so_far(table)[-1] == figures[best]
    told = " ".join(findings(table))
    assert told.startswith("Best of 24 points, seed 3: hardware.core.clock = ")
    assert " beside 277 ns of the question as it stands." in told
    assert f"The best is point {best + 1} of 24; the second half" in told
    assert ElementTree.fromstring(way_svg(table)).findall("circle")


def test_another_seed_asks_others_and_few_points_are_all_asked(kernel_study: Write) -> None:
    pytest.importorskip("optuna")
    one, other = (sweep(load_study(kernel_study(SEARCH.replace("24, seed: 3", f"8, seed: {seed}")))) for seed in (1, 2))
    assert [row.values for row in one.rows] != [row.values for row in other.rows]
    text = "scenarios: {now: {cluster: cs-2}, later: {cluster: cs-3}}\nvary: {shape: [[64], [65], [66]]}\n"
    every = sweep(load_study(kernel_study(f"{text}optimize: {{figures: [time_s], budget: 6}}\n")))
    assert (len(every.rows), every.study.sampled) == (6, "all 6 points")
    assert [row.values["scenario"] for row in every.rows] == ["now"] * 3 + ["later"] * 3


def test_several_figures_give_what_no_other_beats(kernel_study: Write) -> None:
    pytest.importorskip("optuna")
    text = "vary: {hardware.core.clock: {from: 0.5 GHz, to: 1.5 GHz}, shape: [[64], [128], [512]]}\n"
    table = sweep(load_study(kernel_study(f"{text}optimize: {{figures: [time_s, cycles], budget: 16}}\n")))
    assert findings(table)[0].startswith("No other beats in time_s, cycles: ")
    assert "knee" in front_svg(table)


def called(*arguments: object) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, [str(each) for each in arguments], prog_name="wsesim")


def test_from_the_command_line(kernel_study: Write, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    kernel_study("vary: {}\n")
    line = ("sweep", tmp_path / "kernel.yaml", "--vary", "hardware.core.clock=0.5 GHz..1.5 GHz", "--level", "closed")
    done = called(*line, "--optimize", "time_s", "--budget", "9:1", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Searched for: less time_s. 9 points, seed 1." in done.output
    page = (tmp_path / "out/sweep.html").read_text("utf-8")
    assert "<h2>The best</h2>" in page
    assert "as it stands" in page
    assert (tmp_path / "out/sweep.csv").read_text("utf-8").count("True") == 1
    for more, says in {
        ("--budget", "9"): "--budget is of a search: say --optimize NAME too",
        ("--optimize", "time_s", "--budget", "x"): "--budget x: write POINTS or POINTS:SEED",
        ("--optimize", "tim_s"): "is not a figure of a run, did you mean 'time_s'?",
        ("--optimize", "events"): "neither more nor less of events is better",
        ("--optimize", "time_s", "--sample", "4"): "points are searched for under optimize; keep one",
        ("--optimize", "time_s", "--pareto", "time_s,cycles"): "weighed by what optimize names; leave it out",
    }.items():
        assert says in " ".join(called(*line, *more).output.split()), more


def test_without_optuna_it_is_said(kernel_study: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(InputError, match=r"optimize needs optuna: install wsesim\[studies\]"):
        sweep(load_study(kernel_study(SEARCH)))
