"""Weights as they are once they were packed: what torch rounds to, and what a group's scale makes of its numbers."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from wsesim.graph import PACKED_FORMATS, packing_of
from wsesim.numerics.packed import nearest_in, rounded

DRAWN = np.random.default_rng(3).normal(size=(2, 21, 10)).astype(np.float32)


def test_e4m3_rounds_as_torch_does() -> None:
    golden = load_file(Path(__file__).parents[1] / "golden" / "packed.safetensors")
    np.testing.assert_array_equal(nearest_in(golden["numbers"], PACKED_FORMATS["e4m3"]), golden["e4m3"])


@pytest.mark.parametrize(
    "text", ["e4m3/8x4", "e4m3", "e2m1/32x1", "nvfp4/16x1", "int8/allx1", "int4/4x1", "int4/4x1+zeros"]
)
def test_numbers_stay_near_and_are_packed_once(text: str) -> None:
    packing, found = packing_of(text), rounded(DRAWN, packing_of(text))
    assert found.dtype == DRAWN.dtype
    assert found.shape == DRAWN.shape
    step = {"e4m3": 1 / 16, "e2m1": 1 / 3, "nvfp4": 1 / 5, "int8": 1 / 250, "int4": 1 / 13}[text.partition("/")[0]]
    assert float(np.abs(found - DRAWN).max()) <= step * float(np.abs(DRAWN).max())
    np.testing.assert_allclose(rounded(found, packing), found, rtol=2e-6, atol=1e-6)
    assert not rounded(np.zeros((3, 5), np.float32), packing).any()


def test_scales_of_nvfp4_are_numbers_in_e4m3_of_what_the_matrix_shares() -> None:
    array = np.array([[6 * 448.0], [3.0], [6 * 1.06], [3 * 1.06], [6 * 448e-9], [0.0]], np.float32)
    found = rounded(array, packing_of("nvfp4/2x1"))
    np.testing.assert_array_equal(found[:, 0], np.array([6 * 448, 0, 6 * 1.0, 3 * 1.0, 0, 0], np.float32))
    assert rounded(array, packing_of("e2m1/2x1"))[2, 0] == 6.0
    np.testing.assert_array_equal(rounded(np.full((2, 1), 5 * 1.25), packing_of("nvfp4/2x1")), 5 * 1.25)


def test_a_scale_is_of_its_group_alone() -> None:
    array = np.ones((4, 4), np.float32)
    array[0, 0] = 1000.0
    found = rounded(array, packing_of("int4/2x2"))
    assert found[1, 1] == 0
    np.testing.assert_array_equal(found[2:], array[2:])
