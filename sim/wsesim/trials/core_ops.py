"""Ops of a training step as programs of simulated cores, one after the other; between them the host hands values over.

    linear            stream-gemm, then affine for a bias        ... and its gradients: stream-gemm, stream-gradient
    scores, sum       stream-gemm for each head of a sequence    ... stream-gemm, stream-gradient for each
    softmax, norm     softmax (mask: causal), layer-norm         ... softmax-gradient, layer-norm-gradient
    gelu, residual    gelu, residual                             ... gelu-gradient
    embedding         embedding; positions by residual           ... stream-gradient from rows of zeros and a one
    loss              cross-entropy, stream-gradient for a mean  ... cross-entropy-gradient
    update            stream-gradient for squares, adamw

Sums that end in `stream-gradient` are sums over tokens: a bias's gradient is that of a weight whose input is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.cores.programs import ValuesRun, run_values
from wsesim.cores.programs.model.adamw import settings_of
from wsesim.errors import NotModelled
from wsesim.graph import Op
from wsesim.hardware import Wafer
from wsesim.numerics import IGNORED, Setting, held_labels, labels_of_batch, scale_of_loss

Array = NDArray[Any]
CoreOp = Callable[["Bench", Op, Sequence[Array], Setting], tuple[Array, ...]]
"""(where it runs, op, arrays of its inputs, setting) -> arrays of its outputs."""
CORE_OPS: dict[str, CoreOp] = {}


@dataclass(slots=True, kw_only=True)
class Bench:
    """Cores, and what has run on them."""

    wafer: Wafer
    grid: tuple[int, int]
    """Columns and rows."""
    programs: list[tuple[str, int]] = field(default_factory=list)
    """Each program that ran, with its cycles."""

    def run(self, name: str, shape: Sequence[int], options: Mapping[str, str] | None = None, **values: Array) -> Array:
        """Return what the program makes of *values*, in fp32."""
        return self.run_on(name, shape, values, options)

    def run_on(
        self, name: str, shape: Sequence[int], values: Mapping[str, Array], options: Mapping[str, str] | None = None
    ) -> Array:
        """Return the same of values by name."""
        found: ValuesRun = run_values(name, self.wafer, self.grid, tuple(shape), values, options=options)
        self.programs.append((name, found.cycles))
        return np.asarray(found.result, dtype=np.float32)

    def rows(self, name: str, x: Array, options: Mapping[str, str] | None = None, **more: Array) -> Array:
        """Return what a program on tokens x features makes of *x* [..., features]."""
        flat = x.reshape(-1, x.shape[-1])
        return self.run(name, flat.shape, options, x=flat, **more).reshape(x.shape)

    def product(self, x: Array, weight: Array) -> Array:
        """Return x [..., inputs] @ weight [inputs, outputs], summed as the mapping sums."""
        flat, shape = x.reshape(-1, x.shape[-1]), (x[..., 0].size, *weight.shape)
        sums = {"sums": "apart"} if len(weight) > self.grid[0] else None
        found = self.run("stream-gemm", shape, sums, x=flat, weights=np.ascontiguousarray(weight))
        return found.reshape(*x.shape[:-1], weight.shape[1])

    def over_tokens(self, x: Array, back: Array) -> Array:
        """Return x [..., inputs]^T @ back [..., outputs], the sum over all tokens; the wider of them stays."""
        rows, other = x.reshape(-1, x.shape[-1]), back.reshape(-1, back.shape[-1])
        if other.shape[1] > rows.shape[1]:
            return self.over_tokens(other, rows).T
        return self.run("stream-gradient", (*rows.shape, other.shape[1]), x=rows, dy=other)


def on_cores(kind: str) -> Callable[[CoreOp], CoreOp]:
    """Register what cores do for an op of *kind*."""

    def register(function: CoreOp) -> CoreOp:
        CORE_OPS[kind] = function
        return function

    return register


def core_op(op: Op) -> CoreOp:
    """Return what cores do for an op.

    Raises:
        NotModelled: no programs do it.
    """
    import_module(f"{__package__}.core_attention")  # which registers its ops
    if op.kind not in CORE_OPS:
        why = "a step runs there with the ops of GPT-2: layer norms, GELU by the error function, learned positions"
        raise NotModelled(f"{op.name}, of the kind {op.kind}, on simulated cores", why)
    return CORE_OPS[op.kind]


@on_cores("linear")
def _linear(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    x, weight, *bias = inputs
    y = bench.product(x, weight.T if op.attrs.get("transposed") else weight)
    return (bench.rows("affine", y, scale=np.ones_like(bias[0]), bias=bias[0]) if bias else y,)


@on_cores("linear_grad_input")
def _linear_grad_input(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, weight = inputs
    return (bench.product(gradient, weight if op.attrs.get("transposed") else weight.T),)


@on_cores("linear_grad_weight")
def _linear_grad_weight(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    x, gradient = inputs
    biased = len(op.outputs) > 1
    rows = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1) if biased else x
    found = bench.over_tokens(rows, gradient)
    of_weight = found[: x.shape[-1]]
    return (of_weight.T if op.attrs.get("transposed") else of_weight, *found[x.shape[-1] :])


@on_cores("layer_norm")
def _layer_norm(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    x, scale, bias = inputs
    return (bench.rows("layer-norm", x, scale=scale, bias=bias),)


@on_cores("layer_norm_backward")
def _layer_norm_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, x, scale = inputs
    flat = x.reshape(-1, x.shape[-1])
    found = bench.run("layer-norm-gradient", flat.shape, x=flat, gradient=gradient.reshape(flat.shape), scale=scale)
    return found[:-2].reshape(x.shape), found[-2], found[-1]


@on_cores("gelu")
def _gelu(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    return (bench.rows("gelu", inputs[0]),)


@on_cores("gelu_backward")
def _gelu_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, x = inputs
    return (bench.rows("gelu-gradient", x, gradient=gradient.reshape(-1, x.shape[-1])),)


@on_cores("accumulate")
@on_cores("residual")
def _residual(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    total, *others = inputs
    for other in others:
        total = _added(bench, total, other)
    return (total,)


def _added(bench: Bench, a: Array, b: Array) -> Array:
    flat = a.reshape(-1, a.shape[-1])
    return bench.run("residual", flat.shape, a=flat, b=b.reshape(flat.shape)).reshape(a.shape)


@on_cores("embedding")
def _embedding(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    ids, table = inputs
    found = bench.run("embedding", (ids.size, len(table), table.shape[1]), ids=ids.reshape(-1), rows=table)
    return (found.reshape(*ids.shape, table.shape[1]),)


@on_cores("embedding_backward")
def _embedding_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, ids = inputs
    return (bench.over_tokens(_ones(ids, setting.shapes[0][0]), gradient),)


@on_cores("position")
def _position(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    x, table = inputs
    first = int(op.attrs.get("offset", 0))
    return (_added(bench, x, np.broadcast_to(table[first : first + x.shape[1]], x.shape)),)


@on_cores("position_backward")
def _position_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    (gradient,) = inputs
    at = np.broadcast_to(np.arange(gradient.shape[1]) + int(op.attrs.get("offset", 0)), gradient.shape[:2])
    return gradient, bench.over_tokens(_ones(at, setting.shapes[1][0]), gradient)


def _ones(ids: Array, count: int) -> Array:
    """Return a row for each token, zero but for a one at its id."""
    return np.asarray(ids.reshape(-1, 1) == np.arange(count), dtype=np.float32)


@on_cores("cross_entropy")
def _cross_entropy(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    logits, labels, share = _held(op, inputs, setting, 1.0)
    losses = bench.run("cross-entropy", logits.shape, x=logits, labels=labels)[:, :1]
    return (bench.over_tokens(losses, share[:, None]).reshape(1),)


@on_cores("cross_entropy_backward")
def _cross_entropy_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    logits, labels, share = _held(op, inputs, setting, scale_of_loss(setting))
    found = bench.run("cross-entropy-gradient", logits.shape, x=logits, labels=labels, share=share)
    return (found.reshape(inputs[0].shape),)


def _held(op: Op, inputs: Sequence[Array], setting: Setting, scale: float) -> tuple[Array, Array, Array]:
    """Return logits by token, the label of each, 0 where there is none, and its share of the mean, times *scale*."""
    logits = inputs[0].reshape(-1, inputs[0].shape[-1])
    labels = held_labels(op, inputs[1], logits.shape[-1])
    share = np.where(labels == IGNORED, 0.0, scale / labels_of_batch(op, labels, setting)).astype(np.float32)
    return logits, np.where(labels == IGNORED, 0, labels), share


@on_cores("norm")
def _norm(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    flat = np.concatenate([array.reshape(-1, 1) for array in inputs])
    return (bench.over_tokens(flat, flat).reshape(1).astype(np.float64),)


@on_cores("adamw")
def _adamw(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Weight and moments are updated where they lie, filled up to a row of each row of cores."""
    weight, _, moment1, moment2 = inputs
    rows = bench.grid[1]
    columns = -(-weight.size // rows)
    laid = {name: np.pad(array.reshape(-1), (0, rows * columns - weight.size)).reshape(rows, columns)
            for name, array in zip("wgmv", inputs, strict=True)}  # fmt: skip
    settings = settings_of(setting.scalars, decays=bool(op.attrs["decays"]))
    found = bench.run_on("adamw", (rows, columns), {"settings": settings, **laid}).reshape(3, -1)
    for array, updated in zip((weight, moment1, moment2), found, strict=True):
        array[...] = updated[: weight.size].reshape(weight.shape)
    return weight, moment1, moment2
