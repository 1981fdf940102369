from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.study.values import RangeSection, values_of
from wsesim.units import Dimension, parse

RATE, SIZE = Dimension.BYTES_PER_SECOND, Dimension.BYTES
numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_subnormal=False).filter(
    lambda x: x == 0 or abs(x) > 1e-6
)
sizes = st.integers(1, 10**6)


def expand(keys: dict[str, Any], dimension: Dimension | None = None) -> tuple[Any, ...]:
    return values_of(RangeSection.model_validate(keys), dimension)


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        ({"from": 90, "to": 720, "steps": 4, "scale": "log"}, (90, 180, 360, 720)),
        ({"from": 1, "to": 4, "steps": 4}, (1, 2, 3, 4)),
        ({"from": 4, "to": 1, "steps": 4}, (4, 3, 2, 1)),
        ({"from": 1, "to": 3, "steps": 9}, (1, 2, 3)),
        ({"from": 0, "to": 1.0, "steps": 5}, (0.0, 0.25, 0.5, 0.75, 1.0)),
        ({"from": 0.1, "to": 0.5, "by": 0.1}, (0.1, 0.2, 0.3, 0.4, 0.5)),
        ({"from": 10, "to": 35, "by": 10}, (10, 20, 30)),
        ({"from": 3, "to": 1, "by": -1}, (3, 2, 1)),
        ({"from": 1, "to": 2, "by": 0.5}, (1.0, 1.5, 2.0)),
    ],
)
def test_plain_numbers(keys: dict[str, Any], values: tuple[Any, ...]) -> None:
    found = expand(keys)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("dimension", "keys", "values"),
    [
        (
            RATE,
            {"from": "0.3 Tb/s", "to": "4.8 Tb/s", "steps": 3, "scale": "log"},
            ("0.3 Tb/s", "1.2 Tb/s", "4.8 Tb/s"),
        ),
        (RATE, {"from": "100 GB/s", "to": "1.6 Tb/s", "steps": 2}, ("100 GB/s", "200 GB/s")),
        (
            RATE,
            {"from": "0.3 Tb/s", "to": "0.6 Tb/s", "by": "100 Gb/s"},
            ("0.3 Tb/s", "0.4 Tb/s", "0.5 Tb/s", "0.6 Tb/s"),
        ),
        (SIZE, {"from": "16 KiB", "to": "48 KiB", "by": "16 KiB"}, ("16 KiB", "32 KiB", "48 KiB")),
        (SIZE, {"from": "1 KiB", "to": "4 KiB", "steps": 4, "scale": "log"}, ("1 KiB", "1625 B", "2580 B", "4 KiB")),
        (Dimension.SECONDS, {"from": "1 us", "to": "0.01 ms", "steps": 2}, ("1 us", "10 us")),
        (Dimension.WATTS, {"from": "0 W", "to": "1 kW", "steps": 3}, ("0 W", "500 W", "1000 W")),
    ],
)
def test_numbers_with_units(dimension: Dimension, keys: dict[str, Any], values: tuple[str, ...]) -> None:
    assert expand(keys, dimension) == values


@given(numbers, numbers, st.integers(2, 50), st.sampled_from(["linear", "log"]))
def test_steps_run_from_end_to_end(first: float, last: float, steps: int, scale: str) -> None:
    assume(first != last)
    assume(scale == "linear" or min(first, last) > 0)
    found = expand({"from": first, "to": last, "steps": steps, "scale": scale})
    assert found[0] == first
    assert found[-1] == last
    assert list(found) == sorted(set(found), reverse=first > last)
    assert 2 <= len(found) <= steps
    if isinstance(first, int) and isinstance(last, int):
        assert all(isinstance(value, int) for value in found)


@given(sizes, sizes, st.integers(2, 30), st.sampled_from(["KiB", "MB"]), st.sampled_from(["linear", "log"]))
def test_sizes_are_whole_bytes_in_order(first: int, last: int, steps: int, unit: str, scale: str) -> None:
    assume(first != last)
    found = expand({"from": f"{first} {unit}", "to": f"{last} {unit}", "steps": steps, "scale": scale}, SIZE)
    assert (found[0], found[-1]) == (f"{first} {unit}", f"{last} {unit}")
    in_bytes = [parse(value, SIZE) for value in found]
    assert all(isinstance(value, int) for value in in_bytes)
    assert in_bytes == sorted(in_bytes, reverse=first > last)


@given(st.floats(1e-3, 1e3), st.floats(1.1, 1e3), st.integers(3, 40))
def test_log_steps_have_equal_ratios(first: float, ratio: float, steps: int) -> None:
    found = expand({"from": first, "to": first * ratio, "steps": steps, "scale": "log"})
    for index, value in enumerate(found):
        if len(found) == steps:
            assert value == pytest.approx(first * ratio ** (index / (steps - 1)), rel=1e-3)


@given(st.integers(-1000, 1000), st.integers(1, 100), st.integers(0, 200), st.integers(0, 99))
def test_by_stops_at_the_last_that_is_not_beyond(first: int, by: int, count: int, rest: int) -> None:
    last = first + count * by + rest % by
    assume(last != first)
    assert expand({"from": first, "to": last, "by": by}) == tuple(range(first, last + 1, by))


@pytest.mark.parametrize(
    ("dimension", "keys", "name", "message"),
    [
        (None, {"from": "1", "to": 2, "steps": 2}, "from", "must be a plain number, got '1'"),
        (None, {"from": 1, "to": True, "steps": 2}, "to", "must be a plain number, got true"),
        (None, {"from": 1, "to": 10**5000, "steps": 2}, "to", "must be a plain number, got a huge number"),
        (RATE, {"from": 1, "to": "2 Tb/s", "steps": 2}, "from", "needs a unit, for example '1.2 Tb/s'"),
        (RATE, {"from": "1 Tb/s", "to": "2 TB", "steps": 2}, "to", "does not measure bytes per second"),
        (None, {"from": 1, "to": 1, "steps": 2}, "to", "equals from"),
        (RATE, {"from": "1 GB/s", "to": "8 Gb/s", "steps": 2}, "to", "equals from"),
        (None, {"from": 1, "to": 2}, "steps", "is missing"),
        (None, {"from": 1, "to": 2, "steps": 2, "by": 1}, "by", "keep one"),
        (None, {"from": 1, "to": 2, "by": 1, "scale": "log"}, "scale", "goes with steps"),
        (None, {"from": 1, "to": 2, "by": 0}, "by", "never leads"),
        (None, {"from": 1, "to": 2, "by": -1}, "by", "never leads"),
        (None, {"from": 0, "to": 10**6, "by": 1}, "by", "makes 1,000,001 values, at most 10,000"),
        (None, {"from": 0, "to": 2, "steps": 2, "scale": "log"}, "from", "must be above 0"),
        (None, {"from": 2, "to": -1, "steps": 2, "scale": "log"}, "to", "must be above 0"),
    ],
)
def test_a_range_that_makes_no_sense(
    dimension: Dimension | None, keys: dict[str, Any], name: str, message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        expand(keys, dimension)
    assert caught.value.name == name


@pytest.mark.parametrize("word", [".nan", ".inf", "-.inf"])
def test_a_range_has_real_ends(word: str) -> None:
    with pytest.raises(SpecError, match="must be a plain number"):
        expand({"from": float(word.replace(".", "", 1)), "to": 10, "steps": 3})
