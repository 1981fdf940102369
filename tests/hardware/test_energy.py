"""Power by what it goes with; energies meet both measured points of a CS-2."""

from dataclasses import replace
from math import fsum

import pytest

from wsesim.hardware import Energy, load_cluster

WAFER = load_cluster("cs-2").cluster.wafer
MEASURED = load_cluster("cs-2", overrides={"core.clock": "850 MHz", "energy.clock": "850 MHz"}).cluster.wafer


def idle_w(energy: Energy, cores: int = WAFER.cores, clock_hz: float = WAFER.core.clock_hz) -> float:
    return fsum(energy.idle_w(cores, clock_hz).values())


def test_a_matrix_product_draws_what_was_measured() -> None:
    """`sgemm-power-cs2`: 349 TFLOP/s in fp32 at 4.38 kW above idle; two reads and a write a multiply-accumulate."""
    macs = 349e12 / 2
    counts = {"mac_fp32": macs, "sram": 3 * macs, "issue": macs, "hop": macs / 22}
    assert fsum(MEASURED.energy.joules(counts).values()) == pytest.approx(4380, rel=0.05)


def test_a_stencil_draws_what_was_measured() -> None:
    """SC22: 503 TFLOP/s at 22.9 kW, idle included. Of a cell 43 operations are 51 FLOPs; additions go two an issue."""
    cells = 503e12 / 51
    accesses = 112 - 54 / 2  # words; of which those of 18 additions in pairs
    counts = {"mac_fp32": 43 * cells, "sram": accesses * cells, "issue": 34 * cells, "hop": 17 * cells}
    work = fsum(MEASURED.energy.joules(counts).values())
    assert idle_w(MEASURED.energy, clock_hz=MEASURED.core.clock_hz) + work == pytest.approx(22_900, rel=0.05)


def test_idle_goes_with_clock_voltage_and_size() -> None:
    energy, own = WAFER.energy, idle_w(WAFER.energy)
    assert idle_w(energy, clock_hz=2 * WAFER.core.clock_hz) - own == pytest.approx(10_100, rel=1e-3)
    assert idle_w(energy, cores=WAFER.cores // 2) - energy.fixed_w == pytest.approx((own - energy.fixed_w) / 2)
    half = replace(energy, voltage=0.5)
    assert idle_w(half) - energy.fixed_w == pytest.approx((own - energy.fixed_w) / 4)
    assert half.joules({"sram": 1})["sram"] == energy.sram_j / 4


def test_what_is_known_of_idle_is_less_the_farther_from_where_it_was_measured() -> None:
    energy, cores, clock = WAFER.energy, WAFER.cores, WAFER.core.clock_hz
    off = [energy.idle_off_w(cores, times * clock) for times in (1, 1.5, 2)]
    assert off == sorted(off)
    assert off[0] == pytest.approx(energy.idle_off * 16_100, rel=1e-3)


@pytest.mark.parametrize(("voltage", "times", "known"), [(1, 1, True), (0.5, 4, True), (0.4, 1, False), (1, 5, False)])
def test_no_power_beyond_what_sources_support(voltage: float, times: float, known: bool) -> None:
    energy = replace(WAFER.energy, voltage=voltage)
    assert (energy.unsourced(times * energy.clock_hz) == "") is known
