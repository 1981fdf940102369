"""In which order a compiler puts the steps of a block, and what each then waits for the results it needs.

A core takes one instruction after the other, and one whose operand was made just before waits. Compilers (LLVM's list
scheduler) put others between, those first that most depends on. Steps keep their order in the table, as it changes no
value; each is charged what it waits where it would stand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from wsesim.csl.image import Operation

WINDOW = 48
"""Steps looked at together."""
_FREE = {Operation.MOVE, *range(Operation.ADD, Operation.LOAD), Operation.GET_FIELD, Operation.SET_FIELD}
"""That may stand anywhere as long as what they read is made."""


class BlockStep(NamedTuple):
    """A step: what it does, the register that it writes, those that it reads, its cycles."""

    op: int
    writes: int
    reads: tuple[int, ...]
    cycles: int


def waits_of(block: tuple[BlockStep, ...], late: int) -> list[int]:
    """Return what each step of a block waits; results are there *late* cycles after a step is done."""
    found: list[int] = []
    for first in range(0, len(block), WINDOW):
        found += _waits(block[first : first + WINDOW], late)
    return found


@lru_cache(maxsize=1 << 14)
def _waits(steps: tuple[BlockStep, ...], late: int) -> tuple[int, ...]:
    before = _order(steps, late)
    weight = [step.cycles for step in steps]
    for at in range(len(steps) - 1, -1, -1):
        for other, gap in before[at].items():
            weight[other] = max(weight[other], weight[at] + gap + steps[other].cycles)
    found, ends, now = [0] * len(steps), dict[int, int](), 0
    left = set(range(len(steps)))
    while left:
        starts = {
            at: max([now, *(ends[other] + gap for other, gap in before[at].items())])
            for at in left if before[at].keys() <= ends.keys()
        }  # fmt: skip
        chosen = min(starts, key=lambda at: (starts[at], -weight[at], at))
        found[chosen] = starts[chosen] - now
        now = ends[chosen] = starts[chosen] + steps[chosen].cycles
        left.discard(chosen)
    return tuple(found)


def _order(steps: tuple[BlockStep, ...], late: int) -> list[dict[int, int]]:
    """Return of each step those that stand before it, and how long after them it waits at least."""
    made: dict[int, set[int]] = {}
    readers: dict[int, set[int]] = {}
    found: list[dict[int, int]] = []
    barrier, loads = set[int](), set[int]()
    for at, step in enumerate(steps):
        before = dict.fromkeys(readers.get(step.writes, set()) | made.get(step.writes, set()), 0)
        if step.op not in _FREE:
            before |= dict.fromkeys(barrier if step.op == Operation.LOAD else barrier | loads, 0)
            barrier, loads = (barrier, loads | {at}) if step.op == Operation.LOAD else ({at}, set())
        needs = set[int]().union(*(made.get(register, set()) for register in step.reads))
        before |= {other: late if step.cycles and steps[other].cycles else 0 for other in needs}
        if at == len(steps) - 1:
            before = dict.fromkeys(range(at), 0) | before
        found.append(before)
        for register in step.reads:
            readers.setdefault(register, set()).add(at)
        if step.writes >= 0:
            made[step.writes], readers[step.writes] = ({at} if step.cycles else needs | {at}), set()
    return found
