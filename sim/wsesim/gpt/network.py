"""Weights in memory, and the graphs that read them: each built once, and stretched to the batch at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from wsesim.gpt.output import Array, Output
from wsesim.gpt.rows import Rows
from wsesim.graph import Graph, with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import (
    EXACT,
    Cache,
    Execution,
    Forward,
    Key,
    NamedArrays,
    Storage,
    Weights,
    execute,
    forward,
    token_inputs,
    walk,
)

Tokens = dict[str, Any]
Ready = tuple[Graph, NamedArrays]
Learning = tuple[Graph, NamedArrays, Forward]
State = dict[Key, Array]
"""Weights, and moments of the optimizer."""


class Network:
    """A model with weights."""

    def __init__(self, model: ModelSpec, weights: Weights, dtype: np.dtype[Any], storage: Storage = EXACT) -> None:
        """Load all *weights*; they stay in *dtype*, and what ops read and give is kept as *storage* says.

        Raises:
            InputError, SpecError: they are not those of *model*.
        """
        self.model, self.dtype, self.storage = model, dtype, storage
        self._ready: dict[tuple[bool, ...], Ready] = {}
        self._learning: dict[bool, Graph] = {}
        self.plain = build_graph(model, sequences=1, length=1, precision=storage.format, loss=False)
        self.weights = NamedArrays.begin(self.plain, weights, dtype)
        self.arrays = self.weights.arrays
        self.ends = self.plain.blocks[-1].outputs[0]
        """The tensor of the logits."""

    def graph(self, rows: Rows, *, keys: int | None = None, loss: bool = False) -> Ready:
        """Return the graph for *rows*, and what it reads beside; with *keys* there is a cache of so many tokens."""
        batch, length = rows.ids.shape
        form = rows.is_padded, keys is not None, loss
        if form not in self._ready:
            built = build_graph(
                self.model, sequences=1, length=1, precision=self.storage.format, padded=form[0],
                keys=1 if form[1] else None, loss=loss,
            )  # fmt: skip
            self._ready[form] = built, NamedArrays(built, self.arrays)
        graph, arrays = self._ready[form]
        return graph.with_dims(batch=batch, length=length, keys=keys or length), arrays

    def training(self, rows: Rows, state: State) -> Ready:
        """Return the graph of a step for *rows*, and weights with the moments of *state*."""
        graph, _ = self.graph(rows, loss=True)
        if rows.is_padded not in self._learning:
            self._learning[rows.is_padded] = with_training(graph)
        graph = self._learning[rows.is_padded].with_dims(**graph.dims)
        return graph, NamedArrays(graph, state)

    def state(self) -> State:
        """Return the weights, and moments of zero; pages of zeros take no memory before they are written."""
        built = build_graph(self.model, sequences=1, length=1)
        moments = [
            ((block.name, copy, tensor.name), np.zeros(built.shape(tensor), dtype=self.dtype))
            for block in with_training(built).blocks
            for tensor in block.tensors.values() if tensor.role == "state"
            for copy in range(block.repeat)
        ]  # fmt: skip
        return {**self.arrays, **dict(moments)}

    def outputs(self, rows: Rows, *, hidden: bool = False) -> Output:
        """Return logits, and the loss if there are labels."""
        names = [block.outputs[0] for block in self.plain.blocks[:-1]] + ["head.norm.out"]
        run = self._run(rows, keep=names if hidden else ())
        loss = run.loss if rows.labels is not None else None
        embedded, inner, last = names
        layers = range(self.model.layers - 1)
        states = (
            (run.kept["embed", 0, embedded], *(run.kept["layer", n, inner] for n in layers), run.kept["head", 0, last])
            if hidden else None
        )  # fmt: skip
        return Output(loss=loss, logits=run.logits[self.ends], hidden_states=states)

    def _run(self, rows: Rows, keep: Any = ()) -> Execution:
        graph, arrays = self.graph(rows, loss=rows.labels is not None)
        return execute(graph, arrays, tokens_of(graph, rows), dtype=self.dtype, keep=keep, storage=self.storage)

    def learning(self, rows: Rows) -> tuple[Output, Learning]:
        """Run forward and keep what the backward pass reads."""
        graph, arrays = self.training(rows, self.state())
        run = forward(graph, arrays, tokens_of(graph, rows), storage=self.storage)
        return Output(loss=run.loss, logits=run.saved["head", 0][self.ends]), (graph, arrays, run)

    def cached(self, rows: Rows) -> Graph:
        """Return a graph that says what a cache of *rows* holds."""
        return self.graph(rows, keys=rows.ids.shape[1])[0]

    def next_logits(self, rows: Rows, cache: Cache | None, done: int = 0) -> Array:
        """Return the logits [batch, vocab] after the last column of *rows*, the first *done* being in *cache*.

        The head is asked for the last token only: of those before it, the cache is all that is wanted.
        """
        if cache is None:
            return self._run(rows).logits[self.ends][:, -1]
        length = rows.ids.shape[1]
        if length - 1 > done:
            for run in self._walk(rows, cache, done, length - 1):
                if (run.block, run.copy) == ("layer", self.model.layers - 1):
                    break
        last = list(self._walk(rows, cache, length - 1, length))[-1]
        return np.asarray(last.tensors[self.ends][:, -1])

    def _walk(self, rows: Rows, cache: Cache, start: int, stop: int) -> Iterator[Any]:
        part = Rows(ids=rows.ids[:, start:stop], mask=rows.mask[:, :stop])
        graph, arrays = self.graph(part, keys=stop)
        tokens = {"ids": part.ids, "mask": part.mask}
        return walk(graph, arrays, tokens, dtype=self.dtype, cache=cache, storage=self.storage)


def tokens_of(graph: Graph, rows: Rows, *, padded: bool | None = None) -> Tokens:
    """Return what *graph* reads of *rows*; *padded*: whether it reads a mask, if that does not follow from them."""
    masked = rows.is_padded if padded is None else padded
    return token_inputs(graph, rows.ids, rows.mask if masked else None, rows.labels)
