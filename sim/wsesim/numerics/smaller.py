"""What is verified of a model: as much of it as about a second of CPU time computes, chosen before anything is made.

Smaller becomes, in this order and only while it has to, what a mistake in a graph shows in as well: the vocabulary and
the positions, the layers (two tell what goes from one to the next), the tokens, and at last the width, by whole heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from wsesim.graph import Graph, macs
from wsesim.model import ModelSpec, build_graph, with_layers

BUDGET_S = 0.75
"""CPU time of both passes and of making their weights, as estimated; reading text, and the narrow copy whose gradients
are looked at, take about a fifth of a second each. Assumed: what nobody minds waiting for."""
MACS_PER_S = 6e9
"""Multiply-accumulates in a second of CPU time, on the mean of fp32 and float64. Measured, widths of 256 to 2048."""
WEIGHT_S = 20e-9
"""CPU time in which a weight is drawn, converted and read. Measured, the same."""
TABLES_SHARE = 0.25
"""Of the time, what embedding and head may take where layers need the rest. Assumed."""
MOST_BYTES = 200_000_000
"""Memory of it, as estimated. Assumed: what every machine has to spare."""
FEWEST_WORDS = 1024
FEWEST_LAYERS = 2
FEWEST_TOKENS = 16
"""What a part of a model keeps of each unless the width alone would be too much. Assumed: enough to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A smaller model, and how much of the text goes through it."""

    model: ModelSpec
    sequences: int
    length: int

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.sequences * self.length

    @property
    def graph(self) -> Graph:
        """What is computed."""
        return build_graph(self.model, sequences=self.sequences, length=self.length, precision="fp32")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one pass."""
        graph = self.graph
        return sum(block.repeat * macs(graph, block, op) for block in graph.blocks for op in block.phase("forward"))

    @property
    def weights(self) -> int:
        """Weights that are made, those of a tied head twice."""
        graph = self.graph
        return sum(block.repeat * sum(map(graph.elements, block.weights())) for block in graph.blocks)

    @property
    def cpu_s(self) -> float:
        """CPU time it takes, about: two passes."""
        return 2 * self.macs / MACS_PER_S + self.weights * WEIGHT_S

    @property
    def bytes(self) -> int:
        """Memory it takes, about, in fp32 and in float64."""
        return self.forward_bytes * (4 + 8) // 4

    @property
    def forward_bytes(self) -> int:
        """Memory a forward pass in fp32 takes, about: one block's weights and twice the logits."""
        graph = self.graph
        largest = max(sum(map(graph.elements, block.weights())) for block in graph.blocks)
        return 4 * (largest + 2 * self.tokens * self.model.vocab)

    @property
    def is_quick(self) -> bool:
        """Whether it takes neither more time nor more memory than a check should."""
        return self.cpu_s <= BUDGET_S and self.bytes <= MOST_BYTES

    def said(self, whole: Part) -> str:
        """Return what is smaller than in *whole*, in words; empty if nothing."""
        mine, theirs, found = self.model, whole.model, []
        if mine.layers < theirs.layers:
            dense = f", {mine.dense_layers} of them dense" if mine.dense_layers else ""
            found.append(f"the first {mine.layers} of {theirs.layers} layers{dense}")
        for name, few, many in (
            ("tokens", self.tokens, whole.tokens), ("words of the vocabulary", mine.vocab, theirs.vocab),
            ("positions of the table", mine.max_length, theirs.max_length), ("heads", mine.heads, theirs.heads),
            ("features", mine.width, theirs.width),
        ):  # fmt: skip
            found += [f"{few:,} of {many:,} {name}"] if few < many else []
        return "; ".join(found)


def quick(whole: Part, *, layers: bool = True, length: bool = True, weights: bool = True) -> Part:
    """Return a part of *whole* that takes about `BUDGET_S` and `MOST_BYTES` at most, all of it if that does.

    Args:
        whole: what would be verified without a budget.
        layers: whether there may be fewer layers.
        length: whether there may be fewer tokens.
        weights: whether weights may have other shapes: those of a file have theirs.
    """
    part = whole
    steps: list[tuple[bool, Callable[[Part], Iterator[Part]]]] = [
        (weights, _fewer_words), (layers, _fewer_layers), (length, _fewer_tokens), (weights, _narrower)
    ]  # fmt: skip
    for allowed, smaller in steps:
        for found in smaller(part) if allowed and not part.is_quick else ():
            part = found
            if part.is_quick:
                break
    return part


def _fewer_words(part: Part) -> Iterator[Part]:
    """Yield it with a table of the positions that are used, then with ever fewer words, until tables take little."""
    if part.model.position == "learned" and part.length < part.model.max_length:
        part = replace(part, model=replace(part.model, max_length=part.length))
        yield part
    while part.model.vocab > FEWEST_WORDS and (part.bytes > MOST_BYTES or _tables_s(part) > TABLES_SHARE * BUDGET_S):
        part = replace(part, model=replace(part.model, vocab=max(FEWEST_WORDS, part.model.vocab // 2)))
        yield part


def _tables_s(part: Part) -> float:
    """Return the CPU time of what is there once: embedding and head."""
    each = _with_layers(part, 2).cpu_s - _with_layers(part, 1).cpu_s
    return _with_layers(part, 1).cpu_s - each


def _fewer_layers(part: Part) -> Iterator[Part]:
    """Yield it with as many layers as fit, at least `FEWEST_LAYERS`."""
    first, second = (_with_layers(part, layers).cpu_s for layers in (1, 2))
    fits = int(1 + (BUDGET_S - first) / (second - first))
    yield _with_layers(part, min(part.model.layers, max(FEWEST_LAYERS, fits)))


def _with_layers(part: Part, layers: int) -> Part:
    return replace(part, model=with_layers(part.model, layers))


def _fewer_tokens(part: Part) -> Iterator[Part]:
    """Yield it with fewer sequences down to one, then with shorter ones."""
    while part.sequences > 1:
        part = replace(part, sequences=part.sequences // 2)
        yield part
    while part.length > FEWEST_TOKENS:
        part = replace(part, length=max(FEWEST_TOKENS, part.length // 2))
        yield part


def _narrower(part: Part) -> Iterator[Part]:
    """Yield it with ever fewer heads, as wide as they are, and all other widths in proportion."""
    while part.model.heads > 1:
        model = part.model
        kv_heads = max(1, model.kv_heads // 2)
        heads = max(1, model.heads // 2 // kv_heads) * kv_heads
        sizes = ("width", "ffn_width", "dense_width", "shared_width", "latent_rank", "query_rank")
        less = {name: max(1, size * heads // model.heads) for name in sizes if (size := getattr(model, name))}
        part = replace(part, model=replace(model, heads=heads, kv_heads=kv_heads, **less))
        yield part
