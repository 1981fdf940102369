"""What an answer brings beside its figures: kernels, tracks of time, memory, tables, drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTime:
    """One kernel of the answer, all its calls together; seconds on one wafer."""

    block: str
    """embed | layer | head | resident."""
    phase: str
    """forward | backward | recompute or strips (a forward kernel that runs again in the backward pass: as it was not
    kept, or as it passes in strips) | prefill | decode."""
    name: str
    kind: str
    calls: int
    flops: int
    """Matrix FLOPs of all calls on one wafer."""
    cycles: int
    """Cycles of one call."""
    seconds: float
    """Of all calls together."""
    bound: str
    """The cause that takes most."""
    parts: Mapping[str, float]
    """Cycles of one call by cause; they sum to `cycles`."""
    weight_bytes: int = 0
    """Streamed in for one call."""
    gradient_bytes: int = 0
    """Streamed out after one call."""
    fabric_bytes: int = 0
    """Moved over the fabric by one call, all links together."""
    sram_bytes: int = 0
    """Read and written in SRAM by one call, all cores together."""
    events: Mapping[str, float] = field(default_factory=dict)
    """What costs energy in one call, all cores together, by kind: multiply-accumulates, accesses, issues, hops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Something on a track of the timeline from `start_s` to `end_s`."""

    track: str
    name: str
    start_s: float
    end_s: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """One line of the memory table of a core."""

    what: str
    bytes_per_core: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of an answer that are not one figure: percentiles, costs of the job, kernels that ran on cores."""

    name: str
    """Key in JSON, and of its own file where one is written: `percentiles`."""
    title: str
    columns: tuple[str, ...]
    """Field names with their unit (`seconds`, `p50_s`, `share`, `note`); readers print values by them."""
    rows: tuple[tuple[object, ...], ...]
    """Text, numbers or None."""
    asked: bool = False
    """Whether it was asked for by itself, and so stands in a short answer, too."""
