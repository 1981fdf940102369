"""Scaling efficiency: known of all points together."""

from collections.abc import Callable

import pytest

from wsesim.study import Study, sweep

MakeStudy = Callable[[str], Study]
TABLE = "cluster.systems: [4, 1, 2]"


def shares(study: Study) -> list[float | None]:
    return [row.figures["scaling_efficiency"] for row in sweep(study).rows]


def test_the_point_with_fewest_systems_is_what_others_are_held_against(study: MakeStudy) -> None:
    asked = study(f"vary: {{{TABLE}}}\nfigures: [tokens_per_s, scaling_efficiency]\n")
    rows = sweep(asked).rows
    speeds = [(row.figures["tokens_per_s"] or 0) / int(row.values["cluster.systems"]) for row in rows]
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
    found = shares(study(f"{small}vary: {{cluster.systems: [3, 4, 8]}}\nfigures: [scaling_efficiency]\n"))
    assert found[0] is None  # 3 systems cannot share 16 sequences
    assert found[1] == 1


def test_without_systems_that_vary_there_is_none(study: MakeStudy) -> None:
    assert shares(study("vary: {batch.sequences: [4, 8]}\nfigures: [scaling_efficiency]\n")) == [None, None]
