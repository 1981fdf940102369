"""Collectives on a line of cores, by the published model of Luczynski et al. (HPDC 2024, arXiv 2404.15888).

    T = max(C, E / N + L) + (2 T_R + 1) D      C wavelets through the busiest core, E wavelet-hops, N links,
                                               L distance in hops, D depth in messages, T_R ramp latency

    chain     o<-o<-o<-o    every core adds and passes on
    star      o<-o--o--o    all send to one
    broadcast o->o->o->o    one input, many outputs, no ramp between
    ring      o->o->o->o-+  reduce-scatter, then all-gather
              ^----------+
"""

from __future__ import annotations

from wsesim.hardware import Fabric


def predicted(fabric: Fabric, *, contention: float, energy: float, links: int, distance: int, depth: int) -> float:
    """Return the model's cycles for a collective with these five figures."""
    return max(contention, energy / links + distance) + (2 * fabric.ramp_cycles + 1) * depth


def chain_reduce(fabric: Fabric, *, wavelets: int, cores: int) -> float:
    """Return the cycles to sum a vector over a line, each core passing its sum to the next."""
    return wavelets + (2 * fabric.ramp_cycles + 2) * (cores - 1)


def star_reduce(fabric: Fabric, *, wavelets: int, cores: int) -> float:
    """Return the cycles when every core sends straight to the first."""
    return wavelets * (cores - 1) + 2 * fabric.ramp_cycles + 1


def broadcast(fabric: Fabric, *, wavelets: int, cores: int) -> float:
    """Return the cycles to send a vector along a line; routers copy it on the way."""
    return wavelets + cores + 2 * fabric.ramp_cycles


def ring_allreduce(fabric: Fabric, *, wavelets: int, cores: int) -> float:
    """Return the cycles of reduce-scatter and all-gather on a ring laid on the line."""
    steps = 2 * (cores - 1)
    return steps * wavelets / cores + 4 * cores - 6 + steps * (2 * fabric.ramp_cycles + 1)
