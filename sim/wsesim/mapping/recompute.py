"""What the backward pass computes again: only what it reads and what leads there, from what was kept.

    kept            computed again                          left out
    x -> norm -> qkv -> attention -> project -> + -> norm -> up -> GELU  |  -> down -> +
                                                                  ^ the last that a gradient reads

A layer that closes with a norm (BERT) keeps that norm's input instead of its output: it is as large, and what led to it
need not be computed again; the next layer's input is one norm away.
"""

from __future__ import annotations

from collections.abc import Set
from itertools import chain

from wsesim.graph import Block, Op
from wsesim.mapping.alive import passes_in_strips
from wsesim.ops import find


def from_its_input(block: Block) -> tuple[Op, ...]:
    """Return the forward ops to run again if of every copy of *block* one tensor is kept."""
    closing = _closing_norm(block)
    kept = {*block.inputs, *(name for op in closing for name in op.inputs)}
    return (*_needed(block, kept), *closing)


def from_its_inside(block: Block) -> tuple[Op, ...]:
    """Return the forward ops to run again if all is kept but what passed in strips (scores, logits)."""
    return _needed(block, {name for name, tensor in block.tensors.items() if not passes_in_strips(tensor)})


def _needed(block: Block, kept: Set[str]) -> tuple[Op, ...]:
    missing = set(chain.from_iterable(op.inputs for op in block.phase("backward"))) - kept
    needed: list[Op] = []
    for op in reversed(block.phase("forward")):
        if missing.intersection(op.outputs):
            needed.append(op)
            missing.update(set(op.inputs) - kept)
    return tuple(reversed(needed))


def _closing_norm(block: Block) -> tuple[Op, ...]:
    *_, last = block.phase("forward")
    return (last,) if find(last.kind).is_norm and last.outputs[0] in block.outputs else ()
