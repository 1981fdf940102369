"""A dynamic scale grows while all goes well, and halves at each overflow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.numerics import LossScale


def test_a_fixed_scale_stays() -> None:
    fixed = LossScale.of(128)
    assert fixed.after(overflowed=True) == fixed.after(overflowed=False) == fixed


def test_a_dynamic_scale_doubles_after_so_many_steps_and_halves_at_once() -> None:
    scale = LossScale(value=4.0, dynamic=True, steps_per_increase=3)
    for _ in range(3):
        scale = scale.after(overflowed=False)
    assert scale.value == 8.0
    scale = scale.after(overflowed=False).after(overflowed=True)
    assert (scale.value, scale.good_steps) == (4.0, 0)


@given(st.lists(st.booleans(), max_size=200))
def test_a_scale_stays_within_its_limits(overflows: list[bool]) -> None:
    scale = LossScale(value=1.0, dynamic=True, steps_per_increase=2, least=0.25, most=8.0)
    for overflowed in overflows:
        scale = scale.after(overflowed=overflowed)
        assert 0.25 <= scale.value <= 8.0


def test_what_cannot_be_is_refused() -> None:
    assert LossScale.of("dynamic").value == 2**15
    with pytest.raises(SpecError, match="a number or dynamic"):
        LossScale.of("automatic")
    with pytest.raises(SpecError, match="must be from"):
        LossScale(value=2.0**30)
