"""Matrices that are kept in fewer bits than are multiplied, unpacked where they lie, into one buffer.

+-------------+  shift, mask or convert  +---------------+  times scales  +--------------------+
| packed rows | -----------------------> | rows, 16 bits | -------------> | times their inputs |
+-------------+   a vector instruction   +---------------+                +--------------------+
                 for each number of a word

Rows that are short pass together. Numbers of a word stand a share of them apart, so that each instruction writes
neighbours. Scales that several outputs share are numbers that an instruction multiplies a part of a row with; others
lie as vectors. They are made numbers of 16 bits once for the rows that share them, zeros too. No such program is
published: instructions and their rates are those of the vendor's table (SDK, SIMD), loops those of products.
"""

from __future__ import annotations

from typing import Any

from wsesim.graph import Packing
from wsesim.kernels.base import Cost
from wsesim.kernels.counts import largest, least, up
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, vector_cycles

BUFFER = 512
"""Numbers of rows that are unpacked together, where one row has fewer. Assumed: long enough that starts of vector
instructions weigh little, and a KiB of a core's memory."""


def unpacking(where: Rectangle, packing: Packing, *, rows: int, length: int) -> Cost:
    """Return the cost of unpacking what a core holds of a matrix: so many rows of *length* numbers.

    Shifts and conversions run at one rate (`core.convert_per_cycle`), masks and products at that of adds.
    """
    core, software, form = where.wafer.core, where.software, packing.format
    scales = _scales(where, packing, rows=rows, length=length)
    parts = 1 if packing.outputs == 1 else up(length, packing.outputs or length)
    together = least(rows, largest(1, BUFFER // length))
    rows, length = up(rows, together), together * length
    words = up(length, form.in_word)
    slow, fast = form.shifts + form.converts, form.masks
    operations = (slow + fast) * words + packing.after * length
    if software.element_loop_cycles:
        cycles = operations * software.element_loop_cycles
    else:
        cycles = (
            slow * vector_cycles(where, words, core.convert_per_cycle)
            + fast * vector_cycles(where, words, core.simd_fp16_per_cycle)
            + packing.after * vector_cycles(where, length, core.simd_fp16_per_cycle)
            + (slow + fast + packing.after * parts) * core.vector_launch_cycles
        )
    return scales + Cost(
        serial={"unpacking": rows * cycles, "launch": where.scalar(rows * software.round_cycles)},
        sram_bytes=3 * VALUE_BYTES * rows * operations * where.cores,
    )


def _scales(where: Rectangle, packing: Packing, *, rows: int, length: int) -> Cost:
    """Return the cost of making scales and zeros of a core's part numbers of 16 bits."""
    core, software, form = where.wafer.core, where.software, packing.format
    groups, each = up(rows, packing.inputs or rows), up(length, packing.outputs or length)
    words, zeros = up(each, form.in_word), int(packing.zeros)
    # (instructions, elements, elements a cycle): as for the numbers themselves, zeros stand in words of several
    steps = [(form.scale_slow, each, core.convert_per_cycle), (form.scale_fast, each, core.simd_fp16_per_cycle),
             (zeros * (form.shifts + form.converts), words, core.convert_per_cycle),
             (zeros * form.masks, words, core.simd_fp16_per_cycle)]  # fmt: skip
    operations = sum(count * elements for count, elements, _ in steps)
    cycles = operations * software.element_loop_cycles
    if not software.element_loop_cycles:
        cycles = sum(
            count * (vector_cycles(where, elements, lanes) + core.vector_launch_cycles)
            for count, elements, lanes in steps if count
        )  # fmt: skip
    return Cost(
        serial={"unpacking": groups * cycles}, sram_bytes=3 * VALUE_BYTES * groups * operations * where.cores
    )  # fmt: skip


def packed_bytes(packing: Packing, *, inputs: Any, outputs: Any) -> Any:
    """Return the bytes of a part of a matrix of so many *inputs* and *outputs* (or arrays of them), scales included."""
    numbers = up(inputs * outputs * packing.format.bits, 8)
    groups = up(inputs, packing.inputs or inputs) * up(outputs, packing.outputs or outputs)
    return numbers + groups * packing.group_bytes
