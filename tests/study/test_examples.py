import re
from pathlib import Path

import pytest

import wsesim
from wsesim.study import SweepTable, render_sweep
from wsesim.study.findings import findings

STUDIES = Path(__file__).parents[2] / "workloads" / "studies"


@pytest.fixture(scope="module", params=sorted(path.name for path in STUDIES.glob("*.yaml")))
def example(request: pytest.FixtureRequest) -> tuple[str, SweepTable]:
    return request.param, wsesim.sweep(STUDIES / request.param, jobs=1)


def column(name: str, figure: str) -> list[float]:
    return values(wsesim.sweep(STUDIES / name, jobs=1), figure)


def values(table: SweepTable, figure: str) -> list[float]:
    return [float(row.figures[figure] or 0) for row in table.rows]


@pytest.mark.every(3)
def test_it_runs(example: tuple[str, SweepTable]) -> None:
    assert example[1].count()["error"] == 0
    assert example[1].count()["ok"] >= 8
    maps = len({row.most_time_on for row in example[1].rows if row.ok}) > 1
    assert render_sweep(example[1]).count("<svg") == len(example[1].study.figures) + maps


def test_it_opens_with_what_why_and_from_where(example: tuple[str, SweepTable]) -> None:
    head = (STUDIES / example[0]).read_text("utf-8").split("\n\n")[0]
    lines = head.splitlines()
    assert all(line.startswith("#") for line in lines)
    assert lines[0].endswith("?")
    assert any(line.startswith("# Why: ") for line in lines)
    assert any(line.startswith("# From: ") for line in lines)
    assert example[1].study.question.endswith("?")


def test_bandwidth_helps_up_to_that_of_a_cs2_and_not_beyond() -> None:
    table = wsesim.sweep(STUDIES / "off-wafer-bandwidth.yaml", jobs=1)
    steps = dict(zip(table.study.parameters[0].values, values(table, "step_s"), strict=True))
    assert steps["0.15 Tb/s"] / steps["0.3 Tb/s"] > 1.9
    assert steps["1.2 Tb/s"] / steps["4.8 Tb/s"] < 1.1
    bend, told = findings(table)
    assert re.fullmatch(r"One step: within 5 % of the best from hardware.wafer.io = \S+ Tb/s on.", bend)
    assert told.startswith("Most time goes to weights from hardware.wafer.io = 0.15 Tb/s on, ")
    assert "what most time goes to" in render_sweep(table)


def test_more_memory_is_never_slower() -> None:
    speeds = column("sram-per-core.yaml", "tokens_per_s")
    assert speeds[0] == 0
    assert speeds == sorted(speeds)


def test_weak_scaling_is_close_to_perfect_and_strong_scaling_ends() -> None:
    weak = column("systems-weak.yaml", "tokens_per_s")
    assert 0.97 * 2048 < weak[-1] / weak[0] < 2048
    strong = column("systems-strong.yaml", "mfu")
    assert strong[-1] < 0.7 * strong[0]
