import json
import math
from collections.abc import Callable
from dataclasses import fields

import pytest
from wsesim.result import Metrics, Placement

from wsesim.study import Study, SweepTable, sweep

TINY = (
    "question: What does memory buy?\n"
    "vary: {hardware.core.sram: [2049 B, 2200 B, 48 KiB], batch.sequences: [1500, 3000]}\nset: {cluster.systems: 1}\n"
    "figures: [step_cycles, micro_batch, passes, placement.recompute]\n"
)


@pytest.fixture
def table(study: Callable[[str], Study]) -> SweepTable:
    return sweep(study(TINY))


def test_csv(table: SweepTable, golden: Callable[[str, str], None]) -> None:
    golden("study/tiny.csv", table.to_csv())


def test_columns_and_rows(table: SweepTable) -> None:
    assert table.columns == (
        "hardware.core.sram", "batch.sequences", "hardware.core.sram_bytes", "status", "step_cycles", "micro_batch",
        "passes", "placement.recompute", "why",
    )  # fmt: skip
    assert all(tuple(record) == table.columns for record in table.records())
    assert table.count() == {"ok": 4, "does_not_fit": 2, "error": 0}


def test_frame(table: SweepTable) -> None:
    frame = table.frame()
    assert tuple(frame.columns) == table.columns
    assert frame["hardware.core.sram_bytes"].tolist() == [2049, 2049, 2200, 2200, 49152, 49152]
    assert frame["step_cycles"].isna().tolist() == [True, True, False, False, False, False]
    assert frame.loc[frame["status"] == "ok", "step_cycles"].astype(float).min() > 0


def test_json_says_everything_in_plain_data(table: SweepTable) -> None:
    form = json.loads(json.dumps(table.to_json(), allow_nan=False))
    assert (form["name"], form["question"]) == ("grid", "What does memory buy?")
    assert form["points"] == {"ok": 4, "does_not_fit": 2, "error": 0}
    assert form["study"]["vary"] == {
        "hardware.core.sram": ["2049 B", "2200 B", "48 KiB"],
        "batch.sequences": [1500, 3000],
    }
    assert form["study"]["set"] == {"cluster.systems": 1}
    assert form["study"]["workload"]["batch"]["length"] == 32
    assert form["provenance"]["inputs_sha256"] == table.study.inputs_sha256
    assert form["rows"][0]["step_cycles"] is None
    assert form["rows"][0]["why"]
    assert len(form["rows"][5]["inputs_sha256"]) == 64


def test_reasons_are_grouped(table: SweepTable) -> None:
    (why,) = table.reasons()
    assert "of SRAM a core" in why
    assert len(table.reasons()[why]) == 2


def test_every_figure_can_be_kept(study: Callable[[str], Study]) -> None:
    from wsesim.study.figures import figure_names, label, short, shown

    names = list(figure_names())
    found = sweep(study(f"vary: {{batch.sequences: [4]}}\nfigures: [{', '.join(names)}]\n")).rows[0].figures
    assert list(found) == names
    of_training = {field.name for kind in (Metrics, Placement) for field in fields(kind)} | {"total_s"}
    for name, value in found.items():
        assert (value is None) == (figure_names()[name][1] not in of_training)
        if value is None:
            continue
        assert math.isfinite(value)
        assert label(name)
        assert shown(name, value)
        assert short(name, value)


def test_no_cause_of_the_examples_is_unknown(study: Callable[[str], Study]) -> None:
    from pathlib import Path

    from wsesim import pipeline
    from wsesim.study.figures import CAUSES
    from wsesim.workload import load_workload

    for file in sorted((Path(__file__).parents[2] / "workloads").glob("*.yaml")):
        metrics = pipeline.run(load_workload(file), verify=False).metrics
        assert metrics is not None
        gap = metrics.gap if isinstance(metrics, Metrics) else {}
        assert {*metrics.wafer_s, *gap} <= set(CAUSES), file.name


@pytest.mark.parametrize(
    ("name", "value", "long", "brief"),
    [
        ("step_s", 0.155, "155 ms", "155 ms"),
        ("tokens_per_s", 187686.8, "187,687", "188k"),
        ("samples_per_s", 12.345, "12.35", "12.3"),
        ("mfu", 0.29351, "29.4 %", "29.4%"),
        ("energy_per_token_j", 0.0121, "12.1 mJ", "12.1 mJ"),
        ("power_w", 22900.0, "22.9 kW", "22.9k"),
        ("gap.overlap", -0.002, "−2 ms", "−2 ms"),
        ("micro_batch", 18, "18", "18"),
        ("placement.recompute", True, "yes", "yes"),
        ("step_cycles", 8642143325, "8.64B", "8.64B"),
        ("mfu", None, "–", None),
    ],
)
def test_figures_are_printed_with_their_units(name: str, value: float | None, long: str, brief: str | None) -> None:
    from wsesim.study.figures import short, shown

    assert shown(name, value) == long
    if value is not None:
        assert short(name, value) == brief
