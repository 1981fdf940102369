"""Studies from a line or a dict; scenarios, points that are drawn, what follows and what is required."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import wsesim
from wsesim.cli import cli
from wsesim.errors import InputError, SpecError
from wsesim.study import Study, estimate_s, study_of, sweep
from wsesim.study.findings import findings
from wsesim.study.line import values_in
from wsesim.workload import Formula

MakeStudy = Callable[[str], Study]


@pytest.fixture
def tiny(study_file: Callable[..., Path]) -> Path:
    """Return the file of a small question."""
    return study_file("vary: {}\n").parent.parent / "tiny.yaml"


def refused(tiny: Path, **data: Any) -> str:
    with pytest.raises(InputError) as caught:
        study_of(tiny, data)
    return str(caught.value).replace(str(tiny), "tiny.yaml")


def called(*arguments: object) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, [str(each) for each in arguments], prog_name="wsesim")


@pytest.mark.parametrize(("text", "found"), [
    ("1,2,4", [1, 2, 4]), ("48KiB, 96 KiB", ["48KiB", "96 KiB"]), ("[2, 3],[4, 4]", [[2, 3], [4, 4]]),
    ("1..16", {"from": 1, "to": 16, "by": 1}), ("8..2", {"from": 8, "to": 2, "by": -1}), ("true", [True]),
    ("1..2048:12:log", {"from": 1, "to": 2048, "steps": 12, "scale": "log"}),
    ("0.15Tb/s..4.8Tb/s:9", {"from": "0.15Tb/s", "to": "4.8Tb/s", "steps": 9}),
])  # fmt: skip
def test_values_in_a_line(text: str, found: object) -> None:
    assert values_in(text) == found


def test_a_dict_is_a_study_and_gives_a_frame(tiny: Path) -> None:
    vary = {
        "cluster.systems": "1..3",
        "hardware.core.sram": ("48KiB", "96 KiB"),
        "batch.sequences": range(4, 12, 4),
    }
    frame = wsesim.sweep(tiny, vary, level="closed", figures=["step_s"], set={"precision": "fp16"}).frame()
    assert len(frame) == 12
    assert list(frame.columns[:5]) == [*vary, "hardware.core.sram_bytes", "status"]
    whole = wsesim.run(tiny, precision="fp16", set={"batch.sequences": 4}, level="closed", verify=False)
    assert frame["step_s"][0] == whole.figures["step_s"]
    assert wsesim.sweep(wsesim.load(tiny), {"batch.sequences": [4]}).rows[0].ok


def test_a_line_is_a_study(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WSESIM_POINTS", str(tmp_path / "points.sqlite"))
    line = ("sweep", tiny, "--vary", "cluster.systems=1..3", "--figures", "step_s, mfu", "--level", "closed")
    first, again = called(*line), called(*line, "--force")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    folder = re.search(r"tables: (runs/tiny-systems-\w{6})\n", first.output)
    assert folder is not None, first.output
    assert "3 of 3 points were known from before" in again.output
    written = (tmp_path / folder[1] / "sweep.csv").read_text()
    assert written.startswith("cluster.systems,status,step_s,mfu,why,most_time_on\n1,ok,")
    assert called(*line, "--set", "cluster.machine=cs-3").exit_code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2  # what is asked otherwise lies elsewhere
    many = called(
        "sweep", tiny, "--vary", "batch.sequences=1..200", "--vary", "batch.length=1..512", "--set", "cluster=cs-3"
    )
    assert many.exit_code == 2
    assert "102,400 points take about" in many.output
    for wrong, says in {
        "cluster.systms=1,2": "--vary cluster.systms=1,2: vary: cluster.systms is not a setting that a study can "
        "change, did you mean 'cluster.systems'?",
        "hardware.core.sram=48": "--vary hardware.core.sram=48: hardware.core.sram needs a unit, for example",
        "cluster.systems": "write NAME=VALUES", "hardware.core.sram=1KiB..2KiB": "say how many values",
        "cluster.systems=": "write NAME=VALUES",
    }.items():  # fmt: skip
        assert says in called("sweep", tiny, "--vary", wrong).output
    assert "is a question: say what varies" in called("sweep", tiny).output


def test_scenarios_are_sets_of_changes_with_a_name(study: MakeStudy) -> None:
    text = "scenarios:\n  now: {cluster: cs-2}\n  roomy: {hardware.core.sram: 96 KiB, cluster.machine: cs-3}\n"
    table = sweep(study(f"{text}vary: {{batch.sequences: [4, 6]}}\nfigures: [power_w]\n"))
    assert [tuple(row.values.values()) for row in table.rows] == [("now", 4), ("now", 6), ("roomy", 4), ("roomy", 6)]
    assert all(row.ok for row in table.rows)
    assert table.rows[0].figures != table.rows[2].figures
    assert table.columns[0] == "scenario"
    alone = sweep(study(f"{text}figures: [step_s]\n"))
    assert len(alone.rows) == 2


def test_points_are_drawn_from_ranges(tiny: Path) -> None:
    vary = {"hardware.core.sram": "24 KiB..96 KiB", "batch.sequences": "1..64", "precision": ["fp16", "mixed"]}
    loaded = study_of(tiny, {"vary": vary, "sample": {"points": 20, "seed": 1}, "together": []})
    points = loaded.points()
    assert (len(loaded), len(points), loaded.shape) == (20, 20, (20,))
    assert loaded == study_of(tiny, {"vary": vary, "sample": {"points": 20, "seed": 1}})
    assert points != study_of(tiny, {"vary": vary, "sample": {"points": 20, "seed": 2}}).points()
    tenths = sorted(int((int(str(point["batch.sequences"])) - 1) / 63 * 10) for point in points)
    assert len(set(tenths)) >= 9, "a Latin hypercube leaves no tenth out"
    assert {point["precision"] for point in points} == {"fp16", "mixed"}
    assert "steps has no effect where points are drawn" in refused(
        tiny, vary={"batch.sequences": {"from": 1, "to": 9, "steps": 3}}, sample={"points": 2}
    )


def test_a_sobol_sequence_needs_scipy(tiny: Path) -> None:
    data = {"vary": {"batch.sequences": "1..64"}, "sample": {"points": 4, "method": "sobol"}}
    try:
        import scipy.stats  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
    except ImportError:
        assert "needs scipy: install wsesim[studies]" in refused(tiny, **data)
    else:
        assert len({point["batch.sequences"] for point in study_of(tiny, data).points()}) == 4


JOB = """\
trainer:
  init:
    model: {hidden_size: 64, num_hidden_layers: 1, num_heads: 2, vocab_size: 300, max_position_embeddings: 64}
  fit: {train_dataloader: {batch_size: 8, max_sequence_length: 64}}
"""


@pytest.mark.parametrize("names", [
    {"set": {"cluster.machine": "cs-3"}}, {"vary": {"cluster.machine": ["cs-3", "cs-2"]}},
    {"scenarios": {"one": {"cluster": "cs-3"}, "two": {"cluster": "cs-2"}}},
])  # fmt: skip
def test_a_job_is_varied_on_the_machine_that_the_study_names(names: dict[str, Any], tmp_path: Path) -> None:
    job = tmp_path / "params.yaml"
    job.write_text(JOB, "utf-8")
    vary = {**names.get("vary", {}), "batch.sequences": [4, 8]}
    study = study_of(job, {**names, "vary": vary, "level": "closed"})
    assert study.base.asked.resolved["cluster"]["machine"] == "cs-3"
    with pytest.raises(InputError, match="name a machine"):
        study_of(job, {"vary": {"batch.sequences": [4, 8]}})


def test_what_follows_and_what_is_required(tiny: Path) -> None:
    data = {
        "vary": {"hardware.core.sram": ["24 KiB", "48 KiB", "96 KiB"]}, "figures": ["step_s"],
        "derive": {"hardware.wafer.columns": "floor(750 * 48 KiB / hardware.core.sram)"},
        "require": ["hardware.wafer.columns <= 750", "power_w < 1 MW and mfu > 0"],
    }  # fmt: skip
    table = sweep(study_of(tiny, data))
    assert [row.status for row in table.rows] == ["left_out", "ok", "ok"]
    assert table.rows[0].why == "not hardware.wafer.columns <= 750"
    assert table.study.figures == ("step_s", "power_w", "mfu")
    assert list(table.frame()["hardware.wafer.columns"]) == [1500, 750, 375]
    narrow = wsesim.load(tiny, set={"hardware.wafer.columns": 375, "hardware.core.sram": "96 KiB"})
    assert table.rows[2].figures["step_s"] == wsesim.run(narrow, verify=False).figures["step_s"]
    costly = sweep(study_of(tiny, {**data, "require": ["power_w < 1 W"]}))
    assert [row.status for row in costly.rows] == ["left_out"] * 3
    assert costly.rows[0].figures["step_s"] is None
    assert refused(tiny, **{**data, "derive": {"hardware.core.sram": "1 KiB", "hardware.core.clok": "1 GHz"}}) == (
        "tiny.yaml: error: derive: hardware.core.clok is not a setting that a study can change, did you mean "
        "'hardware.core.clock'?\ntiny.yaml: error: derive: hardware.core.sram stands under vary or set too; keep one"
    )


@pytest.mark.parametrize(
    "text", ["", "x **", "__import__('os')", "a.b()", "[1]", "'a'", "sqt(2)", "x if y else z", "2 ** 9"]
)
def test_a_formula_is_arithmetic_and_nothing_else(text: str) -> None:
    with pytest.raises(SpecError):
        Formula.read(text)


def test_arithmetic() -> None:
    found = Formula.read("max(2, 48 KiB / core.sram) + 1.2 Tb/s // 150 GB/s - -1 % 3")
    assert found.names == ("core.sram",)
    assert found.value({"core.sram": 1024}.get) == 48 + 1 - 2
    assert Formula.read("1 < x <= 3 and not x == 2").value({"x": 3}.get) is True
    with pytest.raises(SpecError, match="division by zero"):
        Formula.read("1 / x").value({"x": 0}.get)
    with pytest.raises(SpecError, match="y stands for no number"):
        Formula.read("y").value({"x": 0}.get)


def test_points_that_no_other_beats(tiny: Path) -> None:
    data = {"vary": {"cluster.systems": "1..6"}, "figures": ["mfu"], "pareto": ["tokens_per_s", "power_w"]}
    table = sweep(study_of(tiny, {**data, "level": "closed"}))
    figures = [(row.figures["tokens_per_s"] or 0, row.figures["power_w"] or 0) for row in table.rows]
    beaten = {place for place, (speed, power) in enumerate(figures)
              if any(s >= speed and p <= power and (s, p) != (speed, power) for s, p in figures)}  # fmt: skip
    assert {*table.best()} == {*range(6)} - beaten
    assert table.study.figures == ("mfu", "tokens_per_s", "power_w")
    best = next(said for said in findings(table) if said.startswith("No other beats in tokens_per_s, power_w: "))
    assert f"cluster.systems = {table.best()[0] + 1} (the knee)" in best
    assert table.to_dict()["best"] == list(table.best())
    assert "pareto: neither more nor less of passes is better" in refused(tiny, **{**data, "pareto": ["mfu", "passes"]})
    assert "pareto names a figure twice" in refused(tiny, **{**data, "pareto": ["mfu", "mfu"]})


def test_what_many_points_take_is_estimated(tiny: Path) -> None:
    few, many = (
        estimate_s(study_of(tiny, {"vary": {"batch.sequences": f"1..{count}"}}), jobs=1) for count in (10, 1000)
    )
    assert 0 < few < many


def test_a_goal_may_stand_without_brackets(tiny: Path) -> None:
    study = study_of(tiny, {"vary": {"batch.sequences": [4, 8]}, "pareto": "tokens_per_s", "prune": True})
    assert study.pareto == ("tokens_per_s",)
    assert sweep(study).remarks()[-1] == "Pruned: none of 2 points, as 4 are answered before any is weighed."
    assert study_of(tiny, {"vary": {"batch.sequences": [4]}, "pareto": "mfu, step_s"}).pareto == ("mfu", "step_s")


def test_a_point_whose_answer_is_not_right_says_so_and_ends_in_1(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    tiny.write_text(f'{tiny.read_text("utf-8")}assert: ["step_s < 0"]\n', "utf-8")
    line = ("sweep", tiny, "--vary", "batch.sequences=4,8", "--level", "closed", "--fresh", "--out", "found")
    found = called(*line)
    assert found.exit_code == 1
    assert "Note: Not right: 2 of 2 points: Asserted, and not so: step_s < 0 (step_s = " in found.stdout
    assert "not right" in found.stdout
    assert (tiny.parent / "found" / "sweep.csv").read_text("utf-8").count("Asserted, and not so") == 2
    again = called(*line, "--quiet", "--force")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith("wsesim: 2 of 2 points: Asserted, and not so: step_s < 0")


def test_values_that_a_program_computes_wrong_are_said(tmp_path: Path) -> None:
    program = Path(__file__).parents[2] / "workloads" / "kernels" / "csl" / "row-sum.csl"
    file = tmp_path / "sum.yaml"
    file.write_text(
        f"kernel: {program}\nparams: {{width: 2, length: 2}}\nlaunch: [add]\noperands: {{numbers: 2.0}}\n"
        "expect: {last: 4.0}\ncluster: cs-3\n", "utf-8",
    )  # fmt: skip
    table = sweep(study_of(file, {"vary": {"params.width": [2, 3]}}), jobs=1)
    assert [(row.status, row.why) for row in table.rows] == [
        ("ok", ""), ("ok", "Values that were computed on the way are WRONG."),
    ]  # fmt: skip
    assert len(table.wrong()) == 1
