"""Collectives on a line of cores: their closed forms, from the published model (arXiv 2404.15888)."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wsesim.hardware import Fabric, load_cluster
from wsesim.kernels.collectives import broadcast, chain_reduce

FABRIC = load_cluster("cs-2").cluster.wafer.fabric
WAVELETS, CORES, RAMP = st.integers(1, 10_000), st.integers(2, 1000), st.integers(1, 9)


def predicted(fabric: Fabric, *, wavelets: int, hops: int, depth: int) -> float:
    """Return the model's cycles where every link of a line carries the vector, and the busiest core once.

    It is max(C, E / N + L) + (2 T_R + 1) D: C wavelets through the busiest core, E wavelet-hops, N links, L distance in
    hops, D depth in messages, T_R ramp latency.
    """
    energy, links, distance = wavelets * hops, hops, hops
    return max(wavelets, energy / links + distance) + (2 * fabric.ramp_cycles + 1) * depth


def _with_ramp(cycles: int) -> Fabric:
    return replace(FABRIC, ramp_cycles=cycles)


def test_by_hand() -> None:
    # 100 wavelets, 5 cores, a ramp of 2 cycles
    assert chain_reduce(FABRIC, wavelets=100, cores=5) == 100 + 6 * 4
    assert broadcast(FABRIC, wavelets=100, cores=5) == 100 + 5 + 4


@given(wavelets=WAVELETS, cores=CORES, ramp=RAMP)
def test_a_chain_is_the_model_with_a_message_at_every_core(wavelets: int, cores: int, ramp: int) -> None:
    model = predicted(_with_ramp(ramp), wavelets=wavelets, hops=cores - 1, depth=cores - 1)
    assert chain_reduce(_with_ramp(ramp), wavelets=wavelets, cores=cores) == model
    assert model == wavelets + (2 * ramp + 2) * (cores - 1)


@given(wavelets=WAVELETS, cores=CORES, ramp=RAMP)
def test_a_broadcast_is_the_model_with_one_message(wavelets: int, cores: int, ramp: int) -> None:
    model = predicted(_with_ramp(ramp), wavelets=wavelets, hops=cores - 1, depth=1)
    assert broadcast(_with_ramp(ramp), wavelets=wavelets, cores=cores) == model
    assert model == wavelets + cores + 2 * ramp


@given(wavelets=WAVELETS, cores=CORES)
def test_nothing_larger_is_quicker(wavelets: int, cores: int) -> None:
    for collective in (chain_reduce, broadcast):
        base = collective(FABRIC, wavelets=wavelets, cores=cores)
        assert collective(FABRIC, wavelets=wavelets + 1, cores=cores) > base
        assert collective(FABRIC, wavelets=wavelets, cores=cores + 1) > base
