"""Spans of watched cores as a flame: what ran within what, over all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wsesim.answer import FlameFrame
from wsesim.cores.spans import Core, Span
from wsesim.csl.profile.sums import Inlined

SMALLEST = 0.002
"""Share of the whole below which a frame is not drawn."""


@dataclass(slots=True)
class FlameNode:
    """What ran within the same callers."""

    cycles: int = 0
    inner: dict[str, FlameNode] = field(default_factory=dict)
    stands: bool = False
    """Whether it is a function in place of its call."""


def flame_of(spans: Sequence[Span], inlined: Inlined) -> tuple[FlameFrame, ...]:
    """Return the frames: tasks, functions, operations of main threads, and those of microthreads beside them.

    Functions that stand where they are called have a frame of what is known of them: their scalar code, and operations.
    """
    root = FlameNode()
    threads: dict[tuple[Core, int | None], list[Span]] = defaultdict(list)
    for span in spans:
        threads[span.core, span.thread].append(span)
    for (_, thread), mine in threads.items():
        _grow(root if thread is None else _inner(root, "microthreads"), mine, counts=thread is not None)
    whole = sum(node.cycles for node in root.inner.values())
    found: dict[str, list[FlameNode]] = defaultdict(list)
    _collect(root, found)
    for name, chains in inlined.items():
        _put(chains, found[name])
    return tuple(_frames(root, 0, 0.0, SMALLEST * whole))


def _collect(node: FlameNode, found: dict[str, list[FlameNode]]) -> None:
    for name, inner in node.inner.items():
        if not inner.stands:
            found[name].append(inner)
        _collect(inner, found)


def _put(chains: Mapping[tuple[str, ...], int], nodes: Sequence[FlameNode]) -> None:
    """Give the scalar code of functions that stand in a body to the nodes of that body, by their own cycles."""
    free = [max(0, node.cycles - sum(inner.cycles for inner in node.inner.values())) for node in nodes]
    whole = max(1, sum(free), sum(chains.values()))
    for node, own in zip(nodes, free, strict=True):
        for chain, cycles in chains.items():
            _within(node, chain, cycles * own // whole)


def _within(node: FlameNode, chain: Sequence[str], cycles: int) -> FlameNode:
    """Add cycles to functions that stand within one another; return the innermost."""
    for name in chain:
        node = _inner(node, name)
        node.stands = True
        node.cycles += cycles
    return node


def _grow(root: FlameNode, spans: Sequence[Span], *, counts: bool) -> None:
    """Add the spans of a thread, those that lie within others below them."""
    open_: list[tuple[int, FlameNode]] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while open_ and open_[-1][0] <= span.start:
            open_.pop()
        around = open_[-1][1] if open_ else root
        node = _inner(_within(around, span.within if open_ else (), span.cycles), span.name)
        node.cycles += span.cycles
        open_.append((span.end, node))
        root.cycles += span.cycles if counts else 0


def _inner(node: FlameNode, name: str) -> FlameNode:
    return node.inner.setdefault(name, FlameNode())


def _frames(node: FlameNode, depth: int, start: float, least: float) -> Iterator[FlameFrame]:
    for name, inner in sorted(node.inner.items(), key=lambda each: (-each[1].cycles, each[0])):
        if inner.cycles > least:
            yield FlameFrame(label=name, depth=depth, start=start, cycles=inner.cycles)
            yield from _frames(inner, depth + 1, start, least)
        start += inner.cycles
