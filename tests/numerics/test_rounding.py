"""Formats of numbers: the same bits as NumPy's and everybody's, and laws of rounding for the machine's own."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.numerics.rounding import FORMATS, Format, find_format, rounded

CB16 = FORMATS["cb16"]
FLOATS = st.floats(width=32, allow_nan=False)
EVERY = np.random.default_rng(0).integers(0, 2**32, 300_000, dtype=np.uint32).view(np.float32)
EDGES = np.array([0.0, -0.0, inf, -inf, nan, 65504, 65519.996, 65520, 65536, 2**-14, 2**-24, 2**-25, 1.5 * 2**-25,
                  3 * 2**-25, 2**-126, 2**-133, 2**-134, 2**-149, 1 + 2**-11, 1 + 3 * 2**-11], np.float32)  # fmt: skip
VALUES = np.concatenate([EVERY, EDGES, -EDGES, np.float32(1e-7) * EVERY[np.abs(EVERY) < 1e3]])


def same(found: np.ndarray, wanted: np.ndarray) -> bool:
    return np.array_equal(found[~np.isnan(wanted)].view(np.uint32), wanted[~np.isnan(wanted)].view(np.uint32)) and bool(
        np.isnan(found[np.isnan(wanted)]).all()
    )


def test_half_precision_has_the_bits_of_numpy() -> None:
    with np.errstate(over="ignore"):
        wanted = VALUES.astype(np.float16).astype(np.float32)
    assert same(rounded(VALUES, FORMATS["fp16"]), wanted)


def test_the_upper_half_of_a_float_has_the_bits_of_everybody() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert same(rounded(VALUES, FORMATS["bf16"]), VALUES.astype(ml_dtypes.bfloat16).astype(np.float32))


def test_the_upper_half_of_a_float_is_the_nearest_of_the_two_around_it() -> None:
    values = VALUES[np.isfinite(VALUES) & (np.abs(VALUES) < FORMATS["bf16"].largest)]
    below = (values.view(np.uint32) & np.uint32(0xFFFF_0000)).view(np.float32).astype(np.float64)
    above = (below.astype(np.float32).view(np.uint32) + np.uint32(0x1_0000)).view(np.float32).astype(np.float64)
    error = np.abs(rounded(values, FORMATS["bf16"]).astype(np.float64) - values)
    assert (error == np.minimum(np.abs(values - below), np.abs(above - values))).all()


def test_full_precision_stays_as_it_is() -> None:
    assert rounded(VALUES, FORMATS["fp32"]) is VALUES


def test_the_machines_own_format_is_as_published() -> None:
    assert CB16.largest == pytest.approx(4.29e9, rel=1e-3)
    assert CB16.smallest_normal == pytest.approx(9.3e-10, rel=2e-3)
    assert CB16.smallest == pytest.approx(1.8e-12, rel=2e-2)
    assert CB16.unit_roundoff == 2**-10
    assert CB16.bytes == 2


@given(FLOATS, st.sampled_from(["fp16", "bf16", "cb16"]), st.booleans())
def test_a_number_is_rounded_once_keeps_its_sign_and_is_near(value: float, name: str, subnormals: bool) -> None:
    to = find_format(name, subnormals=subnormals)
    once = rounded(np.array([value], np.float32), to)
    assert same(rounded(once, to), once)
    assert np.signbit(once[0]) == np.signbit(np.float32(value))
    if to.smallest_normal <= abs(value) <= to.largest:
        assert abs(float(once[0]) - value) <= to.unit_roundoff * abs(value)
    elif abs(value) < to.smallest_normal and subnormals:
        assert abs(float(once[0]) - value) <= to.smallest / 2
    elif abs(value) < to.smallest_normal:
        assert abs(float(once[0])) in (0.0, to.smallest_normal)


@given(st.lists(FLOATS, min_size=2, max_size=30), st.sampled_from(["fp16", "bf16", "cb16"]))
def test_a_larger_number_is_never_rounded_to_a_smaller_one(values: list[float], name: str) -> None:
    found = rounded(np.sort(np.array(values, np.float32)), FORMATS[name])
    assert (found[1:] >= found[:-1]).all()


@pytest.mark.parametrize(("value", "to"), [(1 + 2**-12, "cb16"), (3e-12, "cb16"), (1e-6, "fp16"), (1.001, "bf16")])
def test_rounding_at_random_is_right_on_average(value: float, to: str) -> None:
    exact = np.float32(value)
    found = rounded(np.full(400_000, exact), find_format(to, stochastic=True), np.random.default_rng(0))
    assert 1 < len(np.unique(found)) <= 2
    gap = np.ptp(found)
    assert abs(found.astype(np.float64).mean() - float(exact)) < 0.004 * gap


def test_the_same_seed_rounds_alike() -> None:
    to, finite = find_format("cb16", stochastic=True), VALUES[np.isfinite(VALUES)]
    one, other = (rounded(finite, to, np.random.default_rng(3)) for _ in range(2))
    assert same(one, other)


def test_values_that_do_not_lie_side_by_side_are_rounded_alike() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4) * np.float32(1.001)
    assert np.array_equal(rounded(values.T, CB16), rounded(values, CB16).T)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SpecError, match="must be float32"):
        rounded(np.zeros(3), CB16)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="must be given"):
        rounded(np.zeros(3, np.float32), find_format("cb16", stochastic=True))
    with pytest.raises(SpecError, match="format"):
        find_format("fp8")
    with pytest.raises(SpecError, match="must be from 2 to 23"):
        Format(name="x", exponent=5, mantissa=30)
