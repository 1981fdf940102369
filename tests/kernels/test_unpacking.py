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
    parts = BUFFER // 128
    each = 3 * vector_cycles(where, half, core.convert_per_cycle) + whole + (5 + parts) * core.vector_launch_cycles
    each += 2 * vector_cycles(where, half, core.simd_fp16_per_cycle)
    loops = inference.element_loop_cycles
    scales = vector_cycles(where, parts, core.convert_per_cycle) + core.vector_launch_cycles
    wanted = 6 * each + scales if not loops else loops * (6 * (5 * half + BUFFER) + parts)
    assert cost.serial["unpacking"] == pytest.approx(wanted)
    short, long = (unpacking(where, packing_of("e4m3"), rows=rows, length=length)
                   for rows, length in ((6 * BUFFER // 32, 32), (6, BUFFER)))  # fmt: skip
    assert short.serial["unpacking"] == long.serial["unpacking"]


@pytest.mark.parametrize("software", ["waferllm", "served-2024-10"])
@pytest.mark.parametrize(
    ("fewer", "more"),
    [
        ("int4/128x1", "int4/32x1+zeros"), ("int4/128x1", "int4/128x1+zeros"), ("int4/128x1+zeros", "int4/32x1+zeros"),
        ("e2m1/64x1", "e2m1/32x1"), ("e2m1/16x1", "nvfp4/16x1"), ("e4m3/128x128", "e4m3/64x128"),
        ("e4m3/128x128", "e4m3/128x16"), ("e4m3", "e4m3/allx1"),
    ],
)  # fmt: skip
def test_more_scales_take_more(fewer: str, more: str, software: str) -> None:
    where = Rectangle(wafer=load_cluster("cs-3").cluster.wafer, columns=4, rows=4,
                      software=load_software(software).for_inference())  # fmt: skip
    one, other = (unpacking(where, packing_of(text), rows=256, length=200) for text in (fewer, more))
    assert one.serial["unpacking"] < other.serial["unpacking"]
    assert one.sram_bytes < other.sram_bytes
