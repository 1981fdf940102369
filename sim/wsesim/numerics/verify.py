"""Hold the graph, run in fp32, to the independent float64 formulation, tensor by tensor.

Before that, its weights are held to those that the model has by its shape alone (`structure`); after it, a narrow copy
with large weights is run in float64, forward, backward and for one update (`probe`). What both formulations read, ids,
labels and a file's weights, is made twice (`second`), and seeded weights have to differ from layer to layer.

What difference is rounding and what is a mistake follows from rounding theory. A sum of n fp32 products, rounded
at random, is off by about u sqrt(n) of its size, u = 2^-24, and by more than DEVIATIONS times that practically never
(Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis", SIAM J. Sci. Comput. 41, 2019: the
probability is at most 2 exp(-DEVIATIONS² / 2) a sum, 3e-14 for 8). Errors of one op after another are independent, so
their squares add: after ops with inner lengths n1, n2, ... a tensor is off by

    tolerance = u * sqrt(n1 + n2 + ...) * (DEVIATIONS * rms + largest)

where the first term is what an entry inherits from its row and the second what its own size adds; rms and largest
are of the reference tensor. A normalised stream neither grows nor shrinks a relative error much, so no factor for the
depth is needed beyond the sum. A loss may be off by twice the tolerance of its logits: log-sum-exp and the label's
logit each move by no more than the largest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from pathlib import Path

import numpy as np

from wsesim.answer import Verification
from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op
from wsesim.model import ModelSpec, build_graph, with_layers
from wsesim.numerics.arrays import Array, Ids, row_chunks
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import BlockRun, walk
from wsesim.numerics.inputs import fold_ids, require_followed, require_known, token_inputs
from wsesim.numerics.probe import LENGTH, SEQUENCES, Probed, probe
from wsesim.numerics.reference import ReferenceStep, walk_reference
from wsesim.numerics.rounding import FORMATS
from wsesim.numerics.second import TWICE_READ, SecondReader, second_tokens
from wsesim.numerics.smaller import Part, quick
from wsesim.numerics.structure import differences
from wsesim.numerics.text import load_text, token_windows
from wsesim.numerics.vocabulary import tokenizer_beside
from wsesim.numerics.weights import SeededWeights, Weights
from wsesim.ops import INNER, find

UNIT_ROUNDOFF = FORMATS["fp32"].unit_roundoff
"""Of fp32. Source: IEEE 754."""
DEVIATIONS = 8.0
"""How many standard deviations of rounding are still rounding. See above."""
LOSS_ROUNDING = 16 * UNIT_ROUNDOFF
"""Of a loss, relative: the logarithm, the sum over the vocabulary and the mean each round a few times."""
_WATCHED = 64
"""Numbers of a weight that are looked at to tell it from that of another layer."""
SPREAD = 0.02
"""Spread of seeded biases and norms, so that a forgotten one shows."""


def verify_model(
    model: ModelSpec,
    *,
    text: str,
    sequences: int,
    length: int,
    seed: int = 0,
    weights: Path | None = None,
    layers: int | None = None,
    whole: bool = True,
    fixed_length: bool = False,
    tolerance: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Verification:
    """Run *model* on the first tokens of *text* as a graph in fp32 and by the reference in float64, and compare.

    Compared are the hidden state after the embedding and after each layer, logits, and losses; one layer of weights is
    in memory at a time. Gradients and updates are those of a narrow copy. *text* is what `load_text` reads. Weights
    come from the safetensors file *weights*, or are made from *seed*. *layers* runs only the first so many. Unless
    *whole*, a part of it all is run, which `quick` chooses; *layers* are kept then, and so are sequences and length if
    the latter is *fixed_length*. *tolerance* is an absolute difference for every tensor of the fp32 run; by default
    each has its own from rounding theory.

    If all is well, `max_error` and `tolerance` of the answer are those of logits or loss, and `worst` names the tensor
    whose error is largest beside its tolerance. If not, all three are of the first thing that is off by more.

    Raises:
        InputError: text that cannot be read, weights that do not match or are of a model not all of whose numbers are
            followed (`differs`), or ids of the text that the vocabulary of given weights does not have. Seeded weights
            know no language: for them ids are folded into the vocabulary.
        SpecError: *layers* that the model does not have, or a length it cannot take.
    """
    if layers is not None and not 1 <= layers <= model.layers:
        raise SpecError("layers", f"must be from 1 to {model.layers}, got {layers}")
    asked = Part(model=model, sequences=sequences, length=length)
    part = replace(asked, model=with_layers(model, layers) if layers else model)
    if not whole:
        part = quick(part, layers=layers is None, length=not fixed_length, weights=weights is None)
    small, reduced = part.model, [part.said(asked)]
    read = token_windows(load_text(text), tokenizer_beside(weights), 1, part.tokens + SEQUENCES * LENGTH)[0]
    ids, more = read[: part.tokens].reshape(part.sequences, part.length), read[part.tokens :]
    if weights:
        require_followed(model, weights)
        require_known(ids, model.vocab, weights)
    if ids.max() >= small.vocab:
        reduced += [] if small.vocab < model.vocab else [f"token ids folded into a vocabulary of {model.vocab}"]
    deep = replace(small, layers=model.layers, dense_layers=model.dense_layers, dense_width=small.dense_width)
    shapes = build_graph(deep, sequences=part.sequences, length=part.length, precision="fp32")
    found = [_mistake(f"structure: {difference}") for difference in differences(deep, shapes)]
    if not found:
        found += _both(part, weights, shapes, ids, seed, tolerance, progress)
        if progress:
            progress("gradients")
        found += [_probed(each) for each in probe(model, more.reshape(SEQUENCES, LENGTH), seed)]
    return _summary(found, tokens=ids.size, layers=small.layers, reduced="; ".join(filter(None, reduced)))


def _both(
    part: Part, file: Path | None, shapes: Graph, ids: Ids, seed: int, tolerance: float | None,
    progress: Callable[[str], None] | None,
) -> Iterator[_Comparison]:  # fmt: skip
    """Run graph and reference, and last say what is odd about the weights they were given."""
    seeded = _Watched(SeededWeights(shapes, seed, spread=SPREAD))
    of_graph = SafetensorsWeights(file, shapes) if file else _LastBlock(seeded)
    of_reference: Weights = of_graph
    if file and isinstance(of_graph, SafetensorsWeights) and of_graph.family in TWICE_READ:
        of_reference = SecondReader(file, part.model)
    tokens, again = token_inputs(part.graph, fold_ids(ids, part.model.vocab)), second_tokens(part.model, ids)
    yield from _compare(part, (of_graph, tokens), (of_reference, again), tolerance, progress)
    yield from (_mistake(flaw) for flaw in seeded.flaws)


def _mistake(name: str) -> _Comparison:
    return _Comparison(name=name, error=inf, tolerance=0.0, is_output=False)


def _probed(each: Probed) -> _Comparison:
    return _Comparison(
        name=each.name, error=each.error, tolerance=each.tolerance, is_output=False, is_gradient=each.is_gradient
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """One tensor of both runs."""

    name: str
    error: float
    """Largest absolute difference; infinite if any number is not finite."""
    tolerance: float
    is_output: bool
    """Whether it is logits or a loss."""
    loss: float = 0.0
    """The fp32 value, if it is a loss."""
    is_gradient: bool = False

    @property
    def excess(self) -> float:
        """Error beside tolerance: over 1 is a mistake."""
        return self.error / self.tolerance if self.tolerance > 0 else inf if self.error > 0 else 0.0


class _LastBlock:
    """Hands the weights that were loaded last to the second of two readers; holds one block copy at a time."""

    def __init__(self, source: Weights) -> None:
        self._source = source
        self._at: tuple[str, int] | None = None
        self._arrays: dict[str, Array] = {}

    def load(self, block: str, copy: int) -> dict[str, Array]:
        if self._at != (block, copy):
            self._arrays = {}
            self._arrays = self._source.load(block, copy)
            self._at = (block, copy)
        return self._arrays


class _Watched:
    """Notes of seeded weights what a graph and a reference that both read them would not notice."""

    def __init__(self, source: Weights) -> None:
        self._source = source
        self._seen: dict[tuple[str, str], Array] = {}
        self.flaws: list[str] = []

    def load(self, block: str, copy: int) -> dict[str, Array]:
        arrays = self._source.load(block, copy)
        for name, array in arrays.items():
            start = array.reshape(-1)[:_WATCHED].copy()
            if start.size > 1 and not np.ptp(start):
                self.flaws.append(f"weights: {name} of {block} {copy + 1} is {start[0]:g} everywhere")
            if np.array_equal(self._seen.get((block, name)), start):  # type: ignore[arg-type]
                self.flaws.append(f"weights: {name} of {block} {copy + 1} is that of the copy before")
            self._seen[block, name] = start
        return arrays


Given = tuple[Weights, Mapping[str, Ids]]
"""Weights, and tokens by name."""


def _compare(
    part: Part, given: Given, to_reference: Given, tolerance: float | None, progress: Callable[[str], None] | None
) -> Iterator[_Comparison]:
    """Run both side by side and yield what each block gave."""
    graph, model = part.graph, part.model
    blocks = {block.name: block for block in graph.blocks}
    logits = {op.inputs[0] for block in graph.blocks for op in block.ops if find(op.kind).is_loss}
    terms = 0
    runs = walk(graph, *given, keep=logits)
    for run, step in zip(runs, walk_reference(model, *to_reference), strict=True):
        block = blocks[run.block]
        terms += sum(inner_length(graph, block, op) for op in block.phase("forward"))
        for found in _compare_block(block, run, step, terms):
            yield found if tolerance is None else replace(found, tolerance=tolerance)
        if progress:
            here = f"layer {run.copy + 1} of {model.layers - model.dense_layers}"
            progress(here if run.block == "layer" else run.block)


def inner_length(graph: Graph, block: Block, op: Op) -> int:
    """Return how many terms each number of the op's output adds up; 1 for elementwise ops."""
    along = find(op.kind).sums_along
    if along == INNER:
        along = block.tensors[op.inputs[0]].axes[-1]
    return graph.dims[along] if along else 1


def _compare_block(block: Block, run: BlockRun, step: ReferenceStep, terms: int) -> Iterator[_Comparison]:
    if step.hidden is not None:
        (output,) = block.outputs
        name = f"{run.block} {run.copy + 1}" if run.block in ("dense", "layer") else run.block
        yield _comparison(f"{name}: {output}", run.tensors[output], step.hidden, terms, is_output=False)
        return
    if not step.losses:
        yield _comparison(block.outputs[0], run.tensors[block.outputs[0]], step.logits["states"], terms, is_output=True)
    for op in block.ops:
        if find(op.kind).is_loss:
            which = "tokens" if "vocab" in block.tensors[op.inputs[0]].axes else "classes"
            of_logits = _comparison(op.inputs[0], run.tensors[op.inputs[0]], step.logits[which], terms, is_output=True)
            yield of_logits
            loss = float(run.tensors[op.outputs[0]][0])
            error = abs(loss - step.losses[which])
            yield replace(
                of_logits, name=op.outputs[0], error=error if isfinite(error) else inf,
                tolerance=2 * of_logits.tolerance + LOSS_ROUNDING * max(1.0, abs(loss)), loss=loss,
            )  # fmt: skip


def _comparison(name: str, found: Array, wanted: Array, terms: int, *, is_output: bool) -> _Comparison:
    error, largest, square = 0.0, 0.0, 0.0
    a, b = found.reshape(-1), wanted.reshape(-1)
    for part in row_chunks(len(b), 1):
        # np.maximum, unlike max(), lets a NaN through.
        error = float(np.maximum(error, np.abs(a[part] - b[part]).max()))
        largest = max(largest, float(np.abs(b[part]).max()))
        square += float(np.square(b[part]).sum())
    rounding = UNIT_ROUNDOFF * sqrt(terms) * (DEVIATIONS * sqrt(square / b.size) + largest)
    return _Comparison(
        name=name, error=error if isfinite(error) else inf, tolerance=rounding if isfinite(rounding) else 0.0,
        is_output=is_output,
    )  # fmt: skip


def _summary(found: list[_Comparison], *, tokens: int, layers: int, reduced: str) -> Verification:
    """Show the outputs if all is well, else the first tensor that is not: what comes after it inherits its mistake."""
    mistaken = [comparison for comparison in found if comparison.excess > 1]
    outputs = [comparison for comparison in found if comparison.is_output]
    shown = mistaken[0] if mistaken else max(outputs, key=lambda comparison: comparison.excess)
    worst = mistaken[0] if mistaken else max(found, key=lambda comparison: comparison.excess)
    return Verification(
        ok=not mistaken, max_error=shown.error, tolerance=shown.tolerance,
        loss=sum(comparison.loss for comparison in found), tokens=tokens, layers=layers, worst=worst.name,
        reduced=reduced, gradients=sum(comparison.is_gradient for comparison in found),
    )  # fmt: skip
