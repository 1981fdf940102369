import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.numerics.erf import erf


@given(st.lists(st.floats(-8, 8) | st.floats(allow_nan=False), min_size=1, max_size=20))
def test_it_is_the_error_function_to_float64_accuracy(values: list[float]) -> None:
    np.testing.assert_allclose(erf(np.array(values)), [math.erf(x) for x in values], rtol=1e-15, atol=0)


def test_every_interval_and_its_ends() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20_001), np.nextafter(0.46875, [0, 1]), [4.0, 6.0, 1e-300, 1e-310]])
    np.testing.assert_allclose(erf(x), [math.erf(value) for value in x], rtol=1e-15, atol=0)


def test_fp32_stays_fp32() -> None:
    x = np.linspace(-7, 7, 20_001, dtype=np.float32)
    found = erf(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [math.erf(value) for value in x], rtol=5e-7, atol=0)


@pytest.mark.parametrize(("x", "wanted"), [(math.inf, 1.0), (-math.inf, -1.0), (0.0, 0.0), (math.nan, math.nan)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_line(x: float, wanted: float, dtype: type) -> None:
    np.testing.assert_equal(erf(np.array([x], dtype=dtype)), np.array([wanted], dtype=dtype))
