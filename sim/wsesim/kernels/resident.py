"""Kernels of inference with weights in SRAM, on a square of cores: products, collectives, work on what a core holds.

        inputs along y                     a matrix lies over the square, rows over y and columns over x; a vector lies
      +-----+-----+-----+                  along one side and is repeated along the other:
   x0 | W00 | W01 | W02 |
      +-----+-----+-----+   sums           decode   every core multiplies its part, columns add up in a tree of two
   x1 | W10 | W11 | W12 |   run down       levels and tell all their cores: y lies along x, ready for a product
      +-----+-----+-----+      |           whose sums run along rows. Nothing is ever transposed.
   x2 | W20 | W21 | W22 |      v           prefill  tokens lie along y; MeshGEMM shifts tiles of both factors by one
      +-----+-----+-----+                  core a step around rings of the rows and of the columns.
        y0    y1    y2      outputs along x

This is the structure of WaferLLM (He et al., OSDI 2025, arXiv 2502.04563). Values have 16 bits, two to a wavelet; sizes
are filled up to multiples of the square's side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, gcd, isqrt

from wsesim.errors import require_positive
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

VALUE_BYTES = 2
VALUES_PER_WAVELET = 2
COLLIDING_CYCLES = 2
"""Cycles of an issue of a multiply-accumulate: its two reads collide in a bank unless they are placed with care
(appendix of the SDK). Rows `mgemm`: 8 more elements of a WSE-3 cost 2.1 cycles."""
ROUND_CYCLES = 45
"""Cycles of scalar code around one `@map` of vector instructions: a load with its index 8 to 20, a descriptor 17, the
loop 3 to 8 (SUMMA's simulator log). Rows `mgemm`: 67.5 a round of eight turns of 1 + 2, and 84.4 of eight of 1 + 4."""
REWRITE_CYCLES = 197
"""Cycles to turn the routes of an axis for collectives along the other, with bookkeeping, whatever the grid
(Tetriscomp, simulator of the WSE-3)."""
SILICON_SCALAR = 4.0 / 2.92
"""Scalar code and tasks on a machine, which inserts no-ops against heat, against the vendor's simulator. The ratio is
that of rows `mic-fma-f16-sim` and `mic-fma-f16-hw`; that it holds for scalar code, and not for issues that collide, was
chosen with the rows of WaferLLM in view: without it its prompts come out 13 % too fast, its tokens 7 %."""
BRANCH_TAKEN_CYCLES, BRANCH_PASSED_CYCLES, COUNT_CYCLES = 6, 3, 2
"""Rows `mic-branch-taken`, `mic-branch-nottaken`, `mic-scalar-add`."""
TRANSFERS = 4
"""Of a step of MeshGEMM: tiles of both factors, sent and received; each has a task when it is done."""
STEP_SCALARS, ALIGN_SCALARS = 13, 31
"""Cycles of scalar instructions of a step of MeshGEMM beside its tasks: as the program on simulated cores has them."""
VECTOR_SETUP_CYCLES = 6
"""Cycles to load the descriptors of a vector instruction outside a map (rows `fmacs`: n + 6)."""
EXP_VECTOR_OPS, RECIPROCAL_VECTOR_OPS = 20, 11
"""Vector instructions of an exponential (range reduction, a polynomial of degree 5, the exponent put in) and of a
reciprocal (comment in the vendor's linear algebra code), each over all elements of a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square of cores with one layer of a model spread over it."""

    wafer: Wafer
    side: int
    """Cores along each axis."""
    loop_cycles: int = 0
    """Cycles of a scalar loop for an element where the program does not use vectors; 0 where it does."""

    def __post_init__(self) -> None:
        require_positive(side=self.side)

    @property
    def cores(self) -> int:
        """All cores of the square."""
        return self.side**2

    @property
    def group(self) -> int:
        """Cores of a group of the tree: as many as there are groups, or the next divisor above.

        So the program divides 240, 360, 420, 540, 600, 660 and 720 cores into 15, 18, 20, 20, 24, 22 and 24 groups.
        """
        root = isqrt(self.side)
        groups = next(number for number in range(root, 0, -1) if self.side % number == 0)
        return self.side // groups if 2 * groups > root else ceil(self.side / root)

    @property
    def links(self) -> int:
        """Cores that a sum passes on its way: half a group, then half the groups' centres."""
        return self.group // 2 + ceil(self.side / self.group) // 2

    def each(self, size: float) -> int:
        """Return how many of *size* values along an axis a core holds."""
        return ceil(size / self.side)

    def scalar(self, cycles: float) -> float:
        """Return the cycles that scalar code of *cycles* takes on a machine."""
        return cycles * SILICON_SCALAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One op of a resident layer."""

    name: str
    parts: Mapping[str, float]
    """Cycles by cause, one after the other."""
    macs: float = 0.0
    """Multiply-accumulates of the model, without those on fill."""
    fabric_bytes: float = 0.0
    """Payload over all links of the square."""
    sram_bytes: float = 0.0
    """Read and written by all cores of the square."""

    @property
    def cycles(self) -> float:
        """Cycles from start to end."""
        return sum(self.parts.values())

    def then(self, *others: Work) -> Work:
        """Return this and *others* as one op."""
        parts = dict(self.parts)
        for other in others:
            for cause, cycles in other.parts.items():
                parts[cause] = parts.get(cause, 0.0) + cycles
        works = (self, *others)
        return Work(
            name=self.name,
            parts=parts,
            macs=sum(work.macs for work in works),
            fabric_bytes=sum(work.fabric_bytes for work in works),
            sram_bytes=sum(work.sram_bytes for work in works),
        )

    def times(self, count: float) -> Work:
        """Return the same, *count* times."""
        return Work(
            name=self.name,
            parts={cause: count * cycles for cause, cycles in self.parts.items()},
            macs=count * self.macs,
            fabric_bytes=count * self.fabric_bytes,
            sram_bytes=count * self.sram_bytes,
        )


def issues(length: int, lanes: float) -> float:
    """Return how often a vector of *length* 16-bit values is issued, the mean over where it begins.

    An issue takes what lies in one word of all lanes; vectors that follow each other begin anywhere in it unless the
    lanes divide their length. Chosen with WaferLLM's prompts in view, where 7 tokens a core cost more than 6 or 9 lead
    one to expect; on the WSE-3 rows `mgemm` show less of it (7 values a turn: 81 cycles a round, measured 69.4).
    """
    wide = max(1, int(lanes))
    return (length + wide - gcd(length, wide)) / wide


def map_cycles(square: Square, turns: int, length: int) -> float:
    """Return the cycles of *turns* multiply-accumulates over *length* values, without the round around them."""
    core = square.wafer.core
    return turns * (core.vector_launch_cycles + COLLIDING_CYCLES * issues(length, core.fmac_fp16_per_cycle))


def matvec(square: Square, name: str, *, inputs: int, outputs: int, batch: int = 1) -> Work:
    """Return vectors times a matrix, without the sum along the axis of the inputs; sizes are those of the model."""
    turns, length = square.each(inputs), square.each(outputs)
    fill = COLLIDING_CYCLES * issues(length, square.wafer.core.simd_fp16_per_cycle)
    return Work(
        name=name,
        parts={
            "compute": batch * (fill + map_cycles(square, turns, length)),
            "launch": batch * square.scalar(ROUND_CYCLES),
        },
        macs=batch * inputs * outputs,
        sram_bytes=3 * VALUE_BYTES * batch * turns * length * square.cores,
    )


def allreduce(square: Square, name: str, *, values: int, turned: bool = False) -> Work:
    """Return the sum of *values* of every core along an axis, known to all of them at the end.

    A task wakes each core that adds and passes on. With *turned*, the collective before ran along the other axis, and
    routes have to be turned. Both were chosen with WaferLLM's tokens in view, at the cost other sources state.
    """
    wafer, side = square.wafer, square.side
    if side == 1:
        return Work(name=name, parts={})
    wavelets = ceil(values / VALUES_PER_WAVELET)
    tree = collectives.tree_cycles(wafer, wavelets=wavelets, cores=side, group=square.group)
    back = collectives.broadcast_cycles(wafer, wavelets=wavelets, hops=side - side // 2)
    tasks = square.links * wafer.core.task_launch_cycles + (REWRITE_CYCLES if turned else 0)
    return Work(
        name=name,
        parts={"reduction": tree, "broadcast": back, "launch": square.scalar(tasks)},
        fabric_bytes=2 * (side - 1) * side * wavelets * wafer.fabric.wavelet_bytes,
        sram_bytes=3 * VALUE_BYTES * values * square.cores,
    )


def elementwise(
    square: Square, name: str, *, elements: int, ops: float, exps: int = 0, divides: int = 0, cause: str = "elementwise"
) -> Work:
    """Return *ops* vector operations, exponentials and divisions over the *elements* of a core."""
    core = square.wafer.core
    if square.loop_cycles:
        cycles = elements * (ops * square.loop_cycles + exps * core.exp_cycles + divides * core.divide_cycles)
    else:
        each = core.vector_launch_cycles + COLLIDING_CYCLES * issues(elements, core.simd_fp16_per_cycle)
        count = ops + exps * EXP_VECTOR_OPS + divides * RECIPROCAL_VECTOR_OPS
        cycles = count * (each + VECTOR_SETUP_CYCLES)
    return Work(name=name, parts={cause: cycles}, sram_bytes=3 * VALUE_BYTES * ops * elements * square.cores)


def scalars(name: str, cycles: float, cause: str = "elementwise") -> Work:
    """Return scalar work that every core does at once."""
    return Work(name=name, parts={cause: cycles})


def mesh_gemm(square: Square, name: str, *, m: int, k: int, n: int) -> Work:
    """Return X W for X of m x k, W of k x n: alignment in half as many steps as a line has cores, then as many steps.

    For each k and n of two tiles one multiply-accumulate over m. Tiles move while others are multiplied: issues whose
    reads collide leave the datapath free every other cycle. A step ends when product and transfers are done.
    """
    core, side = square.wafer.core, square.side
    rows, depth, columns = square.each(m), square.each(k), square.each(n)
    product = map_cycles(square, depth * columns, rows)
    rounds = square.scalar(depth * ROUND_CYCLES)
    moved = TRANSFERS // 2 * sum(ceil(tile / VALUES_PER_WAVELET) for tile in (rows * depth, depth * columns))
    begun = core.task_launch_cycles + BRANCH_TAKEN_CYCLES + STEP_SCALARS
    aligned = begun + 3 * BRANCH_TAKEN_CYCLES + BRANCH_PASSED_CYCLES + ALIGN_SCALARS - STEP_SCALARS
    step, align = square.scalar(begun + _ends(square)), square.scalar(aligned + _ends(square))
    alignments = side // 2
    waits = side * max(0.0, moved - product - rounds) + alignments * max(0.0, moved - align)
    return Work(
        name=name,
        parts={
            "compute": side * product,
            "launch": side * (rounds + step) + alignments * align,
            "shift": waits,
        },
        macs=m * k * n,
        fabric_bytes=(side + alignments / 2) * 2 * moved * square.cores * square.wafer.fabric.wavelet_bytes,
        sram_bytes=3 * VALUE_BYTES * side * rows * depth * columns * square.cores,
    )


def _ends(square: Square) -> float:
    """Return the cycles of the tasks that count what is done in a step; the last begins the next step."""
    counted = square.wafer.core.task_launch_cycles + COUNT_CYCLES
    own = COUNT_CYCLES + BRANCH_TAKEN_CYCLES
    return own + TRANSFERS * counted + (TRANSFERS - 1) * BRANCH_TAKEN_CYCLES + BRANCH_PASSED_CYCLES + 1


def handover(square: Square, name: str, *, values: int) -> Work:
    """Return the way of *values* of each core of a line to the same core of the next square."""
    wavelets = ceil(values / VALUES_PER_WAVELET)
    cycles = collectives.broadcast_cycles(square.wafer, wavelets=wavelets, hops=square.side)
    return Work(
        name=name,
        parts={"handover": cycles},
        fabric_bytes=wavelets * square.cores * square.wafer.fabric.wavelet_bytes,
    )
