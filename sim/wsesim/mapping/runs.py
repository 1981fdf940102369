"""Copies of a block in the order they stand, those alike in a row as one: layers with a window, and those without.

window 4, all keys in every third layer:   [w w] [all] [w w] [all] [w]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wsesim.graph import Attribute, Block, Op

Sight = tuple[int, int]
"""The window of keys of a block's ops, and n where every n-th copy of the block sees all keys."""


def sight_of(op: Op) -> Sight:
    """Return what an op sees of the keys; (0, 0): all."""
    return int(op.attrs.get("window", 0)), int(op.attrs.get("full_every", 0))


def runs_of(block: Block) -> tuple[Block, ...]:
    """Return the block for each run of its copies that are alike, in order; one where all are."""
    every = max((every for window, every in map(sight_of, block.ops) if window), default=0)
    if not every:
        return (block,)
    full, others = _seeing(block, all_keys=True), _seeing(block, all_keys=False)
    found = list[Block]()
    for _ in range(block.repeat // every):
        found += [replace(others, repeat=every - 1)] if every > 1 else []
        found.append(replace(full, repeat=1))
    if rest := block.repeat % every:
        found.append(replace(others, repeat=rest))
    return tuple(found)


def _seeing(block: Block, *, all_keys: bool) -> Block:
    left_out = ("window", "full_every") if all_keys else ("full_every",)
    ops = (replace(op, attrs=_without(op.attrs, left_out)) if "window" in op.attrs else op for op in block.ops)
    return replace(block, ops=tuple(ops))


def _without(attrs: Mapping[str, Attribute], names: tuple[str, ...]) -> Mapping[str, Attribute]:
    return {name: value for name, value in attrs.items() if name not in names}
