"""How crowded registers are: where more scalars are under way than a core holds, a compiler stores and reloads.

That is not simulated, as it hardly occurs: descriptors have registers of their own, and no code of the vendor's
examples keeps more than 16 words of scalars. Where some does, it is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.csl.image import CodeStep, Image, OperandKind, Operation, TileClass, Type
from wsesim.csl.profile.taken import Taken

REGISTER_WORDS = 16
"""Of 16 bits. Source: the SDK's descriptions of the core, both generations."""
MOST_CLASSES = 32
"""Tile classes looked at, those of most cycles."""
_WORDS = {Type.I32: 2, Type.U32: 2, Type.F32: 2, Type.I64: 4, Type.U64: 0}
_TESTS = (Operation.EQ, Operation.NE, Operation.LT, Operation.LE)
_ENDS = (Operation.RETURN, Operation.END)
_JUMPS = {Operation(number) for number in range(Operation.JUMP, Operation.CALL)} | {
    Operation.JUMP_UNEQUAL, Operation.JUMP_LESS_EQUAL,
}  # fmt: skip


def crowded(image: Image, taken: Taken) -> float:
    """Return the part of the main threads' cycles in which more words of scalars are live than there are registers."""
    ends = np.cumsum([len(tile.steps) for tile in image.classes])
    parts = np.split(taken.main, ends[:-1]) if len(ends) else []
    chosen = sorted(zip(image.classes, parts, strict=True), key=lambda each: -int(each[1].sum()))[:MOST_CLASSES]
    over, whole = 0, max(1, sum(int(cycles.sum()) for _, cycles in chosen))
    for tile, cycles in chosen:
        if cycles.any():
            over += int(cycles[np.array(live_words(tile)) > REGISTER_WORDS].sum())
    return over / whole


def live_words(tile: TileClass) -> list[int]:
    """Return how many words of scalars are live before each step; constants and descriptors take none."""
    steps = tile.steps
    begun = [argument.register for entry in tile.started for argument in entry.arguments]
    widths = dict.fromkeys(begun, 1)
    for step in steps:
        if step.d >= 0:
            words = 1 if step.op in _TESTS else _WORDS.get(step.t, 1)
            widths[step.d] = max(widths.get(step.d, 0), words)
    masks = [sum(1 << register for register, words in widths.items() if words > least) for least in range(4)]
    return [
        sum((live & mask).bit_count() for mask in masks) for live in _live(steps, sum(1 << each for each in widths))
    ]


def _live(steps: Sequence[CodeStep], written: int) -> list[int]:
    """Return the registers that are read from each step on before they are written, as bits."""
    reads = [_reads(step) & written for step in steps]
    live, changed = [0] * (len(steps) + 1), True
    while changed:
        changed = False
        for at in range(len(steps) - 1, -1, -1):
            step = steps[at]
            after = 0 if step.op in _ENDS or step.op == Operation.JUMP else live[at + 1]
            if step.op in _JUMPS:
                after |= live[step.n]
            now = (after & ~(1 << step.d) if step.d >= 0 else after) | reads[at]
            changed, live[at] = changed or now != live[at], now
    return live[:-1]


def _reads(step: CodeStep) -> int:
    found = {step.a, step.b, step.c}
    if step.vector is not None:
        options = step.vector.options
        found |= {options.activate, options.unblock, options.index, options.thread, options.control_id}
        found |= {operand.value for operand in step.vector.operands if operand.kind != OperandKind.DSR}
    return sum(1 << register for register in found if register >= 0)
