"""A whole model on a text, layer by layer: of the weights only one layer's are in memory, however large the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wsesim.graph import Graph
from wsesim.model import ModelSpec, build_graph, parameters
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import losses_of, walk
from wsesim.numerics.inputs import fold_ids, require_followed, require_known, token_inputs
from wsesim.numerics.text import load_text, token_windows
from wsesim.numerics.vocabulary import tokenizer_beside
from wsesim.numerics.weights import SeededWeights, Weights

Tell = Callable[[int, int, str], None]
"""Is told how many blocks are done, of how many, and which was last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What a model made of a text."""

    losses: Mapping[str, float]
    """By tensor; of words in nats a token."""
    tokens: int
    layers: int
    parameters: int
    """Weights of the model, those of a tied head counted once."""

    @property
    def loss(self) -> float:
        """The sum of all losses."""
        return sum(self.losses.values())


def compute(
    model: ModelSpec, *, text: str, sequences: int, length: int, tell: Tell, seed: int = 0, weights: Path | None = None
) -> Computed:
    """Run all layers of *model* in fp32 on the first tokens of *text*, which is what `load_text` reads.

    Weights come from *weights*, a safetensors file or the index of several, or are drawn from *seed*, layer by layer.

    Raises:
        InputError: text that cannot be read, weights that do not match or are of a model not all of whose numbers are
            followed (`differs`), or ids that the vocabulary of given weights does not have. Seeded weights know no
            language: for them ids are folded into the vocabulary.
    """
    graph = build_graph(model, sequences=sequences, length=length, precision="fp32")
    ids = token_windows(load_text(text), tokenizer_beside(weights), sequences, length)
    if weights:
        require_followed(model, weights)
        require_known(ids, model.vocab, weights)
    source: Weights = SafetensorsWeights(weights, graph) if weights else SeededWeights(graph, seed)
    tokens, losses = token_inputs(graph, fold_ids(ids, model.vocab)), _losses(graph)
    found: dict[str, float] = {}
    steps = sum(block.repeat for block in graph.blocks)
    tell(0, steps, graph.blocks[0].name)
    for done, run in enumerate(walk(graph, source, tokens), start=1):
        found |= {name: float(array[0]) for name, array in run.tensors.items() if name in losses}
        tell(done, steps, f"layer {run.copy + 1}" if run.block == "layer" else run.block)
    return Computed(losses=found, tokens=ids.size, layers=model.layers, parameters=parameters(model))


def _losses(graph: Graph) -> set[str]:
    return {op.outputs[0] for block in graph.blocks for op in losses_of(block)}
