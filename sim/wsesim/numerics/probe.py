"""A narrow copy of a model, with weights so large that softmax and activations bend, run in float64 all the way.

What it is held to: the reference's hidden states and losses; the same with padding on either side and with a cache; for
every weight, the slope of the reference's loss along a drawn direction; and one update, by the optimizer's formula.

                  graph, float64                              reference, float64
    weights W ->  forward, backward -> gradient G             loss(W + h D), loss(W - h D)
                  sum of G D                          =       their difference / 2 h            D drawn, of any sign
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from wsesim.errors import SpecError
from wsesim.graph import Graph, with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.executor import Cache, execute, new_cache
from wsesim.numerics.inputs import fold_ids, token_inputs
from wsesim.numerics.optimizer import AdamW, Schedule
from wsesim.numerics.reference import ReferenceStep, walk_reference
from wsesim.numerics.second import second_tokens
from wsesim.numerics.training import Key, NamedArrays, backward, forward, update
from wsesim.numerics.weights import SeededWeights

SEQUENCES, LENGTH, PADS = 2, 8, 2
DEVIATION = 0.3
"""Spread of all weights: scores and what activations read are then about as large as one."""
EXACT = 1e-10
"""Of the largest number of a tensor. Float64 rounds at 1e-16, and errors of a few hundred terms stay under 1e-13."""
SLOPE_STEP, SLOPE_EXACT = 1e-6, 1e-6
"""h, and what a slope may be off by, of the sum of the sizes of its terms: a loss of about 4 is known to 1e-15, so its
difference over 2 h to 1e-9; the other terms of its series come to h²."""
TRIES = 3
"""Directions, of which one has to agree: a step may cross the corner of a ReLU or send a token to another expert."""
OPTIMIZER, STEP = AdamW(schedule=Schedule(peak=0.01), clip=0.5), 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One thing that was held to the reference."""

    name: str
    error: float
    tolerance: float
    is_gradient: bool = False


def narrow(model: ModelSpec) -> ModelSpec:
    """Return *model* with all its parts, each as small as still shows what it does."""
    kv_heads = min(2, model.kv_heads)
    head_width = min(model.head_width, 4)
    experts = min(model.experts, 4)
    chosen = min(model.experts_per_token, 2 if experts > 2 else 1)
    turned = min(model.rotary_width, 2) if model.rotary_width < model.head_width else 0
    return replace(
        model, layers=min(model.layers, 2), width=min(model.width, 10), kv_heads=kv_heads, head_width=head_width,
        heads=kv_heads * min(2, model.heads // model.kv_heads), ffn_width=min(model.ffn_width, 14),
        vocab=min(model.vocab, 53), max_length=min(model.max_length, LENGTH + 4), rotary_width=turned,
        token_types=min(model.token_types, 3), classes=min(model.classes, 5), masked=min(model.masked, 3),
        experts=experts, experts_per_token=chosen, expert_imbalance=1.0, embed_width=min(model.embed_width, 6),
        shared_width=min(model.shared_width, 9), window=min(model.window, LENGTH // 2),
        full_every=min(model.full_every, 2), still_every=min(model.still_every, 2),
        adapter_rank=min(model.adapter_rank, 3),
        position_offset=min(model.position_offset, 2), latent_rank=min(model.latent_rank, 6),
        query_rank=min(model.query_rank, 5), value_width=min(model.value_width, 3),
        dense_layers=min(model.dense_layers, 1), dense_width=min(model.dense_width, 11),
        router_groups=min(model.router_groups, 2), router_groups_kept=min(model.router_groups_kept, 1),
        rotary_trained=min(model.rotary_trained, 4),
    )  # fmt: skip


def probe(model: ModelSpec, ids: Ids, seed: int) -> Iterator[Probed]:
    """Yield what was found of the narrow copy of *model* on *ids*, [SEQUENCES, LENGTH] or shorter.

    What a graph is so wrong in that it cannot be run is found, too.
    """
    small = narrow(model)
    held = _Held(small, ids[:, : small.max_length], seed)
    checks = [] if small.task == "embed" else [held.gradients]
    if ids.shape[1] > PADS:
        checks.append(held.padded)
    if small.causal:
        checks.append(held.cached)
    for check in checks:
        try:
            yield from check()
        except (SpecError, ValueError, IndexError, KeyError, TypeError) as error:
            yield Probed(name=f"{check.__name__} cannot be computed: {error}", error=np.inf, tolerance=EXACT)


class _Held:
    """A narrow model and what the reference reads."""

    def __init__(self, model: ModelSpec, ids: Ids, seed: int) -> None:
        self.model, self.ids, self.seed = model, ids, seed
        graph = build_graph(model, sequences=len(ids), length=ids.shape[1])
        self.graph = graph if model.task == "embed" else with_training(graph)
        source = SeededWeights(self.graph, seed, spread=DEVIATION, deviation=DEVIATION)
        self.arrays = NamedArrays.begin(self.graph, source, np.float64)
        self.tokens = second_tokens(model, ids)

    def gradients(self) -> Iterator[Probed]:
        """Hold loss, gradients and one update; the weights stay as they are."""
        run = forward(self.graph, self.arrays, token_inputs(self.graph, fold_ids(self.ids, self.model.vocab)))
        loss, wanted = run.loss, self.loss()
        yield Probed(name="loss of large weights", error=abs(loss - wanted), tolerance=EXACT * max(1.0, wanted))
        gradients = backward(self.graph, self.arrays, run)
        yield from _slopes(self, gradients)
        changed = NamedArrays(self.graph, {key: array.copy() for key, array in self.arrays.arrays.items()})
        yield from _updated(self.graph, changed, gradients)

    def loss(self) -> float:
        """Return that of the reference."""
        *_, last = walk_reference(self.model, self.arrays, self.tokens)
        return sum(last.losses.values())

    def padded(self) -> Iterator[Probed]:
        """Fill up one sequence before and the next behind; what stands at real tokens is as without."""
        ids, model = self.ids, self.model
        real, mask = second_tokens(model, ids[:, PADS:]), np.ones_like(ids)
        mask[0::2, :PADS] = mask[1::2, ids.shape[1] - PADS :] = 0
        filled = {name: np.zeros_like(ids) for name in ("ids", "types")}
        for name, array in filled.items():
            array[mask == 1] = real[name].ravel()
        graph = build_graph(model, sequences=len(ids), length=ids.shape[1], padded=True, loss=False)
        found = self._last_hidden(graph, {**filled, "mask": mask})
        wanted = _hidden(walk_reference(model, self.arrays, real))
        yield _compared("hidden state with padding", found[mask == 1], wanted.reshape(-1, model.width))

    def cached(self) -> Iterator[Probed]:
        """Let the last tokens come one by one, keys and values of those before being in the cache."""
        (count, length), model = self.ids.shape, self.model
        first, found = max(1, length - 2), []
        cache: Cache = {}
        for start, stop in [(0, first), *((at, at + 1) for at in range(first, length))]:
            graph = build_graph(model, sequences=count, length=stop - start, keys=stop, loss=False)
            cache = cache or new_cache(graph, length, np.float64)
            part = {name: self.tokens[name][:, start:stop] for name in ("ids", "types")}
            found.append(self._last_hidden(graph, part, cache))
        wanted = _hidden(walk_reference(model, self.arrays, self.tokens))
        yield _compared("hidden state with a cache", np.concatenate(found, axis=1), wanted)

    def _last_hidden(self, graph: Graph, tokens: Mapping[str, Ids], cache: Cache | None = None) -> Array:
        layer = graph.blocks[-2]
        run = execute(graph, self.arrays, tokens, dtype=np.float64, keep=layer.outputs, cache=cache)
        return run.kept[layer.name, layer.repeat - 1, layer.outputs[0]]


def _hidden(steps: Iterator[ReferenceStep]) -> Array:
    *_, hidden = (step.hidden for step in steps if step.hidden is not None)
    return hidden


def _compared(name: str, found: Array, wanted: Array) -> Probed:
    error = float(np.abs(found - wanted).max())
    return Probed(
        name=name, error=error if isfinite(error) else np.inf, tolerance=EXACT * max(1.0, float(np.abs(wanted).max()))
    )


def _slopes(held: _Held, gradients: Mapping[Key, Array]) -> Iterator[Probed]:
    draw = np.random.default_rng((held.seed, 1))
    for key, weight in held.arrays.arrays.items():
        if key[2].endswith(("weight", "scale", "bias")):
            errors = iter([np.inf])
            if not _is_learned(held.model, key):
                errors = iter([np.inf if key in gradients else 0.0])
            elif key in gradients and gradients[key].shape == weight.shape:
                errors = (_slope(held, key, gradients[key], draw) for _ in range(TRIES))
            error = next((error for error in errors if error <= SLOPE_EXACT), np.inf)
            yield Probed(
                name=f"gradient of {key[0]} {key[1] + 1}: {key[2]}",
                error=error,
                tolerance=SLOPE_EXACT,
                is_gradient=True,
            )


def _is_learned(model: ModelSpec, key: Key) -> bool:
    """Return whether training changes a weight: all but what shifts a router, or where there are adapters only those
    and a head of classes."""
    if key[2] == "ffn.shift.bias":
        return False
    new_head = key[0] == "head" and model.task in ("classify", "tag")
    return not model.adapter_rank or ".adapter." in key[2] or new_head


def _slope(held: _Held, key: Key, gradient: Array, draw: np.random.Generator) -> float:
    """Return how far the gradient's slope along a direction is from the reference's."""
    arrays = held.arrays.arrays
    weight, places = arrays[key], arrays.get((*key[:2], f"{key[2]}.places"))
    direction = draw.normal(size=weight.shape) * (1 if places is None else places)
    kept, losses = weight.copy(), []
    for h in (SLOPE_STEP, -SLOPE_STEP):
        weight[...] = kept + h * direction
        losses.append(held.loss())
    weight[...] = kept
    terms = gradient * direction
    return abs(float(terms.sum()) - (losses[0] - losses[1]) / (2 * SLOPE_STEP)) / (float(np.abs(terms).sum()) + 1e-2)


def _updated(graph: Graph, arrays: NamedArrays, gradients: Mapping[Key, Array]) -> Iterator[Probed]:
    """Update once, from moments that are not zero, and hold every weight to the formula, written once more."""
    for key, array in arrays.arrays.items():
        if key[2].endswith("moment1"):
            array[...] = 0.1 * gradients[key[0], key[1], key[2].removesuffix(".moment1")]
        elif key[2].endswith("moment2"):
            array[...] = 0.2 * gradients[key[0], key[1], key[2].removesuffix(".moment2")] ** 2
    clipped = 0.5 / (sqrt(sum(float((each**2).sum()) for each in gradients.values())) + 1e-6)
    wanted = {}
    for key, raw in gradients.items():
        g = raw * min(1.0, clipped)
        mean, square = 0.9 * (0.1 * raw) + 0.1 * g, 0.95 * (0.2 * raw**2) + 0.05 * g**2
        change = (mean / (1 - 0.9**STEP)) / (np.sqrt(square / (1 - 0.95**STEP)) + 1e-8)
        decay = 0.0 if "bias" in key[2] or "norm" in key[2] else 0.1
        wanted[key] = arrays.arrays[key] - 0.01 * (change + decay * arrays.arrays[key])
    update(graph, arrays, gradients, OPTIMIZER, STEP)
    for key, array in wanted.items():
        yield _compared(f"update of {key[0]} {key[1] + 1}: {key[2]}", arrays.arrays[key], array)
