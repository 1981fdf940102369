"""What holds a time: which figures of the machine and its software, and what twice as good a one would bring.

Each limit is asked again, at the same placement, with its figures twice as good. Where a core waits for the slowest of
several (datapath, ports of its memory, link), one alone may bring nothing: then the fewest that bring it together are
named, as a tie.

    again(cluster, software) -> seconds by cause     asked of a placement that is known
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import fsum
from typing import Any

from wsesim.answer import Limit
from wsesim.hardware import MACHINES, Cluster
from wsesim.questions.base import Question
from wsesim.questions.shared.capped import Again, PowerOf, Stack, again_under_cap
from wsesim.software import STACKS

LIMITS: Mapping[str, tuple[str, ...]] = {
    "datapath": ("core.fmac_fp16_per_cycle", "core.fmac_mixed_per_cycle", "core.fmac_fp32_per_cycle",
                 "core.simd_fp16_per_cycle", "core.simd_fp32_per_cycle"),
    "read port": ("core.sram_read_bytes_per_cycle",),
    "write port": ("core.sram_write_bytes_per_cycle",),
    "accumulators": ("core.accumulator",),
    "bank collisions": ("core.colliding_cycles",),
    "links": ("fabric.link_wavelets_per_cycle",),
    "hop latency": ("fabric.hop_cycles", "fabric.ramp_cycles"),
    "starts of instructions": ("core.vector_launch_cycles", "core.task_launch_cycles", "training.weight_launch_cycles",
                               "inference.vector_setup_cycles"),
    "scalar code": ("inference.element_loop_cycles", "inference.round_cycles", "inference.step_scalar_cycles",
                    "inference.align_scalar_cycles"),
    "kernel launch": ("training.kernel_launch",),
    "step overhead": ("training.step", "training.log"),
    "token turn": ("inference.token_turn",),
    "off-wafer links": ("wafer.io", "memoryx.stream", "swarmx.link"),
    "store": ("memoryx.update",),
    "host": ("host.input",),
    "latency off the wafer": ("memoryx.latency", "swarmx.hop", "host.latency"),
}  # fmt: skip
"""Figures that a limit is made of. Of links off the wafer the slowest counts, so that all are doubled."""
TIED = ("datapath", "read port", "write port", "links", "starts of instructions")
"""An instruction of a core takes as long as the slowest of these."""
_PARTS = {
    "core": ("wafer", "core"), "fabric": ("wafer", "fabric"), "wafer": ("wafer",), "memoryx": ("memoryx",),
    "swarmx": ("swarmx",), "host": ("host",),
}  # fmt: skip
"""Where the groups of figures stand in a cluster."""
TWICE = 2.0
MATTERS = 0.01
"""Share of the time from which on it is told that limits tie."""
MOST_OF_IT = 0.9
"""Of what all tied limits bring, what is left where one that does not matter is taken out."""


def limits_of(
    question: Question, cluster: Cluster, software: Stack, again: Again, power: PowerOf
) -> tuple[Limit, ...]:  # fmt: skip
    """Return what twice as good a limit would bring, most first; those that bring nothing too.

    Under a cap on power it is what is left of that once the clock is lowered as far as the better machine has to.

    Args:
        question: says which figures it reads.
        cluster: as it is.
        software: the group of the stack that runs, as it is.
        again: the seconds by cause.
        power: what is drawn meanwhile.
    """
    read = question.reads.hardware | question.reads.software
    known = {name: tuple(figure for figure in figures if figure in read) for name, figures in LIMITS.items()}
    known = {name: figures for name, figures in known.items() if figures}
    if cluster.wafer.energy.capped:
        again = again_under_cap(again, power)
    before = again(cluster, software)

    def ask(*names: str) -> Limit:
        figures = tuple(figure for name in names for figure in known[name])
        after = again(*_twice(cluster, software, figures))
        return _limit(names, figures, before, after)

    found = [ask(name) for name in known]
    found += _ties([limit for limit in found if limit.name in TIED], ask)
    return tuple(sorted(found, key=lambda limit: -limit.saved_s))


def _limit(
    names: tuple[str, ...], figures: tuple[str, ...], before: Mapping[str, float], after: Mapping[str, float]
) -> Limit:  # fmt: skip
    saved = {cause: before.get(cause, 0.0) - after.get(cause, 0.0) for cause in dict.fromkeys((*before, *after))}
    total_s = fsum(before.values())
    return Limit(
        name=" + ".join(names), figures=figures, saved_s=total_s - fsum(after.values()),
        by_cause={cause: seconds for cause, seconds in saved.items() if seconds}, ties=len(names) > 1,
    )  # fmt: skip


def _ties(single: list[Limit], ask: Callable[..., Limit]) -> Iterator[Limit]:
    """Yield the fewest limits that bring together what none brings alone, if there is such a tie."""
    if len(single) < 2:
        return
    names = [limit.name for limit in single]
    best = ask(*names)
    alone_s = fsum(max(0.0, limit.saved_s) for limit in single)
    for name in tuple(names):
        if len(names) == 2:
            break
        fewer = [other for other in names if other != name]
        without = ask(*fewer)
        if without.saved_s >= MOST_OF_IT * best.saved_s:
            names, best = fewer, without
    if best.saved_s - alone_s > MATTERS * best.saved_s:
        yield best


def _twice(cluster: Cluster, software: Stack, figures: Iterable[str]) -> tuple[Cluster, Stack]:
    """Return machine and software with each of some figures twice as good."""
    for name in figures:
        if name in MACHINES.slots:
            slot = MACHINES.slots[name]
            cluster = _changed(cluster, _PARTS[slot.group], slot.field, slot.better)
        else:
            slot = STACKS.slots[name]
            software = _changed(software, (), slot.field, slot.better)
    return cluster, software


def _changed(value: Any, path: tuple[str, ...], field: str, better: str) -> Any:
    if path:
        first, *rest = path
        return replace(value, **{first: _changed(getattr(value, first), tuple(rest), field, better)})
    now = getattr(value, field)
    return replace(value, **{field: now * TWICE if better == "more" else now / TWICE})
