"""The machine as values: a wafer of cores, what stands around it, and the cluster of all.

Every number a preset gives is a field here or in `core`, `energy`, `die` and `price`; what follows from other numbers
is a property. Everything outside the wafer is in seconds. What programs and releases do is not here but in `software`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from wsesim.errors import SpecError, require_at_most, require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither
from wsesim.hardware.core import SLOWDOWNS, Code, Core, Fabric, Silicon
from wsesim.hardware.die import Die
from wsesim.hardware.energy import Energy
from wsesim.hardware.price import Price
from wsesim.slotted import Hashed, hashed_once

MOST_CORES = 10**8
"""Of a wafer of 46,225 mm2 each has then 460 square micrometres: 2 KiB of SRAM of 0.021 a bit, and little else."""


@hashed_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Wafer(Hashed):
    """One system's wafer: the rectangle of cores a program can use, its edge, its power and its area."""

    columns: int = field(metadata=MORE)
    """Cores along x that a program can use."""
    rows: int = field(metadata=MORE)
    """Cores along y that a program can use."""
    core: Core
    """Every core of the wafer."""
    fabric: Fabric
    """The mesh between them."""
    silicon: Silicon
    """What a machine takes longer than the simulator of its fabric."""
    code: Code
    """Cycles of scalar code around the instructions of programs."""
    io_bytes_per_s: float = field(metadata=MORE)
    """Bytes per second into the wafer, and as many out of it at the same time."""
    io_channels: int = field(metadata=MORE)
    """Places on the west edge, and as many on the east edge, where data enters or leaves."""
    energy: Energy
    """What it draws."""
    die: Die
    """Its area, its spare cores and the defects it is made with."""
    lost_columns: int = 0
    """Of those that the wafer is said to have, what defects of a row leave no core for."""

    def __post_init__(self) -> None:
        require_positive(
            columns=self.columns, rows=self.rows, io_bytes_per_s=self.io_bytes_per_s, io_channels=self.io_channels
        )
        require_not_negative(lost_columns=self.lost_columns)
        why = f"a wafer has room for {MOST_CORES:,} cores of 2 KiB"
        require_at_most(MOST_CORES, why, columns=self.columns, rows=self.rows)
        longer = "columns" if self.columns >= self.rows else "rows"
        require_at_most(MOST_CORES // min(self.columns, self.rows), why, **{longer: getattr(self, longer)})

    @property
    def cores(self) -> int:
        """Cores a program can use."""
        return self.columns * self.rows

    @property
    def all_columns(self) -> int:
        """Cores along x that the wafer is said to have, with those that defects leave no core for."""
        return self.columns + self.lost_columns

    @property
    def sram_bytes(self) -> int:
        """Memory for data on the whole wafer, bytes."""
        return self.cores * self.core.usable_bytes

    def as_designed(self) -> Wafer:
        """Return the wafer as the simulator of its fabric has it: without the cycles silicon inserts against heat."""
        return replace(self, silicon=Silicon(**dict.fromkeys(SLOWDOWNS.values(), 1.0)))

    def peak_flops(self, precision: str) -> float:
        """Return dense FLOP/s at *precision* with every usable core busy; a multiply-accumulate is two FLOPs.

        Raises:
            SpecError: an unknown precision.
        """
        return 2 * self.cores * self.core.fmac_per_cycle(precision) * self.core.clock_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryX:
    """The store outside the wafers: keeps weights and optimizer state, streams weights, applies gradients."""

    capacity_bytes: int = field(metadata=MORE)
    """What it holds, bytes."""
    stream_bytes_per_s: float = field(metadata=MORE)
    """Weights it can send, bytes per second; as many gradients come back at the same time."""
    update_bytes_per_s: float = field(metadata=MORE)
    """Memory traffic the optimizer can cause, bytes per second."""
    latency_s: float = field(metadata=LESS)
    """Time from a request to its first byte, seconds."""
    shard_bytes: int = field(metadata=neither("small pieces come sooner, large ones ask less often"))
    """Size of the pieces weights are streamed in, bytes."""
    load_bytes_per_s: float = field(metadata=MORE)
    """What a checkpoint is read in at before the first step, bytes per second."""
    save_bytes_per_s: float = field(metadata=MORE)
    """What a checkpoint is written at, bytes per second."""

    def __post_init__(self) -> None:
        require_positive(
            capacity_bytes=self.capacity_bytes, stream_bytes_per_s=self.stream_bytes_per_s,
            update_bytes_per_s=self.update_bytes_per_s, shard_bytes=self.shard_bytes,
            load_bytes_per_s=self.load_bytes_per_s, save_bytes_per_s=self.save_bytes_per_s,
        )  # fmt: skip
        require_not_negative(latency_s=self.latency_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmX:
    """The tree between store and wafers: broadcasts weights down, sums gradients up."""

    fan_in: int = field(metadata=neither("wider nodes make fewer levels, and share what a node passes among more"))
    """Children of a node of the tree."""
    link_bytes_per_s: float = field(metadata=MORE)
    """Bytes per second on a link of the tree, each way."""
    node_bytes_per_s: float = field(metadata=MORE)
    """What a node copies down, and adds up on the way back, all its children together, bytes per second each way."""
    hop_s: float = field(metadata=LESS)
    """Latency of one level of the tree, seconds."""

    def __post_init__(self) -> None:
        require_positive(
            fan_in=self.fan_in, link_bytes_per_s=self.link_bytes_per_s, node_bytes_per_s=self.node_bytes_per_s
        )
        require_not_negative(hop_s=self.hop_s)
        if self.fan_in < 2:
            raise SpecError("fan_in", "must be at least 2, or the tree never narrows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The server that feeds systems with tokens."""

    input_bytes_per_s: float = field(metadata=MORE)
    """Tokens it can deliver, bytes per second."""
    feeds: int = field(metadata=LESS)
    """Systems that share it, each with its part of that rate."""
    latency_s: float = field(metadata=LESS)
    """Time from a request to its first byte, seconds."""
    upload_bytes_per_s: float = field(metadata=MORE)
    """What it copies into cores' memory while a program waits, bytes per second."""
    upload_floor_s: float = field(metadata=LESS)
    """Least time of such a copy, seconds."""
    download_bytes_per_s: float = field(metadata=MORE)
    """What it copies out of cores' memory, bytes per second."""
    programming_s: float = field(metadata=LESS)
    """Time to load a compiled program onto the systems, once a job, seconds."""

    def __post_init__(self) -> None:
        require_positive(
            input_bytes_per_s=self.input_bytes_per_s,
            feeds=self.feeds,
            upload_bytes_per_s=self.upload_bytes_per_s,
            download_bytes_per_s=self.download_bytes_per_s,
        )
        require_not_negative(
            latency_s=self.latency_s, upload_floor_s=self.upload_floor_s, programming_s=self.programming_s
        )


@hashed_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(Hashed):
    """Everything a run uses: equal systems, the tree and the store they share, and hosts."""

    name: str
    """What people call the machine."""
    systems: int = field(metadata=neither("the more there are, the longer the slowest of them is waited for"))
    """Systems a run uses, each with one wafer."""
    max_systems: int = field(metadata=MORE)
    """Systems the machine can have."""
    wafer: Wafer
    """The wafer in each system."""
    memoryx: MemoryX
    """The store that all systems share."""
    swarmx: SwarmX
    """The tree between the store and the systems."""
    host: Host
    """The server beside each system."""
    price: Price
    """What wafers, systems and electricity cost."""

    def __post_init__(self) -> None:
        require_positive(systems=self.systems, max_systems=self.max_systems)
        if self.systems > self.max_systems:
            raise SpecError("systems", f"must be at most {self.max_systems} on {self.name}, got {self.systems}")
