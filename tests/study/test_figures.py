"""Figures that can be kept, and scaling efficiency, which is known of all points together."""

from collections.abc import Callable

import pytest

from wsesim import questions
from wsesim.answers import label
from wsesim.study import Study, sweep
from wsesim.study.figures import figure_names, spec_of

MakeStudy = Callable[[str], Study]
TABLE = "cluster.systems: [4, 1, 2]"


def shares(study: Study) -> list[float | None]:
    return [row.figures["scaling_efficiency"] for row in sweep(study).rows]


def test_the_point_with_fewest_systems_is_what_others_are_held_against(study: MakeStudy) -> None:
    asked = study(f"vary: {{{TABLE}}}\nfigures: [tokens_per_s, scaling_efficiency]\n")
    rows = sweep(asked).rows
    speeds = [(row.figures["tokens_per_s"] or 0) / float(str(row.values["cluster.systems"])) for row in rows]
    assert shares(asked) == pytest.approx([speed / speeds[1] for speed in speeds])
    assert rows[1].figures["scaling_efficiency"] == 1


def test_each_value_of_what_else_varies_has_its_own(study: MakeStudy) -> None:
    found = shares(study("vary: {cluster.systems: [1, 2], batch.sequences: [4, 16]}\nfigures: [scaling_efficiency]\n"))
    assert found[:2] == [1, 1]
    assert all(share is not None and 0 < share <= 1 for share in found)


def test_what_steps_with_the_systems_is_not_apart_from_them(study: MakeStudy) -> None:
    together = "together: [cluster.systems, batch.sequences]\nfigures: [scaling_efficiency]\n"
    found = shares(study(f"vary: {{cluster.systems: [1, 2, 4], batch.sequences: [4, 8, 16]}}\n{together}"))
    assert found == pytest.approx([1, 1, 1], abs=0.01)


def test_a_point_that_does_not_fit_has_none_and_is_no_base(study: MakeStudy) -> None:
    small = "set: {hardware.core.sram: 8 KiB, batch.micro_batch: 1, batch.length: 32}\n"
    found = shares(study(f"{small}vary: {{cluster.systems: [193, 4, 8]}}\nfigures: [scaling_efficiency]\n"))
    assert found[0] is None  # more than a cluster has
    assert found[1] == 1


def test_the_speed_is_that_of_the_kind(toy_study: MakeStudy) -> None:
    found = toy_study("vary: {cluster.systems: [1, 2, 4]}\nfigures: [scaling_efficiency]\n")
    assert shares(found) == [1, 1, 1]
    assert found.kept[0].meaning == "cycles per second of a system, over the same where there are fewest systems"


def test_seconds_by_cause_can_be_kept(study: MakeStudy) -> None:
    found = study("vary: {batch.sequences: [4]}\nfigures: [spent.fmac, gap.overlap, spent.softmax]\n")
    assert [spec.label for spec in found.kept] == ["time on FMAC", "overlap above the bound", "time on softmax"]
    row = sweep(found).rows[0]
    assert (row.figures["spent.fmac"] or 0) > 0
    assert row.figures["spent.softmax"] == 0


def test_a_cause_of_a_kind_of_its_own_can_be_kept(toy_study: MakeStudy) -> None:
    table = sweep(toy_study("vary: {grid: [[1, 2]]}\nfigures: [spent.counting, time_s, gap.counting]\n"))
    figures = table.rows[0].figures
    assert figures["spent.counting"] == figures["time_s"]
    assert figures["gap.counting"] is None


def test_every_figure_of_every_kind_can_be_kept() -> None:
    for kind in questions.kinds().values():
        for name in figure_names([kind]):
            spec = spec_of(name, [kind])
            assert spec is not None
            assert label(spec)
        assert set(kind.usual) <= {spec.name for spec in kind.figures}
