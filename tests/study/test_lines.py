from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wsesim.study.lines import axis_of, is_wide, spread
from wsesim.study.numbers import Value
from wsesim.study.spec import Parameter


def parameter(*values: Value, name: str = "batch.sequences", log: bool = False) -> Parameter:
    return Parameter(name=name, values=values, log=log)


def test_numbers_stand_where_they_are() -> None:
    axis = axis_of([parameter(8, 1024, 16)])
    assert (axis.title, axis.labels, axis.places) == ("batch.sequences", ("8", "1,024", "16"), (8.0, 1024.0, 16.0))
    assert axis.numeric
    assert axis.log


def test_a_unit_that_all_share_stands_once() -> None:
    axis = axis_of([parameter("0.3 Tb/s", "1.2 Tb/s", name="hardware.wafer.io")])
    assert (axis.title, axis.labels) == ("hardware.wafer.io, Tb/s", ("0.3", "1.2"))
    assert axis.places == (37.5e9, 150e9)
    assert not axis.log


def test_units_that_differ_are_brought_together_or_stay() -> None:
    together = axis_of([parameter("4 KiB", "6087 B", name="hardware.core.sram")])
    assert (together.title, together.labels) == ("hardware.core.sram, KiB", ("4", "5.94"))
    apart = axis_of([parameter("512 B", "6087 B", "4 KiB", name="hardware.core.sram")])
    assert (apart.title, apart.labels) == ("hardware.core.sram", ("512 B", "5.94 KiB", "4 KiB"))


def test_words_stand_in_order() -> None:
    axis = axis_of([parameter("cs-3", "cs-2", name="cluster.machine")])
    assert (axis.labels, axis.places, axis.numeric, axis.log) == (("cs-3", "cs-2"), (0.0, 1.0), False, False)
    assert axis_of([parameter(True, False, name="model.causal")]).labels == ("true", "false")


def test_a_log_range_has_a_log_axis() -> None:
    assert axis_of([parameter(1, 2, 4, log=True)]).log
    assert not axis_of([parameter(1, 2, 4)]).log


def test_wide() -> None:
    assert is_wide([1, 31])
    assert not is_wide([1, 30])
    assert not is_wide([0, 100])
    assert not is_wide([])


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40, unique=True), st.booleans())
def test_labels_that_are_kept_do_not_overlap(values: list[int], log: bool) -> None:
    from math import log as ln

    axis = axis_of([parameter(*values, log=log)])
    kept = spread(axis, 300, 5)
    assert kept
    ends = [ln(value) if axis.log else value for value in values]
    length = max(ends) - min(ends) or 1
    at = [(ends[index] - min(ends)) / length * 300 for index in kept]
    for (left, here), (right, there) in pairwise(zip(kept, at, strict=True)):
        assert there - here >= 5 * (len(axis.labels[left]) + len(axis.labels[right])) / 2
