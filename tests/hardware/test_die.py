"""Area, yield, spare cores and the defects that are drawn."""

from dataclasses import replace

import pytest

from wsesim.errors import SpecError
from wsesim.hardware import Die, load_cluster

DIE = load_cluster("cs-2").cluster.wafer.die
KIB = 1024


def printed(spares: int, *, clustering: float, per_mm2: float) -> Die:
    """The rows of a WSE-2 as a table of yields has them: 792 cores of 0.0388 mm2."""
    return replace(
        DIE, core_mm2=0.0388, kib_mm2=1e-9, clustering=clustering, defects_per_cm2=100 * per_mm2,
        spare_share=spares / (792 - spares),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spares", "clustering", "per_mm2", "share"),
    [(1, 1e7, 0.001, 0.607), (2, 1e7, 0.001, 0.995), (2, 1e7, 0.005, 0.557), (1, 2, 0.001, 0.480),
     (2, 2, 0.001, 0.985), (1, 0.5, 0.001, 0.251), (3, 0.5, 0.001, 0.997)],
)  # fmt: skip
def test_the_share_of_wafers_that_spares_repair(spares: int, clustering: float, per_mm2: float, share: float) -> None:
    die = printed(spares, clustering=clustering, per_mm2=per_mm2)
    assert die.printed(792 - spares) == 792
    assert die.repaired_share(792 - spares, 1078, KIB) == pytest.approx(share, abs=0.012)


def test_more_defects_leave_fewer_columns_and_more_spares_more() -> None:
    densities = (0, 0.1, 5, 10, 40, 80)
    good = [replace(DIE, defects_per_cm2=each).good_columns(750, 994, 48 * KIB) for each in densities]
    assert good == sorted(good, reverse=True)
    assert good[1] == 750 > good[2]
    assert replace(DIE, defects_per_cm2=10, spare_share=0.07).good_columns(750, 994, 48 * KIB) > good[3]
    assert [replace(DIE, defects_per_cm2=10, seed=seed).worst_row(750, 994, 48 * KIB) for seed in (0, 0, 1)] == [
        29,
        29,
        23,
    ]


def test_wafers_beyond_repair_are_used_with_fewer_columns_and_cost_no_more_than_those_that_are_worse() -> None:
    densities = (0, 0.5, 1, 2, 3, 5, 10, 40, 80)
    dies = [replace(DIE, defects_per_cm2=each) for each in densities]
    usable = [die.usable_share(750, 994, 48 * KIB) for die in dies]
    assert usable == sorted(usable, reverse=True)
    assert usable[0] == 1.0
    assert usable[3] == dies[3].repaired_share(750, 994, 48 * KIB)
    assert dies[-1].repaired_share(750, 994, 48 * KIB) < 1e-9
    assert 0.5 < usable[-1] < usable[3]


def test_defects_take_columns_of_the_wafer_that_is_asked() -> None:
    choice = load_cluster("cs-2", overrides={"die.defects_per_cm2": 40})
    assert choice.cluster.wafer.columns + choice.cluster.wafer.lost_columns == 750
    assert choice.cluster.wafer.lost_columns > 10
    with pytest.raises(SpecError, match="leaves a row without a core") as caught:
        load_cluster("cs-2", overrides={"die.defects_per_cm2": 10**6})
    assert caught.value.name == "die.defects_per_cm2"


def test_a_wafer_has_the_area_of_its_cores_and_their_memory() -> None:
    assert DIE.area_mm2(100, 96 * KIB) == pytest.approx(100 * (DIE.core_mm2 + 96 * DIE.kib_mm2))


def test_no_row_has_more_spare_cores_than_others() -> None:
    assert replace(DIE, spare_share=1).printed(750) == 1500
    with pytest.raises(SpecError, match=r"at most 1, as no row .* in use; got 1\.5"):
        replace(DIE, spare_share=1.5)
