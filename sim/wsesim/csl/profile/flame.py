"""Spans of watched cores as a flame: what ran within what, over all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wsesim.answer import FlameFrame
from wsesim.cores.spans import Core, Span

SMALLEST = 0.002
"""Share of the whole below which a frame is not drawn."""


@dataclass(slots=True)
class FlameNode:
    """What ran within the same callers."""

    cycles: int = 0
    inner: dict[str, FlameNode] = field(default_factory=dict)


def flame_of(spans: Sequence[Span]) -> tuple[FlameFrame, ...]:
    """Return the frames: tasks, functions, operations of main threads, and those of microthreads beside them."""
    root = FlameNode()
    threads: dict[tuple[Core, int | None], list[Span]] = defaultdict(list)
    for span in spans:
        threads[span.core, span.thread].append(span)
    for (_, thread), mine in threads.items():
        _grow(root if thread is None else _inner(root, "microthreads"), mine, counts=thread is not None)
    whole = sum(node.cycles for node in root.inner.values())
    return tuple(_frames(root, 0, 0.0, SMALLEST * whole))


def _grow(root: FlameNode, spans: Sequence[Span], *, counts: bool) -> None:
    """Add the spans of a thread, those that lie within others below them."""
    open_: list[tuple[int, FlameNode]] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while open_ and open_[-1][0] <= span.start:
            open_.pop()
        node = _inner(open_[-1][1] if open_ else root, span.name)
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
