"""Blocks of prompts that stay in the cache after their request, for later prompts that begin with them.

    positions  [ held by requests at work, prompt and answer | blocks of earlier prompts, oldest use first out ]

A prompt's leading blocks need no reading if each was read by a prompt that has entered before, and is still there.
Requests at work count all their positions, also of blocks that they have in common.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence


class KeptBlocks:
    """Which blocks are there."""

    def __init__(self, blocks: Sequence[tuple[int, ...]], block_tokens: int, capacity_tokens: int) -> None:
        """Begin with none.

        Args:
            blocks: of each request its blocks by name, from the first.
            block_tokens: tokens of one.
            capacity_tokens: positions there are for requests and for what they leave.
        """
        self._blocks, self._tokens, self._capacity = blocks, block_tokens, capacity_tokens
        self._left: OrderedDict[int, None] = OrderedDict()
        self._at_work: Counter[int] = Counter()

    def begin(self, request: int, held: int) -> int:
        """Return the tokens of a prompt that need no reading; *held* positions are taken, its own among them."""
        hits = 0
        for block in self._blocks[request]:
            if block in self._left:
                self._left.move_to_end(block)
            elif block not in self._at_work:
                break
            hits += 1
        self._fit(held)
        return hits * self._tokens

    def entered(self, request: int) -> None:
        """Note that a prompt has entered: its blocks are there from now on."""
        self._at_work.update(self._blocks[request])

    def finish(self, request: int, held: int) -> None:
        """Leave the blocks of a request that is done; *held* positions are still taken."""
        for block in reversed(self._blocks[request]):  # a prompt is of use from its first block on
            self._at_work[block] -= 1
            if not self._at_work[block]:
                del self._at_work[block]
            self._left[block] = None
            self._left.move_to_end(block)
        self._fit(held)

    def _fit(self, held: int) -> None:
        while self._left and held + len(self._left) * self._tokens > self._capacity:
            self._left.popitem(last=False)
