"""C = A B on a rectangle of cores by SUMMA: in each step a panel of A is broadcast along rows, one of B down columns.

        B0 B1 B2          step s: the column that owns panel s of A sends it along all rows,
        v  v  v                   the row that owns panel s of B sends it down all columns;
   A0 > C  C  C                   every core multiplies the pair and adds it to its part of C
   A1 > C  C  C
   A2 > C  C  C           root:  <-- A --   o   -- A -->      the switches of a row follow the root

The panels of the next step travel on microthreads while a pair is multiplied. `transfers=library` does it as the SDK's
collectives do: one after the other, and the routes are written anew for each transfer and again after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelCase, KernelSetup, Measure, Reading, Shares, choice_option
from wsesim.cores.kit.durations import Turns, Work, beside, in_all, memory, residues
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES, Mem
from wsesim.cores.programs.gemm.local_code import CodeCosts
from wsesim.cores.programs.gemm.summa_core import BUFFERS, PLAN_WORDS, Panels, lay, take, write
from wsesim.cores.rates import rate_of
from wsesim.errors import InputError
from wsesim.hardware import Core, Wafer
from wsesim.kernels.collectives import link_cycles

AXES = ("row", "column")
FIRST = (0, 0)
"""The core whose spans are measured."""
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
REGISTERS = 7
"""Scalar instructions before the first step, beside those of each axis."""


def asked(setup: KernelSetup) -> Panels:
    """Return how a product of M x K by K x N lies on the grid.

    Raises:
        InputError: an option is not known.
    """
    overlapped = choice_option(setup.options, "transfers", ("overlapped", "library")) == "overlapped"
    return Panels.of(setup.grid, setup.shape, overlapped=overlapped)


def operands(panels: Panels, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random operands whose sums are exact."""
    m, k, n = panels.shape
    return {name: exact.factors(random, shape, isa.F32, k) for name, shape in (("a", (m, k)), ("b", (k, n)))}


def closed(wafer: Wafer, panels: Panels) -> float:
    """Return the cycles: start, the first transfers, then a pair for each step while the next panels travel."""
    core = wafer.core
    lines, words, work = (panels.columns > 1) + (panels.rows > 1), sum(_words(panels)), _work(wafer, panels)
    pair = sum(in_all(work))
    travel = core.microthread_launch_cycles + words + _latency(wafer, panels) if lines else 0
    begin, launches, around, counted = _around(core, lines)
    if not panels.overlapped:
        step = launches + 2 * wafer.code.routes_cycles * lines + travel + around + pair
        return begin + panels.steps * step + counted
    hindered, _ = beside(words, work, microthreads=max(1, lines))
    moving = launches + travel + around
    busy = launches + pair + hindered + 1 + around
    return begin + moving + (panels.steps - 1) * max(busy, moving) + pair + 2 * counted


def _around(core: Core, lines: int) -> tuple[int, int, int, int]:
    """Return the cycles of the start, of what launches the transfers of a step, of its tasks, and of the end.

    Each transfer, and the step itself, has a task or a place in one where it is counted; one more begins the next.
    """
    start, taken, passed = core.activation_cycles, core.branch_taken_cycles, core.branch_not_taken_cycles
    counted = start + core.dependent_cycles + taken
    begin = REGISTERS + len(AXES) * (2 * core.dependent_cycles + 3)
    launches = start + core.dependent_cycles + taken + len(AXES) * (2 * passed + taken + 1) + 2
    next_step = 2 * start + core.dependent_cycles + 2 * passed + taken + 4
    return begin, launches, lines * counted + next_step, counted


def _words(panels: Panels) -> list[int]:
    """Return the wavelets of a step that a core sends or receives, by axis."""
    return [
        *([panels.m * panels.k] if panels.columns > 1 else []), *([panels.k * panels.n] if panels.rows > 1 else []),
    ]  # fmt: skip


def _latency(wafer: Wafer, panels: Panels) -> float:
    """Return the cycles from a root to the farthest core of its line, on the mean."""
    return link_cycles(wafer.fabric, max(panels.columns, panels.rows) // 2)


def _work(wafer: Wafer, panels: Panels) -> Work:
    """Return the work of a pair: cycles each multiply-accumulate and its scalar code want the datapath, and do not."""
    core = wafer.core
    costs = CodeCosts(wafer)
    pace = mean_pace(wafer, panels)
    scalar = costs.load(2) + core.vector_launch_cycles + costs.descriptor + costs.count
    turn = (panels.m + 4, scalar - 4 + round(panels.m * (pace - 1)))
    outer = (4, 2 + costs.count_ends + costs.descriptor + costs.count - 4)
    return [Turns(panels.k, [Turns(panels.n, [turn]), outer])]


def mean_pace(wafer: Wafer, panels: Panels) -> float:
    """Return the cycles an element of a column takes, on the mean over all columns of A and of C.

    They start in different banks: memory holds A with its buffers, then B with its own, then C.
    """
    into, of = Mem(0, panels.m), memory(isa.F32, panels.m)
    rate = rate_of(wafer.core, isa.MAC, isa.F32, (into, into, of))
    words, reach = rate.period // ELEMENT_BYTES[isa.F32], rate.reach // ELEMENT_BYTES[isa.F32]
    own_a, own_b = panels.steps // panels.columns, panels.steps // panels.rows
    a, b = panels.m * panels.k, panels.k * panels.n
    c = (own_a + BUFFERS) * a + (own_b + BUFFERS) * b + 2 * PLAN_WORDS
    places = residues(own_a, a, words)
    for buffer in range(BUFFERS):
        places[(own_a + buffer) * a % words] += len(range(buffer, panels.steps - own_a, BUFFERS))
    columns, into_columns = residues(panels.k, panels.m, words), residues(panels.n, panels.m, words)
    near = 0
    for (place, often), (of_a, many), (of_c, each) in product(*map(enumerate, (places, columns, into_columns))):
        gap = (c + of_c - of_a - place) % words
        near += often * many * each * (min(gap, words - gap) < reach)
    return rate.cycles + (rate.slow_cycles - rate.cycles) * near / (panels.steps * panels.k * panels.n)


def need(panels: Panels) -> int:
    """Return the bytes of a core's panels of A and B, with their buffers, and of C."""
    a = (panels.steps // panels.columns + BUFFERS) * panels.m * panels.k
    b = (panels.steps // panels.rows + BUFFERS) * panels.k * panels.n
    return (a + b + panels.m * panels.n + 2 * PLAN_WORDS) * ELEMENT_BYTES[isa.F32]


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part of multiply-accumulates that do not collide, and the rest; none where memory is slower still."""
    panels = asked(case.setup)
    macs = panels.steps * _pair(panels)
    every_cycle = max(0.0, macs * (case.wafer.core.colliding_cycles - mean_pace(case.wafer, panels)) / cycles)
    return {"arithmetic every cycle": every_cycle, "arithmetic": 1 - every_cycle}


def _flops(case: KernelCase) -> Reading:
    m, k, n = case.shape
    cycles = case.cycles()
    value = 2 * m * k * n / cycles * case.wafer.core.clock_hz
    return Reading(value=value, shares=limits(case, cycles))


def _compute_span(case: KernelCase) -> Reading:
    panels = asked(case.setup)
    macs, pair = [span for span in case.run(watch=[FIRST]).spans if span.name == "mac"], panels.k * panels.n
    steps = [macs[first : first + pair] for first in range(0, len(macs), pair)]
    return Reading(value=sum(step[-1].end - step[0].start for step in steps))


def _broadcast(case: KernelCase) -> Reading:
    """Take the first span of a microthread; its last word leaves the ramp after it."""
    spans = [span for span in case.run(watch=[FIRST]).spans if span.thread is not None]
    if not spans:
        raise InputError.at("nothing is broadcast on one core")
    return Reading(value=spans[0].end - spans[0].start + case.wafer.fabric.ramp_cycles)


def _pair(panels: Panels) -> int:
    """Return the multiply-accumulates of a pair of panels."""
    return panels.m * panels.k * panels.n


PROGRAM = kernel(
    name="summa", doc=__doc__, shape_help="M x K x N: rows of A, columns of A and rows of B, columns of B",
    example="24x24x24", takes="M, K and N", asked=asked, operands=operands, write=write, lay=lay, result="c", take=take,
    meaning=lambda _, a, b: a @ b, closed=closed, need=need, limits=limits,
    options={"transfers": "overlapped, or library: the SDK's collectives, nothing at the same time [overlapped]"},
    measures={
        "flops_per_s": Measure(cores=_flops, closed=_flops),
        "compute_span_cycles": Measure(cores=_compute_span, silicon=False),
        "broadcast_cycles": Measure(cores=_broadcast, silicon=False),
    },
)  # fmt: skip
