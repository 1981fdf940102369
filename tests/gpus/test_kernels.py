"""Products, attention, collectives and power by hand and by laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.gpus import gpu_named
from wsesim.gpus.kernels import Kernels, Load
from wsesim.gpus.power import board_w, clock_share
from wsesim.gpus.traffic import Group, Traffic

H100 = gpu_named("h100")
KERNELS = Kernels(H100)


def test_a_large_product_runs_at_the_share_of_the_peak_that_issues() -> None:
    found = KERNELS.product(132 * 256, 128 * 64, 16384, bits=16)
    flops = 2 * 132 * 256 * 128 * 64 * 16384
    rate = flops / found.products_s / 989e12
    assert rate == pytest.approx(H100.practice.tensor_share * 16384 / (16384 + H100.practice.tile_steps), rel=1e-9)


def test_one_tile_more_than_a_wave_takes_another_wave() -> None:
    one, two = (KERNELS.product(256, 128 * tiles, 65536, bits=16).products_s for tiles in (132, 133))
    assert two > 1.05 * one


def test_a_product_of_few_rows_reads_its_weights_at_the_memory_s_rate() -> None:
    found = KERNELS.product(1, 8192, 8192, bits=8)
    assert found.products_s == pytest.approx((8192 * 8192 + 8192 + 2 * 8192) / (3.35e12 * 0.92), rel=1e-9)
    assert found.core_s == 0


def test_older_attention_is_slower_on_a_chip_with_newer_instructions() -> None:
    kinds = ("pipelined", "fused", "first")
    seconds = [KERNELS.attention(1e9, 128, products=2, kind=kind).attention_s for kind in kinds]
    assert seconds == sorted(seconds)
    assert seconds[0] < seconds[1] < seconds[2]


def test_collectives_by_hand() -> None:
    gpu = replace(H100, practice=replace(H100.practice, link_share=1.0, link_latency_s=0.0, network_latency_s=0.0))
    traffic = Traffic(gpu)
    assert traffic.gather_s(Group.of(8, 1, 8), 8e9) == pytest.approx(7e9 / 450e9)
    assert traffic.gather_s(Group.of(16, 1, 8), 16e9) == pytest.approx(max(15e9 / 450e9, 8e9 / 8 / 50e9))
    assert traffic.gather_s(Group.of(16, 8, 8), 16e9) == pytest.approx(15e9 / 50e9)
    assert traffic.gather_s(Group.of(1, 1, 8), 1e9) == 0


@settings(max_examples=30)
@given(core_s=st.floats(1e-3, 10), watts=st.floats(1, 5000), memory=st.floats(0, 1e12), wait_s=st.floats(0, 10))
def test_the_board_stays_within_its_limit(core_s: float, watts: float, memory: float, wait_s: float) -> None:
    load = Load(products_s=core_s, core_s=core_s, core_j=watts * core_s, memory_bytes=memory)
    share = clock_share(H100, load, wait_s)
    assert 0.3 <= share <= 1
    total_s = wait_s + core_s / share
    drawn = 0.2 * 700 + (load.core_j * share + memory * 40e-12) / total_s
    assert share in (0.3, 1.0) or drawn == pytest.approx(700, rel=1e-6)
    assert board_w(H100, load, total_s, share) <= 700
