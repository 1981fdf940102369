"""MeshGEMM with weights in SRAM: products of prompts, on a rectangle of cores.

   +-> 0 ---> 2 ---> 4 -+      the cores of a line as a ring: even ones on the way out, odd ones on the way back.
   |                    |      X lies with tokens over y and depth over x, W with depth over y and outputs over x.
   +-- 1 <--- 3 <--- 5 <+      Tiles of X travel along rows, of W down columns, one core a step.

On a square this is the program of WaferLLM (He et al., OSDI 2025, arXiv 2502.04563). On a rectangle the depth is cut
into as many tiles as the longer axis has cores: there each core has one, along the shorter axis it has several, which
wait for their turn where they are. No program that does so is published; a core receives as much as it would if
panels were broadcast (SUMMA).
"""

from __future__ import annotations

from wsesim.kernels.base import Cost
from wsesim.kernels.collectives import stream_cycles
from wsesim.kernels.counts import largest, up
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, map_cycles

TRANSFERS = 4
"""Of a step: tiles of both factors, sent and received; each has a task when it is done."""


def mesh_gemm(where: Rectangle, *, m: int, k: int, n: int) -> Cost:
    """Return X W for X of m x k, W of k x n: as many steps as the longer axis has cores, half as many to align tiles.

    For each k and n of two tiles one multiply-accumulate over m. Tiles move while others are multiplied: issues whose
    reads collide leave the datapath free every other cycle. A step ends when product and transfers are done.
    """
    core, software, steps = where.wafer.core, where.software, where.longer
    rows, depth, columns = where.y.each(m), up(k, steps), where.x.each(n)
    product = map_cycles(where, depth * columns, rows)
    rounds = where.scalar(depth * software.round_cycles)
    wavelets = TRANSFERS // 2 * sum(where.wavelets(tile) for tile in (rows * depth, depth * columns))
    moved = stream_cycles(where.wafer.fabric, wavelets)
    begun = core.task_launch_cycles + core.branch_taken_cycles
    branches = 3 * core.branch_taken_cycles + core.branch_not_taken_cycles
    step = where.scalar(begun + software.step_scalar_cycles + _ends(where))
    align = where.scalar(begun + branches + software.align_scalar_cycles + _ends(where))
    alignments = steps // 2
    waits = steps * largest(0.0, moved - product - rounds) + alignments * largest(0.0, moved - align)
    return Cost(
        serial={
            "compute": steps * product,
            "launch": steps * (rounds + step) + alignments * align,
            "shift": waits,
        },
        macs=m * k * n,
        fabric_bytes=(steps + alignments / 2) * 2 * wavelets * where.cores * where.wafer.fabric.wavelet_bytes,
        sram_bytes=3 * VALUE_BYTES * steps * rows * depth * columns * where.cores,
    )


def _ends(where: Rectangle) -> float:
    """Return the cycles of the tasks that count what is done in a step; the last begins the next step."""
    core, count = where.wafer.core, where.wafer.code.count_cycles
    counted, taken = core.task_launch_cycles + count, core.branch_taken_cycles
    return count + taken + TRANSFERS * counted + (TRANSFERS - 1) * taken + core.branch_not_taken_cycles + 1
