"""Collectives on lines and rectangles of cores, in closed form.

chain     o<-o<-o<-o    every core adds and passes on
broadcast o->o->o->o    one input, many outputs, no ramp between
ring      o->o->o->o-+  reduce-scatter, then all-gather
          ^----------+

Chain and broadcast are those of the published model (Luczynski et al., HPDC 2024, arXiv 2404.15888). A program takes
what that leaves out as well: the start of its task, and the launch of each vector instruction. A collective in stages
is the sum of its stages.
"""

from __future__ import annotations

from math import ceil

from wsesim.hardware import Core, Fabric, Wafer
from wsesim.kernels.counts import chosen, largest, up

ACROSS_MIDDLE = 1 / 4
"""Share of what a column sends that crosses its middle link in one direction, if every row sends to all alike."""


def chain_reduce(fabric: Fabric, *, wavelets: int, cores: int, spacing: int = 1) -> float:
    """Return the cycles to sum a vector over a line, each core passing its sum to the next, *spacing* hops away."""
    return stream_cycles(fabric, wavelets) + (cores - 1) * link_cycles(fabric, spacing)


def broadcast(fabric: Fabric, *, wavelets: int, cores: int) -> float:
    """Return the cycles to send a vector along a line; routers copy it on the way."""
    return stream_cycles(fabric, wavelets) + link_cycles(fabric, cores - 1)


def broadcast_cycles(wafer: Wafer, *, wavelets: int, hops: int) -> float:
    """Return the cycles of a program that sends a vector to all cores up to so many hops away."""
    return _task_cycles(wafer.core) + _broadcast_stage(wafer, wavelets, hops)


def chain_cycles(wafer: Wafer, *, wavelets: int, cores: int) -> float:
    """Return the cycles of a program that sums a vector over a line as a chain."""
    return _task_cycles(wafer.core) + _chain_stage(wafer, wavelets, cores, spacing=1)


def two_phase_cycles(wafer: Wafer, *, wavelets: int, cores: int, group: int) -> float:
    """Return the cycles of a program with a chain inside groups, then a chain over the groups' heads.

    The last group, which may be smaller, passes its sum on as it adds it up. Either that comes last to the first core,
    or the other heads, which begin phase 2 when phase 1 is over. Descriptors are set before each vector instruction.
    """
    groups = ceil(cores / group)
    rest = cores - (groups - 1) * group
    if cores == 1:
        return _task_cycles(wafer.core)
    once = wafer.code.vector_setup_cycles + _vector_cycles(wafer.core)
    along = chain_reduce(wafer.fabric, wavelets=wavelets, cores=rest)
    along += (groups - 1) * link_cycles(wafer.fabric, group)
    inside = once + chain_reduce(wafer.fabric, wavelets=wavelets, cores=group)
    heads = chain_reduce(wafer.fabric, wavelets=wavelets, cores=groups - 1, spacing=group)
    two_phases = 1 < group < cores
    return _task_cycles(wafer.core) + once + (max(along, inside + heads) if two_phases else along)


def centers(cores: int, group: int) -> tuple[int, ...]:
    """Return the centre of each group on a line; the last group may be smaller."""
    return tuple(first + min(group, cores - first) // 2 for first in range(0, cores, group))


def tree_cycles(wafer: Wafer, *, wavelets: int, cores: int, group: int) -> float:
    """Return the cycles of a program that sums from both ends to the centre, in groups, then over their centres."""
    return _task_cycles(wafer.core) + _tree_stage(wafer.fabric, _vector_cycles(wafer.core), wavelets, cores, group)


def _tree_stage(fabric: Fabric, launch_cycles: float, wavelets: int, cores: int, group: int) -> float:
    """Return the cycles of both levels of a tree: cores of groups, of which the last may be smaller, then centres."""
    groups, rest = up(cores, group), (cores - 1) % group + 1
    add = launch_cycles + stream_cycles(fabric, wavelets)
    queued = stream_cycles(fabric, -largest(-wavelets, -(fabric.waiting_words + fabric.ramp_cycles)))
    next_to = link_cycles(fabric, 1)
    full, last = (_to_center_stage(next_to, next_to, add, queued, size, 0.0, 0.0) for size in (group, rest))
    to_last = link_cycles(fabric, group - group // 2 + rest // 2)
    return _to_center_stage(link_cycles(fabric, group), to_last, add, queued, groups, full, last)


def _to_center_stage(
    link: float, to_last: float, add: float, queued: float, places: int, ready: float, last_ready: float
) -> float:
    """Return when the centre of a line has the sum of all: so many *places*, a *link* apart, all *ready* then.

    The last is another way from the one before it and ready no later. The centre adds the sum from before it, then the
    one from behind. That arrives no later and fills its queue first, over the ramp that both share.
    """
    middle = places // 2
    ways = places - 1 - middle  # from the last place to the centre
    before = ready + middle * link
    behind = chosen(ways > 1, largest(last_ready + to_last, ready) + (ways - 1) * link, last_ready + to_last)
    many = before + 2 * add + largest(0.0, queued - (before - behind))
    two = largest(last_ready, ready + to_last) + add
    return chosen(places == 1, last_ready, chosen(places == 2, two, many))  # type: ignore[no-any-return]


def chain_allreduce_cycles(wafer: Wafer, *, wavelets: int, cores: int) -> float:
    """Return the cycles of a program with a chain to the first core of a line and a broadcast back."""
    return chain_cycles(wafer, wavelets=wavelets, cores=cores) + _broadcast_stage(wafer, wavelets, cores - 1)


def grid_allreduce_cycles(wafer: Wafer, *, wavelets: int, columns: int, rows: int) -> float:
    """Return the cycles of a program with a chain along rows, one up the first column, and a broadcast back."""
    return (
        chain_cycles(wafer, wavelets=wavelets, cores=columns)
        + _chain_stage(wafer, wavelets, rows, spacing=1)
        + _broadcast_stage(wafer, wavelets, columns + rows - 2)
    )


def ring_cycles(wafer: Wafer, *, wavelets: int, cores: int) -> float:
    """Return the cycles of a program for reduce-scatter and all-gather on a ring laid on the line.

    A step sends a part and receives one. Its datapath handles both, one value a cycle; or the step waits for the
    wavelets, which come over two hops.
    """
    part, code = ceil(wavelets / cores), wafer.code
    launch = wafer.core.vector_launch_cycles
    flight = link_cycles(wafer.fabric, min(2, cores - 1)) + code.ring_clash_cycles
    crossing = code.ring_crossing_cycles if cores > code.ring_calm_cores and part > code.ring_calm_words else 0.0
    handled = 2 * part + code.ring_scalar_cycles + crossing
    step = launch + max(stream_cycles(wafer.fabric, part) + flight, handled)
    return _task_cycles(wafer.core) + 1 + 2 * (cores - 1) * step


def stream_cycles(fabric: Fabric, wavelets: float) -> float:
    """Return the cycles in which so many wavelets pass a link or a ramp, one behind the other."""
    return wavelets / fabric.link_wavelets_per_cycle


def link_cycles(fabric: Fabric, hops: int) -> int:
    """Return the cycles from the core that sends a wavelet to the one that uses it: issue, ramp, hops, ramp."""
    return 1 + 2 * fabric.ramp_cycles + hops * fabric.hop_cycles


def _task_cycles(core: Core) -> float:
    """Return the cycles to start a program's task."""
    return core.task_launch_cycles


def _vector_cycles(core: Core) -> float:
    """Return the cycles of a vector instruction beside its elements; the next launches in the cycle it ends."""
    return core.vector_launch_cycles


def _chain_stage(wafer: Wafer, wavelets: int, cores: int, *, spacing: int) -> float:
    """Return the cycles of a chain over cores *spacing* hops apart."""
    if cores == 1:
        return 0.0
    return _vector_cycles(wafer.core) + chain_reduce(wafer.fabric, wavelets=wavelets, cores=cores, spacing=spacing)


def _broadcast_stage(wafer: Wafer, wavelets: int, hops: int) -> float:
    sent = _vector_cycles(wafer.core) + broadcast(wafer.fabric, wavelets=wavelets, cores=hops + 1)
    return chosen(hops == 0, 0.0, sent)  # type: ignore[no-any-return]
