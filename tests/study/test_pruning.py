"""Points that a formula shows to be worse than one that is answered are left out, and the best stay the best."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.study import PointRow, SweepTable, study_of, sweep

AXES = {
    "batch.sequences": [1, 7, 40], "cluster.systems": [1, 2, 3], "hardware.core.sram": ["12 KiB", "20 KiB", "48 KiB"],
    "hardware.memoryx.stream": ["30 MB/s", "1 GB/s", "100 GB/s"], "hardware.host.input": ["20 kB/s", "20 MB/s"],
    "hardware.fabric.hop_cycles": [1, 40], "hardware.energy.capped": [False, True],
    "hardware.memoryx.update": ["300 MB/s", "100 GB/s"], "software.training.step": ["1 us", "3 ms"],
}  # fmt: skip
GOALS = ("tokens_per_s", "step_s", "mfu", "budget_s", "step_cycles")
STUDIES = st.fixed_dictionaries({
    "vary": st.lists(st.sampled_from(sorted(AXES)), min_size=2, max_size=3, unique=True).map(
        lambda names: {name: AXES[name] for name in names}
    ),
    "pareto": st.lists(st.sampled_from(GOALS), min_size=1, max_size=2, unique=True),
    "require": st.sampled_from([[], [], ["mfu < 0.2"], ["cluster.systems > 1"]]),
})  # fmt: skip


@pytest.fixture
def tiny(study_file: Callable[..., Path]) -> Path:
    """Return the file of a small question on few cores, which a part of would hardly do better."""
    file = study_file("vary: {}\n").parent.parent / "tiny.yaml"
    file.write_text(f"{file.read_text('utf-8')}hardware: {{wafer.columns: 6, wafer.rows: 8}}\n", "utf-8")
    return file


def asked(file: Path, data: dict[str, Any]) -> SweepTable:
    return sweep(study_of(file, data), jobs=1)


def pruned(table: SweepTable) -> list[PointRow]:
    return [row for row in table.rows if row.pruned]


def holds(file: Path, data: dict[str, Any]) -> int:
    """Hold a study that is pruned against the same that is not; return how many points it left out."""
    whole, some = asked(file, data), asked(file, {**data, "prune": True})
    assert some.best() == whole.best()
    better = {spec.name: spec.better for spec in some.study.kept}
    for row, full in zip(some.rows, whole.rows, strict=True):
        assert row.pruned or (row.status, row.why, row.figures) == (full.status, full.why, full.figures)
        for name, bound in row.at_best.items() if full.ok else ():
            if (found := full.figures.get(name)) is not None:
                assert bound <= found if better[name] == "less" else bound >= found
    return len(pruned(some))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=STUDIES)
def test_what_is_best_is_found_all_the_same(tiny: Path, data: dict[str, Any]) -> None:
    holds(tiny, data)


@pytest.mark.nightly
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=STUDIES)
def test_what_is_best_is_found_in_many_studies(tiny: Path, data: dict[str, Any]) -> None:
    holds(tiny, data)


def test_most_points_are_left_out_where_one_is_far_better(tiny: Path) -> None:
    names = ("hardware.memoryx.stream", "hardware.host.input", "batch.sequences")
    assert holds(tiny, {"vary": {name: AXES[name] for name in names}, "pareto": ["tokens_per_s"]}) >= 6


def test_what_was_left_out_is_said(tiny: Path, tmp_path: Path) -> None:
    """In the terminal and in the files: how many, why, and what each is at best."""
    line = ["--vary", "batch.sequences=1..30", "--figures", "tokens_per_s", "--pareto", "tokens_per_s", "--prune"]
    told = CliRunner(env={"COLUMNS": "200"}).invoke(
        cli, ["sweep", str(tiny), *line, "--fresh", "--jobs", "1", "--out", str(tmp_path / "out")]
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "out" / "sweep.json").read_text("utf-8"))
    left_out = [row for row in found["rows"] if row["status"] == "pruned"]
    count = len(left_out)
    assert count == found["points"]["pruned"] > 8
    assert f"Note: Pruned: {count} of 30 points, as no step is played faster than its stages" in told.output
    assert f"{count} of 30 points: pruned: cannot be among the best" in told.output
    assert told.output.count("at best ") == count
    rows = (tmp_path / "out" / "sweep.csv").read_text("utf-8").splitlines()
    assert rows[0].endswith("status,tokens_per_s,at_best.tokens_per_s,why,most_time_on,best")
    assert all(row["at_best.tokens_per_s"] and row["tokens_per_s"] is None for row in left_out)
    assert found["study"]["prune"] is True


def test_a_search_leaves_out_what_cannot_be_its_best(tiny: Path) -> None:
    pytest.importorskip("optuna")
    speeds = {"from": "100 kB/s", "to": "1 GB/s", "scale": "log"}
    vary = {"batch.sequences": [1, 8, 40], "hardware.memoryx.stream": speeds}
    table = asked(tiny, {"vary": vary, "optimize": {"figures": ["tokens_per_s"], "budget": 16}, "prune": True})
    best = table.rows[table.best()[0]].figures["tokens_per_s"]
    assert best is not None
    assert len(table.rows) == 16
    assert pruned(table)
    assert all(row.at_best["tokens_per_s"] < best for row in pruned(table))


@pytest.mark.parametrize(("data", "message"), [
    ({}, "prune: no goal is named"), ({"pareto": ["step_s"], "level": "closed"}, "prune: at level closed nothing is"),
    ({"pareto": ["step_s", "power_w"]}, "prune: no formula says what power_w of training is at best; it does of step"),
    ({"pareto": ["step_s"], "figures": ["scaling_efficiency"], "vary": {"cluster.systems": [1, 2]}},
     "prune: scaling_efficiency is known of all points together"),
    ({"pareto": ["prefill_s"], "vary": {"phase": ["prefill"]}}, "prune: no formula says what prefill is at best"),
])  # fmt: skip
def test_what_cannot_be_pruned_says_why(tiny: Path, data: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study_of(tiny, {"vary": {"batch.sequences": [1, 2]}, "prune": True, **data})
