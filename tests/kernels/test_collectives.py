"""Collectives on a line of cores: the published closed forms, from the published model."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.hardware import Fabric, load_cluster
from wsesim.kernels.collectives import broadcast, chain_reduce, predicted, ring_allreduce, star_reduce

FABRIC = load_cluster("cs-2").cluster.wafer.fabric
WAVELETS, CORES, RAMP = st.integers(1, 10_000), st.integers(2, 1000), st.integers(0, 9)


def _with_ramp(cycles: int) -> Fabric:
    return replace(FABRIC, ramp_cycles=cycles)


def test_by_hand() -> None:
    # 100 wavelets, 5 cores, a ramp of 2 cycles
    assert chain_reduce(FABRIC, wavelets=100, cores=5) == 100 + 6 * 4
    assert star_reduce(FABRIC, wavelets=100, cores=5) == 400 + 5
    assert broadcast(FABRIC, wavelets=100, cores=5) == 100 + 5 + 4
    assert ring_allreduce(FABRIC, wavelets=100, cores=5) == 2 * 4 * 100 / 5 + 20 - 6 + 8 * 5


@given(wavelets=WAVELETS, cores=CORES, ramp=RAMP)
def test_a_chain_is_the_model_with_a_message_at_every_core(wavelets: int, cores: int, ramp: int) -> None:
    hops = cores - 1
    model = predicted(
        _with_ramp(ramp), contention=wavelets, energy=wavelets * hops, links=hops, distance=hops, depth=hops
    )
    assert chain_reduce(_with_ramp(ramp), wavelets=wavelets, cores=cores) == model
    assert model == wavelets + (2 * ramp + 2) * (cores - 1)


@given(wavelets=WAVELETS, cores=CORES, ramp=RAMP)
def test_a_broadcast_is_the_model_with_one_message(wavelets: int, cores: int, ramp: int) -> None:
    hops = cores - 1
    model = predicted(_with_ramp(ramp), contention=wavelets, energy=wavelets * hops, links=hops, distance=hops, depth=1)
    assert broadcast(_with_ramp(ramp), wavelets=wavelets, cores=cores) == model
    assert model == wavelets + cores + 2 * ramp


@given(wavelets=st.integers(2, 10_000), cores=CORES, ramp=RAMP)
def test_a_star_is_the_model_with_everything_through_one_core(wavelets: int, cores: int, ramp: int) -> None:
    hops = cores - 1
    energy = wavelets * cores * hops / 2
    model = predicted(_with_ramp(ramp), contention=wavelets * hops, energy=energy, links=hops, distance=hops, depth=1)
    star = star_reduce(_with_ramp(ramp), wavelets=wavelets, cores=cores)
    assert star == wavelets * (cores - 1) + 2 * ramp + 1
    # the middle links carry half the wavelets and the latency: the model counts it, the closed form takes it as hidden
    assert star <= model <= star + max(0, energy / hops + hops - wavelets * hops)


@given(wavelets=WAVELETS, cores=CORES, ramp=RAMP)
def test_a_ring_is_two_rounds_of_shares(wavelets: int, cores: int, ramp: int) -> None:
    steps = 2 * (cores - 1)
    expected = steps * wavelets / cores + 4 * cores - 6 + steps * (2 * ramp + 1)
    assert ring_allreduce(_with_ramp(ramp), wavelets=wavelets, cores=cores) == pytest.approx(expected, rel=1e-12)


@given(wavelets=WAVELETS, cores=CORES)
def test_nothing_larger_is_quicker(wavelets: int, cores: int) -> None:
    for collective in (chain_reduce, star_reduce, broadcast):
        base = collective(FABRIC, wavelets=wavelets, cores=cores)
        assert collective(FABRIC, wavelets=wavelets + 1, cores=cores) > base
        assert collective(FABRIC, wavelets=wavelets, cores=cores + 1) > base


def test_long_vectors_favour_a_ring_and_short_ones_a_chain() -> None:
    def chain_and_back(wavelets: int) -> float:
        return chain_reduce(FABRIC, wavelets=wavelets, cores=8) + broadcast(FABRIC, wavelets=wavelets, cores=8)

    assert ring_allreduce(FABRIC, wavelets=10_000, cores=8) < chain_and_back(10_000)
    assert ring_allreduce(FABRIC, wavelets=8, cores=8) > chain_and_back(8)
