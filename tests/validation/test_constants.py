"""The constants that were set with measured rows in view: all of them, and nothing else."""

import pytest

from wsesim.hardware import load_cluster, machine_names
from wsesim.software import load_software, software_names, software_override_names
from wsesim.units import parse
from wsesim.validation.constants import MOST, Constant, load_constants
from wsesim.validation.groups import KINDS, group_of
from wsesim.validation.rows import read_table

CONSTANTS = load_constants().calibrated


def test_the_file_names_every_calibrated_figure_with_its_value() -> None:
    machines = [figure for name in machine_names() for figure in load_cluster(name).figures]
    stacks = [figure for name in software_names() for figure in load_software(name).figures]
    found = {figure.name: figure.text for figure in (*machines, *stacks) if figure.source == "calibrated"}
    assert found == {constant.name: constant.value for constant in CONSTANTS}
    assert len(found) <= MOST


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: constant.name)
def test_a_constant_is_whole_and_plausible(constant: Constant) -> None:
    dimension = software_override_names()[constant.name]
    texts = (constant.range[0], constant.value, constant.range[1])
    low, value, high = (float(text) if dimension is None else parse(text, dimension) for text in texts)
    assert 0 <= low < value < high
    assert set(constant.acts_on) <= set(KINDS)
    assert constant.acts_on
    assert len(constant.meaning) > 20
    assert len(constant.set_on) > 20


def test_other_values_keep_the_unit() -> None:
    launch, weight = (next(c for c in CONSTANTS if c.name.endswith(name)) for name in ("kernel_launch", "cycles"))
    assert (launch.whole, weight.whole) == (False, True)
    assert launch.with_number(12.25) == "12.25 us"
    assert weight.with_number(2.7) == 3
    for constant in (launch, weight):
        load_software("ideal", overrides={constant.name: constant.with_number(constant.number * 2)})


def test_every_group_that_a_constant_moves_was_left_out_once() -> None:
    known = {group_of(row) for row in read_table()}
    left = load_constants().left_out
    assert len({each.group for each in left}) == len(left) > 5
    names = {constant.name for constant in CONSTANTS}
    for each in left:
        assert each.group in known
        assert each.values.keys() <= names
        assert 0 <= each.median <= each.worst < 1.5
        assert 0 <= each.median_in_view <= each.worst_in_view < 1.5
    assert {name for each in left for name in each.values} == names


def test_choices_say_where_and_why() -> None:
    for choice in load_constants().chosen:
        assert min(len(choice.what), len(choice.where), len(choice.why)) > 5
