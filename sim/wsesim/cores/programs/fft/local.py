"""The transform of one core's pencil: radix 2, in place, values in their natural order before and after.

Complex numbers lie interleaved, two cells each. The reordering by reversed bits comes first; then come log2 n stages of
n / 2 butterflies, in scalar instructions: a choice made with rows `wsfft` in view. Less the wavelets of their busiest
links they leave some 30 cycles for a butterfly, what its 29 scalar instructions and branches take; the ten vector
instructions that do the same over a stage would take 7, or 14 with all their reads colliding.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.flow import unless_less
from wsesim.cores.kit.named import as_scalar_code
from wsesim.cores.operands import Mem, Register
from wsesim.hardware import Wafer

PARTS = 2
"""Cells of a complex number."""
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
ISSUE_CYCLES = 1
"""A scalar instruction whose result is not needed by the next one; what waits for it takes `Core.dependent_cycles`.
Source: `mic-scalar-add`, two loads, an addition and a store of which each needs the one before: 2 + 2 + 2 + 1."""
LOADS, ARITHMETIC, STORES, MOVES = 6, 10, 4, 3
"""Instructions of a butterfly: two values and a root; a complex product, sum and difference; two values; and the places
of all three moved on. None needs the result of the one before."""
SWAP = 2 * 2 * PARTS
"""Loads and stores that exchange two numbers."""


class LocalTransform:
    """The tables and registers that all transforms of a core share."""

    def __init__(self, role: CoreRole, points: int) -> None:
        """Reserve them."""
        self.role, self.points = role, points
        self.roots = role.memory("roots", points)
        self.reversed = role.memory("reversed", points, isa.I16)
        self.blocks_of = role.memory("blocks", stages(points), isa.I16)
        self._registers = [role.register() for _ in range(21)]

    def transform(self, x: Mem) -> None:
        """Write the instructions that transform x."""
        self._reorder(x)
        role = self.role
        stage, count, half, span, blocks, block, step, turn, a, b, w = self._registers[:11]
        role.set(count, stages(self.points))
        role.set(half, 1)
        with role.loop(stage, count):
            role.wait(role.wafer.code.nest_cycles)
            role.load(blocks, self.blocks_of.at(stage, 1))
            role.iadd(step, blocks, blocks, cost=ISSUE_CYCLES)
            role.iadd(span, half, half, cost=ISSUE_CYCLES)
            role.set(a, 0)
            with role.loop(block, blocks):
                role.iadd(b, a, span, cost=ISSUE_CYCLES)
                role.set(w, 0)
                with role.loop(turn, half):
                    self._butterfly(x, a, b, w)
                    for place, by in ((a, PARTS), (b, PARTS), (w, step)):
                        role.iadd(place, place, by, cost=ISSUE_CYCLES)
                role.copy(a, b)
            role.copy(half, span)

    def _reorder(self, x: Mem) -> None:
        """Exchange every number with that at the place with its bits reversed, once."""
        role = self.role
        number, count, place, other, *values = self._registers[: 4 + 2 * PARTS]
        role.set(count, self.points)
        role.set(place, 0)
        with role.loop(number, count):
            role.load(other, self.reversed.at(number, 1))
            with unless_less(role, other, place):
                cells = [x.at(part).at(at, 1) for at in (place, other) for part in range(PARTS)]
                for value, cell in zip(values, cells, strict=True):
                    role.load(value, cell, cost=ISSUE_CYCLES)
                for value, cell in zip(values, cells[PARTS:] + cells[:PARTS], strict=True):
                    role.store(cell, value)
            role.iadd(place, place, PARTS, cost=ISSUE_CYCLES)

    def _butterfly(self, x: Mem, a: Register, b: Register, w: Register) -> None:
        """x[a], x[b] = x[a] + roots[w] x[b], x[a] - roots[w] x[b]; an order in which nothing waits."""
        role = self.role
        a_re, a_im, b_re, b_im, w_re, w_im, p, q, r, s = self._registers[11:]
        for pair, memory, place in (((b_re, b_im), x, b), ((w_re, w_im), self.roots, w), ((a_re, a_im), x, a)):
            for part, register in enumerate(pair):
                role.load(register, memory.at(part).at(place, 1), cost=ISSUE_CYCLES)
        for op, dest, first, second in (
            (isa.FMUL, p, b_re, w_re), (isa.FMUL, q, b_im, w_im), (isa.FMUL, r, b_re, w_im), (isa.FMUL, s, b_im, w_re),
            (isa.FSUB, p, p, q), (isa.FADD, r, r, s),
            (isa.FADD, b_re, a_re, p), (isa.FADD, b_im, a_im, r), (isa.FSUB, a_re, a_re, p), (isa.FSUB, a_im, a_im, r),
        ):  # fmt: skip
            role.scalar(op, dest, first, second, cost=ISSUE_CYCLES)
        for place, pair in ((a, (b_re, b_im)), (b, (a_re, a_im))):
            for part, register in enumerate(pair):
                role.store(x.at(part).at(place, 1), register)


def tables(points: int) -> dict[str, Array]:
    """Return what the tables hold: roots of one interleaved, cells of reversed places, blocks of each stage."""
    bits = stages(points)
    places = np.arange(points)
    turned = sum((places >> bit & 1) << (bits - 1 - bit) for bit in range(bits))
    roots = np.exp(-2j * np.pi * np.arange(points // 2) / points)
    return {
        "roots": interleaved(roots),
        "reversed": PARTS * np.asarray(turned),
        "blocks": np.array([points >> (1 + stage) for stage in range(bits)]),
    }


def transformed(re: Array, im: Array) -> tuple[Array, Array]:
    """Return real and imaginary parts [..., n], fp32, of the transform, butterfly by butterfly as a core does it."""
    points = re.shape[-1]
    table = tables(points)
    order, roots = table["reversed"] // PARTS, table["roots"].astype(np.float32)
    parts = np.stack([re, im])[..., order]
    for blocks in table["blocks"]:
        w_re, w_im = (roots[part :: PARTS * blocks] for part in range(PARTS))
        cut = parts.reshape(PARTS, *re.shape[:-1], blocks, 2, -1)
        (a_re, b_re), (a_im, b_im) = (np.moveaxis(part, -2, 0) for part in cut)
        p, r = b_re * w_re - b_im * w_im, b_re * w_im + b_im * w_re
        parts = np.stack([np.stack([a_re + p, a_re - p], -2), np.stack([a_im + r, a_im - r], -2)]).reshape(parts.shape)
    return parts[0], parts[1]


def interleaved(values: Array) -> Array:
    """Return complex numbers [..., n] as [..., 2 n] real and imaginary parts."""
    parts = np.stack([values.real, values.imag], -1)
    return np.asarray(parts.reshape(*values.shape[:-1], PARTS * values.shape[-1]))


def stages(points: int) -> int:
    """Return the stages of a transform of a power of two."""
    return points.bit_length() - 1


def butterflies(points: int) -> int:
    """Return the butterflies of a transform."""
    return stages(points) * points // 2


def transform_cycles(wafer: Wafer, points: int) -> float:
    """Return the cycles of a transform, instruction by instruction."""
    core = wafer.core
    taken, last = core.branch_taken_cycles, core.branch_not_taken_cycles
    saved, load = taken - last, core.dependent_cycles
    swapped = (points + (1 << (stages(points) + 1) // 2)) // 2
    reorder = 3 + points * (load + 2 * taken + 1) + swapped * (SWAP - saved) - saved
    turns, blocks = butterflies(points), points - 1
    inner = turns * (LOADS + ARITHMETIC + STORES + MOVES + taken) - blocks * saved
    middle = blocks * (4 + taken) - stages(points) * saved
    outer = 3 + stages(points) * (wafer.code.nest_cycles + load + 5 + taken) - saved
    return as_scalar_code(wafer, reorder + inner + middle + outer)
