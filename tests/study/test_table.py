import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.questions.base import Reads
from wsesim.study import Study, SweepTable, sweep
from wsesim.study.findings import best_so_far, findings
from wsesim.study.spec import written

TINY = (
    "question: What does memory buy?\n"
    "vary: {hardware.core.sram: [2049 B, 2200 B, 48 KiB], batch.sequences: [1500, 3000]}\nset: {cluster.systems: 1}\n"
    "figures: [step_cycles, micro_batch, passes, recompute]\n"
)


@pytest.fixture
def table(study: Callable[[str], Study]) -> SweepTable:
    return sweep(study(TINY))


def test_csv(table: SweepTable, golden: Callable[[str, str], None]) -> None:
    golden("study/tiny.csv", table.to_csv())


def test_columns_and_rows(table: SweepTable) -> None:
    assert table.columns == (
        "hardware.core.sram", "batch.sequences", "hardware.core.sram_bytes", "status", "step_cycles", "micro_batch",
        "passes", "recompute", "why", "most_time_on",
    )  # fmt: skip
    assert all(tuple(record) == table.columns for record in table.records())
    assert table.count() == {"ok": 4, "does_not_fit": 2, "not_modelled": 0, "error": 0}


def test_frame(table: SweepTable) -> None:
    frame = table.frame()
    assert tuple(frame.columns) == table.columns
    assert frame["hardware.core.sram_bytes"].tolist() == [2049, 2049, 2200, 2200, 49152, 49152]
    assert frame["step_cycles"].isna().tolist() == [True, True, False, False, False, False]
    assert frame.loc[frame["status"] == "ok", "step_cycles"].astype(float).min() > 0


def test_json_says_everything_in_plain_data(table: SweepTable) -> None:
    form = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert (form["name"], form["question"]) == ("grid", "What does memory buy?")
    assert form["points"] == {"ok": 4, "does_not_fit": 2, "not_modelled": 0, "error": 0}
    assert (form["not_read"], form["changed_nothing"], form["never_there"]) == ({}, [], [])
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


def test_what_is_not_read_is_said(study: Callable[[str], Study]) -> None:
    table = sweep(
        study("vary: {hardware.fabric.colors: [8, 24]}\nset: {hardware.code.count_cycles: 3}\nfigures: [step_s]\n")
    )
    assert table.not_read() == {"training": ("hardware.code.count_cycles", "hardware.fabric.colors")}
    assert table.changed_nothing() == ("hardware.fabric.colors",)
    assert table.remarks() == ("Not read by this question: hardware.code.count_cycles, hardware.fabric.colors.",)


def test_what_changed_no_figure_is_said(study: Callable[[str], Study]) -> None:
    asked = "vary: {hardware.host.programming: [1 s, 2 s], batch.sequences: [4, 3000]}\n"
    table = sweep(study(f"{asked}figures: [step_s]\n"))
    assert table.changed_nothing() == ("hardware.host.programming",)
    assert table.remarks() == ("Changed no figure kept here: hardware.host.programming.",)
    kept = "figures: [step_s, programming_s]\n"
    assert not sweep(
        study(f"vary: {{hardware.host.programming: [1 s, 2 s], batch.sequences: [4, 3000]}}\n{kept}")
    ).remarks()


def test_parameters_that_step_together_change_nothing_together(toy_study: Callable[[str], Study]) -> None:
    together = "together: [pictures, hardware.core.sram]\n"
    table = sweep(toy_study(f"vary: {{pictures: [1, 2], hardware.core.sram: [8 KiB, 9 KiB]}}\n{together}"))
    assert table.changed_nothing() == ("pictures", "hardware.core.sram")


def test_whether_it_fits_is_a_change(toy_study: Callable[[str], Study]) -> None:
    assert not sweep(toy_study("vary: {grid: [[2, 3], [100, 100]]}\n")).changed_nothing()
    assert not sweep(toy_study("vary: {grid: [[100, 99], [100, 100]]}\n")).remarks(), "nothing can be said of nothing"
    assert not sweep(toy_study("vary: {grid: [[2, 3]]}\n")).remarks(), "one value is compared with none"


def test_figures_that_no_point_has_are_said(toy_study: Callable[[str], Study]) -> None:
    table = sweep(
        toy_study("vary: {grid: [[2, 3], [4, 4]]}\nfigures: [cycles, nothing, spent.counting, spent.dozing]\n")
    )
    assert table.never_there() == ("nothing", "spent.dozing")
    assert table.remarks() == ("No point has: nothing, spent.dozing.",)


def test_each_kind_says_what_it_does_not_read(study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "vary: {phase: [training, evaluation], hardware.fabric.colors: [8, 24]}\nfigures: [step_s]\n"
    table = sweep(study(asked))
    assert table.remarks() == ("Not read by this question: hardware.fabric.colors.",)
    monkeypatch.setattr(table.study.kinds[1], "reads", Reads(hardware=frozenset({"fabric.colors"})))
    assert table.remarks() == ("Not read by training: hardware.fabric.colors.",)


@pytest.mark.parametrize(("grids", "told"), [
    ("[20, 20], [2, 3], [10, 10], [9, 40]", "Cycles: best at grid = 2 x 3."),
    ("[20, 20], [10, 10], [2, 3], [3, 2]", "Cycles: within 5 % of the best from grid = 2 x 3 on."),
    ("[20, 20], [10, 10], [9, 9], [3, 2]", ""),
])  # fmt: skip
def test_where_a_figure_is_best_and_from_where_more_does_not_pay(
    toy_study: Callable[[str], Study], grids: str, told: str
) -> None:
    found = findings(sweep(toy_study(f"vary: {{grid: [{grids}]}}\nfigures: [cycles]\n")))
    assert found == (*filter(None, [told]), "Most time goes to counting at every point.")


def test_lists_are_written_as_sizes(toy_study: Callable[[str], Study]) -> None:
    table = sweep(toy_study("vary: {grid: [[4, 4], [8, 1024]]}\nfigures: [cycles]\n"))
    assert table.to_csv().splitlines()[1] == "4 x 4,ok,32,,counting"
    form = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert form["rows"][0]["grid"] == [4, 4]
    assert form["study"]["vary"] == {"grid": [[4, 4], [8, 1024]]}
    assert "1,024" in written((8, 1024))
    assert (written(((0, 1), (2, 3))), written(())) == ("0 x 1, 2 x 3", "none")


def test_a_point_whose_answer_is_not_right_is_never_best(study: Callable[[str], Study]) -> None:
    table = sweep(study("vary: {batch.sequences: [4, 8, 12, 16]}\nfigures: [tokens_per_s]\npareto: tokens_per_s\n"))
    (best,) = table.best()
    assert best == 3
    wrong = replace(table.rows[best], why="Values that were computed on the way are WRONG.")
    table = replace(table, rows=(*table.rows[:3], wrong))
    assert table.best() == (2,)
    assert [record["best"] for record in table.records()] == [False, False, True, False]
    assert findings(table)[0].startswith("Best of 4 points: batch.sequences = 12. ")
    assert any(said.startswith("Not right, and not weighed: 1 of 4 points: Values that") for said in table.remarks())
    assert best_so_far(table)[-1] == table.rows[2].figures["tokens_per_s"]
