"""What packed matrices take, in bytes and in cycles, by hand."""

import numpy as np
import pytest

from wsesim.graph import packing_of
from wsesim.hardware import load_cluster
from wsesim.kernels.resident import Rectangle, vector_cycles
from wsesim.kernels.unpacking import BUFFER, packed_bytes, unpacking
from wsesim.software import load_software


def test_bytes_are_those_of_numbers_and_scales() -> None:
    assert packed_bytes(packing_of("e4m3/128x128"), inputs=256, outputs=130) == 256 * 130 + 2 * 2 * 4
    assert packed_bytes(packing_of("int4/128x1+zeros"), inputs=100, outputs=3) == 150 + 3 * 3
    assert packed_bytes(packing_of("int8/allx1"), inputs=10, outputs=7) == 70 + 7 * 2
    sides = np.array([5, 8])
    assert packed_bytes(packing_of("e2m1/4x1"), inputs=sides, outputs=sides).tolist() == [13 + 10, 32 + 16]


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
def test_cycles_are_those_of_instructions_one_by_one(machine: str) -> None:
    wafer = load_cluster(machine).cluster.wafer
    inference = load_software("waferllm").for_inference()
    where = Rectangle(wafer=wafer, columns=4, rows=4, software=inference)
    core, cost = wafer.core, unpacking(where, packing_of("e4m3/128x128"), rows=6, length=BUFFER)
    half, whole = BUFFER // 2, vector_cycles(where, BUFFER, core.simd_fp16_per_cycle)
    each = 3 * vector_cycles(where, half, core.convert_per_cycle) + whole + 6 * core.vector_launch_cycles
    each += 2 * vector_cycles(where, half, core.simd_fp16_per_cycle)
    loops = inference.element_loop_cycles
    assert cost.serial["unpacking"] == pytest.approx(6 * (each if not loops else loops * (5 * half + BUFFER)))
    short = unpacking(where, packing_of("e4m3/128x128"), rows=6 * BUFFER // 32, length=32)
    assert short.serial["unpacking"] == cost.serial["unpacking"]
