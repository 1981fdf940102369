"""What is to be mapped, and what is known of its kernels: many ways to lay a step are tried, by many questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from math import isqrt
from threading import Lock
from typing import Any, TypeVar

from wsesim.answer import MemoryUse, OpTime
from wsesim.graph import Graph
from wsesim.hardware import LARGEST_SRAM_BYTES, Cluster, Wafer
from wsesim.mapping.memory import Activations, activations_in, checkpoints, has_backward, layer_of
from wsesim.mapping.program import Program, Stage
from wsesim.mapping.stages import KernelKey, started
from wsesim.software import Training

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_MOST = 512
"""Things of a sort that are kept; then all of them are worked out anew, as they are needed."""


def kept(held: dict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """Return what is held at *key*, made now if it is not there."""
    found = held.get(key)
    if found is None:
        found = make()
        if len(held) >= _MOST:
            held.clear()
        held[key] = found
    return found


@dataclass(slots=True)
class Known:
    """What was worked out of kernels, to be used again: many ways to lay a step are tried, by many questions."""

    kernels: dict[KernelKey, OpTime] = field(default_factory=dict)
    stages: dict[tuple[int, float, int], tuple[Stage, ...]] = field(default_factory=dict)
    """By sequences of a pass, what is kept (`StepPlacement.recompute`) and parts of a layer."""
    memory: dict[tuple[int, float, int, int], tuple[MemoryUse, ...]] = field(default_factory=dict)
    """By the same and the sequences held."""
    programs: dict[tuple[int, float, int, int, int | None, int], Program] = field(default_factory=dict)
    """By passes, what is kept, sequences, systems, the micro-batch and parts; of any machine around such a wafer."""
    activations: dict[int, Activations] = field(default_factory=dict)
    """By parts of a layer."""
    launches: dict[int, float] = field(default_factory=dict)
    """By the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """What is to be mapped."""

    graph: Graph
    """Forward and backward, or forward only for evaluation; its batch is laid as passes are."""
    cluster: Cluster
    software: Training
    sequences: int
    """Of one step, all systems together: shared as evenly as can be."""
    length: int
    precision: str
    micro_batch: int | None = None
    """Sequences that are held at most, or None for no more than are worked on."""
    sub_batch: int | None = None
    """Sequences of a pass at most, or None to leave the passes open."""
    recompute: str = "auto"
    """auto | never | always."""
    parts: int | None = None
    """In which each layer is worked through (one of `mapping.memory.PARTS`), or None to leave them open."""
    rows: int | None = None
    """Of the wafer that are used at most, or None for all; as are columns."""
    columns: int | None = None
    known: Known = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", _known_of(self))

    @property
    def share(self) -> int:
        """Sequences of the fullest system, which the step waits for."""
        return -(-self.sequences // self.cluster.systems)

    @property
    def policies(self) -> tuple[float, ...]:
        """What may be kept (`StepPlacement.recompute`), the least that is computed again first."""
        if self.recompute == "never" or not has_backward(self.graph):
            return (0,)
        again = checkpoints(layer_of(self.graph).repeat)
        return (0, *again) if self.recompute == "auto" else again

    @property
    def counts(self) -> tuple[int, ...]:
        """In how many parts layers may be worked through, the fewest first."""
        if self.parts is not None:
            return (self.parts,)
        workings = {parts: what.working for parts, what in _activations(self).items()}
        return tuple(parts for parts in workings if all(workings[parts] < workings[fewer] for fewer in workings
                                                        if fewer < parts))  # fmt: skip

    @property
    def micro_batches(self) -> int:
        """Of the fullest system, if sequences are held that are not worked on; else 1."""
        return 1 if self.micro_batch is None else -(-self.share // self.held)

    @property
    def held(self) -> int:
        """Sequences of the largest micro-batch where one is stated, else all of the fullest system."""
        return next(cuts(self.share, self.micro_batch or self.share, even=bool(self.software.even_passes)))


_MOST_KNOWN = 64
_KNOWING = Lock()
_known: dict[Hashable, tuple[object, Known]] = {}
"""The blocks of a graph, kept so that no other has their identity, with what is known; the latest used last."""


def _known_of(request: StepRequest) -> Known:
    """Return what is known of the kernels of a request: that of all whose kernels cannot differ."""
    graph = request.graph
    axes = tuple(size for axis, size in graph.dims.items() if axis != "batch")
    wafer = _as_kernels_see(request.cluster.wafer)
    key = (id(graph.blocks), axes, wafer, request.software, request.length, request.precision, request.rows,
           request.columns)  # fmt: skip
    with _KNOWING:
        found = _known.pop(key, None) or (graph.blocks, Known())
        _known[key] = found
        if len(_known) > _MOST_KNOWN:
            _known.pop(next(iter(_known)))
    return found[1]


def _as_kernels_see(wafer: Wafer) -> Wafer:
    """Return a wafer with all that no kernel, no activation and no need of memory depends on set to the same."""
    core = replace(wafer.core, sram_bytes=LARGEST_SRAM_BYTES)
    unread: dict[str, Any] = {"io_bytes_per_s": 1.0, "energy": None, "die": None}
    return replace(wafer, core=core, **unread)


def activations_of(request: StepRequest) -> Activations:
    """Return what is kept per token in the parts asked for, or in one."""
    return _activations(request)[request.parts or 1]


def _activations(request: StepRequest) -> dict[int, Activations]:
    known = request.known.activations
    if not known:
        known.update(activations_in(request.graph))
    return known


def launches_of(request: StepRequest) -> float:
    """Return the kernels that a pass starts at least: those of layers that are computed again come on top."""
    parts = activations_of(request).parts
    return kept(request.known.launches, request.parts or 1, lambda: started(request.graph, request.software, parts))


def cuts(sequences: int, most: int, *, even: bool) -> Iterator[int]:
    """Yield the size of the largest part for each number of parts of *most* sequences or less, the fewest first.

    Parts are as even as can be: a remainder would not make them fewer; *even* ones are all alike.
    """
    size = min(most, sequences)
    if even:
        yield from (divisor for divisor in _divisors(sequences) if divisor <= size)
        return
    while size:
        parts = -(-sequences // size)
        size = -(-sequences // parts)
        yield size
        size -= 1


def _divisors(number: int) -> list[int]:
    """Return what divides *number*, largest first."""
    small = [divisor for divisor in range(1, isqrt(number) + 1) if number % divisor == 0]
    return sorted({*small, *(number // divisor for divisor in small)}, reverse=True)
