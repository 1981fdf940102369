"""Kernels of inference with weights in SRAM, on a rectangle of cores: products, sums, work on what a core holds.

        inputs along y                     a matrix lies over the rectangle, rows over y, columns over x; a vector lies
      +-----+-----+-----+                  along one side and is repeated along the other:
   x0 | W00 | W01 | W02 |
      +-----+-----+-----+   sums           decode   every core multiplies its part, columns add up in a tree of two
   x1 | W10 | W11 | W12 |   run down       levels and tell all their cores: y lies along x, ready for a product
      +-----+-----+-----+      |           whose sums run along rows. Nothing is ever transposed.
   x2 | W20 | W21 | W22 |      v           prefill  tokens lie along y, features along x (`resident_mesh`)
      +-----+-----+-----+
        y0    y1    y2      outputs along x

This is the structure of WaferLLM (He et al., OSDI 2025, arXiv 2502.04563), whose rectangles are squares. Values have 16
bits, two to a wavelet; sizes are filled up to multiples of the cores along their axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import ceil, gcd, isqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import require_positive
from wsesim.hardware import MAC_EVENTS, PORT_BYTES, Core, Wafer
from wsesim.kernels import collectives
from wsesim.kernels.base import MIXED_TRAFFIC_BYTES, Cost
from wsesim.kernels.counts import chosen, largest, least, up
from wsesim.software import Inference

VALUE_BYTES = 2


LANE_PARTS = 1000
"""Of a lane: fractions of lanes count to so much."""
TABLED = 1 << 16
"""Lengths of vectors whose issues are looked up where many rectangles are costed."""
Along = Literal["x", "y"]
"""The axis that something lies or runs along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreLine:
    """The cores of a rectangle along one axis."""

    cores: int

    @property
    def group(self) -> int:
        """Cores of a group of the tree: as many as there are groups, or the next divisor above.

        So the program divides 240, 360, 420, 540, 600, 660 and 720 cores into 15, 18, 20, 20, 24, 22 and 24 groups.
        """
        return _group_of(self.cores)

    @property
    def links(self) -> int:
        """Cores that a sum passes on its way: half a group, then half the groups' centres."""
        return self.group // 2 + ceil(self.cores / self.group) // 2

    def each(self, size: float) -> int:
        """Return how many of *size* values along the axis a core holds."""
        found: int = up(size, self.cores)
        return found


@cache
def _group_of(cores: int) -> int:
    root = isqrt(cores)
    groups = next(number for number in range(root, 0, -1) if cores % number == 0)
    return cores // groups if 2 * groups > root else ceil(cores / root)


@cache
def line_of(cores: int) -> CoreLine:
    """Return the line of so many cores; there are few lengths, asked for often."""
    return CoreLine(cores=cores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A rectangle of cores with a layer of a model, or a table, spread over it."""

    wafer: Wafer
    columns: int
    rows: int
    software: Inference
    """What the program on it costs beside its vectors and wavelets."""

    def __post_init__(self) -> None:
        require_positive(columns=self.columns, rows=self.rows)

    @property
    def cores(self) -> int:
        """All cores."""
        return self.columns * self.rows

    @property
    def longer(self) -> int:
        """Cores along the longer axis."""
        return max(self.columns, self.rows)

    @property
    def x(self) -> CoreLine:
        """The cores of a row."""
        return line_of(self.columns)

    @property
    def y(self) -> CoreLine:
        """The cores of a column."""
        return line_of(self.rows)

    def line(self, axis: Along) -> CoreLine:
        """Return the cores along *axis*."""
        return self.x if axis == "x" else self.y

    def across(self, axis: Along) -> CoreLine:
        """Return the cores along the other axis."""
        return self.y if axis == "x" else self.x

    def each(self, size: float) -> int:
        """Return how many of *size* values along x a core holds."""
        return self.x.each(size)

    def wavelets(self, values: float) -> int:
        """Return the wavelets that carry so many values."""
        found: int = up(values * VALUE_BYTES, self.wafer.fabric.wavelet_bytes)
        return found

    def scalar(self, cycles: float) -> float:
        """Return the cycles that scalar code of *cycles* takes on a machine."""
        return cycles * self.wafer.silicon.scalar_slowdown


@lru_cache(maxsize=65536)
def issues(length: int, lanes: float) -> float:
    """Return how often a vector of *length* 16-bit values is issued, the mean over where it begins.

    An issue takes what lies in one word of all lanes; vectors that follow each other begin anywhere in it unless the
    lanes divide their length. Twice the lanes never take more issues; a lane more may, where lengths fit worse. Chosen
    with WaferLLM's prompts in view, where 7 tokens a core cost more than 6 or 9 lead one to expect; on the WSE-3 rows
    `mgemm` show less of it (7 values a turn: 81 cycles a round, measured 69.4).
    """
    if lanes * LANE_PARTS < 1:  # less than any fraction counted in: an issue is one value, over many cycles
        return length / lanes
    wide = _wide(lanes)
    common = Fraction(gcd(length * wide.denominator, wide.numerator), wide.denominator)
    return float((length + wide - common) / wide)


@cache
def _wide(lanes: float) -> Fraction:
    return Fraction(lanes).limit_denominator(LANE_PARTS)


def _issues_of(lengths: Any, lanes: float) -> Any:
    """Return `issues` of a length, or of an array of them."""
    if not isinstance(lengths, np.ndarray):
        return issues(lengths, lanes)
    return _tabled_issues(lanes)[lengths] if lengths.max(initial=0) < TABLED else _counted_issues(lengths, lanes)


@cache
def _tabled_issues(lanes: float) -> NDArray[np.float64]:
    return _counted_issues(np.arange(TABLED), lanes)


def _counted_issues(lengths: NDArray[np.int64], lanes: float) -> NDArray[np.float64]:
    if lanes * LANE_PARTS < 1:
        return lengths / lanes
    wide = _wide(lanes)
    parts = lengths * wide.denominator
    found: NDArray[np.float64] = (parts + wide.numerator - np.gcd(parts, wide.numerator)) / wide.numerator
    return found


def vector_cycles(where: Rectangle, length: int, lanes: float) -> float:
    """Return the cycles of the elements of a vector instruction, padded to whole issues where that takes less."""
    found = _vector_cycles(where.wafer.core, length, lanes)
    if not where.software.pads_vectors:
        return found
    whole = max(1, _wide(lanes).numerator)
    padded: float = least(found, _vector_cycles(where.wafer.core, up(length, whole) * whole, lanes))
    return padded


def _vector_cycles(core: Core, length: int, lanes: float) -> float:
    """Return the cycles of issues, or of bytes through SRAM's ports.

    Two operands are read and one is written; reads of an issue collide.
    """
    read, written = MIXED_TRAFFIC_BYTES["fp16"]
    ports = max(read / core.sram_read_bytes_per_cycle, written / core.sram_write_bytes_per_cycle)
    found: float = largest(core.colliding_cycles * _issues_of(length, lanes), length * ports)
    return found


def map_cycles(where: Rectangle, turns: int, length: int) -> float:
    """Return the cycles of *turns* multiply-accumulates over *length* values, without the round around them."""
    core = where.wafer.core
    return turns * (core.vector_launch_cycles + vector_cycles(where, length, core.fmac_fp16_per_cycle))


def resident_events(cost: Cost, wafer: Wafer, precision: str) -> dict[str, float]:
    """Return what of a resident op costs energy: every element of a vector instruction reads two values and writes one,
    as wide as the datapath."""
    elements, lanes = cost.sram_bytes / (3 * VALUE_BYTES), wafer.core.fmac_per_cycle("fp16")
    issues, wide = elements / lanes, max(1.0, lanes * VALUE_BYTES / PORT_BYTES)
    return {
        MAC_EVENTS[precision]: elements, "issue": issues, "sram": 3 * issues * wide,
        "hop": cost.fabric_bytes / wafer.fabric.wavelet_bytes,
    }  # fmt: skip


def matvec(
    where: Rectangle, *, inputs: int, outputs: int, batch: int = 1, sums: Along = "y"
) -> Cost:  # fmt: skip
    """Return vectors times a matrix, without the sum along the axis of the inputs; sizes are those of the model.

    One vector takes a multiply-accumulate over all outputs of a core for each of its inputs. Those of a batch follow
    each other so, or, where that is faster, lie side by side: one over the batch for each weight, as MeshGEMM does.
    """
    turns, length = where.line(sums).each(inputs), where.across(sums).each(outputs)
    core, round_cycles = where.wafer.core, where.software.round_cycles
    fill = vector_cycles(where, batch * length, core.simd_fp16_per_cycle)
    after = batch * map_cycles(where, turns, length), where.scalar(batch * round_cycles)
    beside = map_cycles(where, turns * length, batch), where.scalar(turns * round_cycles)
    first = after[0] + after[1] <= beside[0] + beside[1]
    compute, launch = (chosen(first, *pair) for pair in zip(after, beside, strict=True))
    return Cost(
        serial={"compute": fill + compute, "launch": launch},
        macs=batch * inputs * outputs,
        sram_bytes=3 * VALUE_BYTES * batch * turns * length * where.cores,
    )


def allreduce(where: Rectangle, *, values: int, along: Along = "y", turned: bool = False) -> Cost:
    """Return the sum of *values* of every core along an axis, known to all of them at the end.

    A task wakes each core that adds and passes on. With *turned*, the collective before ran along the other axis, and
    routes have to be turned. Both were chosen with WaferLLM's tokens in view, at the cost other sources state.
    """
    wafer, line = where.wafer, where.line(along)
    wavelets = where.wavelets(values)
    tree = collectives.tree_cycles(wafer, wavelets=wavelets, cores=line.cores, group=line.group)
    back = collectives.broadcast_cycles(wafer, wavelets=wavelets, hops=line.cores - line.cores // 2)
    tasks = line.links * wafer.core.task_launch_cycles + (wafer.code.routes_cycles if turned else 0)
    summed = Cost(
        serial={"reduction": tree, "broadcast": back, "launch": where.scalar(tasks)},
        fabric_bytes=2 * (line.cores - 1) * where.across(along).cores * wavelets * wafer.fabric.wavelet_bytes,
        sram_bytes=3 * VALUE_BYTES * values * where.cores,
    )
    return summed.times(line.cores > 1)


def elementwise(
    where: Rectangle, *, elements: int, ops: float, exps: float = 0, divides: float = 0,
    cause: str = "elementwise",
) -> Cost:  # fmt: skip
    """Return *ops* vector operations, exponentials and divisions over the *elements* of a core."""
    core, code, software = where.wafer.core, where.wafer.code, where.software
    if software.element_loop_cycles:
        each = ops * software.element_loop_cycles
        cycles: float = elements * (each + exps * code.exp_cycles + divides * code.divide_cycles)
    else:
        issue = core.vector_launch_cycles + vector_cycles(where, elements, core.simd_fp16_per_cycle)
        count = ops + exps * software.exp_vector_ops + divides * software.reciprocal_vector_ops
        cycles = count * (issue + software.vector_setup_cycles)
    return Cost(serial={cause: cycles}, sram_bytes=3 * VALUE_BYTES * ops * elements * where.cores)


def scalars(cycles: float, cause: str = "elementwise") -> Cost:
    """Return scalar work that every core does at once."""
    return Cost(serial={cause: cycles})


def handover(where: Rectangle, *, values: int) -> Cost:
    """Return the way of *values* of each core of a line to the next rectangle, over the longer axis."""
    wavelets = where.wavelets(values)
    cycles = collectives.broadcast_cycles(where.wafer, wavelets=wavelets, hops=where.longer)
    return Cost(
        serial={"handover": cycles},
        fabric_bytes=wavelets * where.cores * where.wafer.fabric.wavelet_bytes,
    )
