"""One step of training on simulated cores: forward, loss, backward, update, op after op, each held to the executor.

the executor ── asks for each op ──► cores: one program or several ──► values ──► the next op
                                └──► NumPy, on the same values ──► the largest difference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.graph import Graph, Op
from wsesim.hardware import Wafer
from wsesim.numerics import (
    DEVIATIONS,
    EXACT,
    UNIT_ROUNDOFF,
    Key,
    NamedArrays,
    OpFunction,
    Setting,
    Storage,
    Weights,
    backward,
    forward,
    function_of,
)
from wsesim.numerics.mapped import HeldTensor, hold_step
from wsesim.trials.core_ops import Bench, core_op

Array = NDArray[Any]
ERF_ERROR = 1.5e-7
"""Where a program takes the error function by Abramowitz and Stegun's formula 7.1.26, what that is off by."""
BY_FORMULA = ("gelu", "gelu_backward")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpOnCores:
    """An op that ran on cores."""

    phase: str
    name: str
    kind: str
    cycles: int
    programs: int
    """That ran for it, one after the other."""
    difference: float
    """Largest, from what NumPy makes of the same values."""
    allowed: float
    """What rounding may come to."""

    @property
    def excess(self) -> float:
        """Difference beside what is allowed: over 1 is a mistake."""
        return self.difference / self.allowed if self.allowed else inf if self.difference else 0.0


@dataclass(frozen=True, kw_only=True)
class CoreStorage(Storage):
    """The executor's ops on simulated cores; nothing is rounded but as cores do."""

    bench: Bench
    format: str = "fp32"
    ops: list[OpOnCores] = field(default_factory=list)
    say: Callable[[str], None] = lambda _: None

    def function_of(self, op: Op) -> OpFunction:
        """Return what runs an op on cores, compares and notes it."""
        return partial(self._run, core_op(op))

    def _run(self, on_cores: Any, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
        self.say(op.name)
        before, given = len(self.bench.programs), [array.copy() for array in inputs]
        found: tuple[Array, ...] = on_cores(self.bench, op, inputs, setting)
        ran = self.bench.programs[before:]
        wanted = function_of(op)(op, given, replace(setting, spare=()))
        off = [float(np.abs(a - b).max(initial=0.0)) for a, b in zip(found, wanted, strict=True)]
        allowed = [_allowed(op, given, array) for array in wanted]
        worst = max(range(len(off)), key=lambda at: off[at] / (allowed[at] or 1.0))
        self.ops.append(OpOnCores(
            phase=op.phase, name=op.name, kind=op.kind, cycles=sum(cycles for _, cycles in ran),
            programs=len(ran), difference=off[worst], allowed=allowed[worst],
        ))  # fmt: skip
        return found


def _allowed(op: Op, inputs: Sequence[Array], wanted: Array) -> float:
    """Return how far cores may be from NumPy where both round, as `wsesim verify` allows it.

    That is u sqrt(n) (8 rms + largest), n being of how many terms one number is made, at most.
    """
    largest = max(float(np.abs(array).max(initial=0.0)) for array in (*inputs, wanted) if array.dtype.kind == "f")
    terms = max(array.shape[-1] for array in inputs if array.ndim) + max(array.size for array in inputs) ** 0.5
    rms = sqrt(float(np.square(wanted, dtype=np.float64).mean()))
    rounding = UNIT_ROUNDOFF * sqrt(terms) * (DEVIATIONS * rms + largest)
    return rounding + (ERF_ERROR * largest if op.kind in BY_FORMULA else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOnCores:
    """A step that ran on cores, beside the same step by the executor."""

    grid: tuple[int, int]
    """Columns and rows."""
    ops: tuple[OpOnCores, ...]
    tensors: tuple[HeldTensor, ...]
    """Loss, gradients and updated weights of the whole step, held to the executor's."""
    loss: float

    @property
    def cycles(self) -> int:
        """Of all programs, one after the other."""
        return sum(op.cycles for op in self.ops)

    @property
    def ok(self) -> bool:
        """Whether all that differs is rounding."""
        return self.worst.excess <= 1 and self.worst_op.excess <= 1

    @property
    def worst(self) -> HeldTensor:
        """The tensor whose error is largest beside what is allowed."""
        return max(self.tensors, key=lambda held: held.excess)

    @property
    def worst_op(self) -> OpOnCores:
        """The op whose difference is largest beside what is allowed."""
        return max(self.ops, key=lambda op: op.excess)


def step_on_cores(
    graph: Graph, weights: Weights, tokens: Mapping[str, Array], wafer: Wafer, grid: tuple[int, int],
    *, say: Callable[[str], None] = lambda _: None,
) -> StepOnCores:  # fmt: skip
    """Take a step of training on simulated cores, and by the executor, and compare.

    Raises:
        NotModelled: an op that no core program does.
        ProgramError: one that does not fit the cores.
    """
    on_cores, arrays = CoreStorage(bench=Bench(wafer=wafer, grid=grid), say=say), NamedArrays.begin(graph, weights)
    wanted, found = (_passes(graph, arrays, tokens, storage) for storage in (EXACT, on_cores))
    tensors = tuple(hold_step(graph, arrays, wanted, found, on_cores))
    return StepOnCores(grid=grid, ops=tuple(on_cores.ops), tensors=tensors, loss=sum(found[0].values()))


def _passes(
    graph: Graph, arrays: NamedArrays, tokens: Mapping[str, Array], storage: Storage
) -> tuple[Mapping[str, float], Mapping[Key, Array]]:
    run = forward(graph, arrays, tokens, storage=storage)
    return run.losses, backward(graph, arrays, run)
