"""The machine as values: a core, its fabric, a wafer of them, and what stands around the wafer.

Every number a preset gives is a field here; what follows from other numbers is a property. Rates of a core are per
clock cycle, everything outside the wafer is in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.errors import SpecError, require_choice, require_positive

PRECISIONS = ("fp16", "mixed", "fp32")
"""Arithmetic of a multiply-accumulate: all 16-bit; 16-bit factors summed in 32 bits; all 32-bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """One core of the wafer: a datapath, its private memory and its scheduler."""

    clock_hz: float
    """Clock of the core and of its router, hertz."""
    sram_bytes: int
    """Private memory, bytes."""
    reserved_bytes: int
    """Part of the memory that program, stack and system take, bytes."""
    fmac_fp16_per_cycle: float
    """Peak multiply-accumulates per cycle, 16-bit factors and sum."""
    fmac_mixed_per_cycle: float
    """Peak multiply-accumulates per cycle, 16-bit factors and 32-bit sum."""
    fmac_fp32_per_cycle: float
    """Peak multiply-accumulates per cycle, 32-bit factors and sum."""
    simd_fp16_per_cycle: float
    """Elements per cycle of a 16-bit add, multiply or move."""
    simd_fp32_per_cycle: float
    """Elements per cycle of a 32-bit add or move."""
    sram_read_bytes_per_cycle: float
    """Bytes the datapath reads from memory per cycle."""
    sram_write_bytes_per_cycle: float
    """Bytes the datapath writes to memory per cycle."""
    vector_launch_cycles: int
    """Cycles a vector instruction costs beside its elements."""
    task_launch_cycles: int
    """Cycles from the activation of a task to its first instruction."""
    exp_cycles: int
    """Cycles of one scalar exponential with its range reduction."""
    divide_cycles: int
    """Cycles of one scalar 32-bit divide."""
    sqrt_cycles: int
    """Cycles of one scalar 32-bit square root."""

    def __post_init__(self) -> None:
        require_positive(
            clock_hz=self.clock_hz,
            sram_bytes=self.sram_bytes,
            fmac_fp16_per_cycle=self.fmac_fp16_per_cycle,
            fmac_mixed_per_cycle=self.fmac_mixed_per_cycle,
            fmac_fp32_per_cycle=self.fmac_fp32_per_cycle,
            simd_fp16_per_cycle=self.simd_fp16_per_cycle,
            simd_fp32_per_cycle=self.simd_fp32_per_cycle,
            sram_read_bytes_per_cycle=self.sram_read_bytes_per_cycle,
            sram_write_bytes_per_cycle=self.sram_write_bytes_per_cycle,
            exp_cycles=self.exp_cycles,
            divide_cycles=self.divide_cycles,
            sqrt_cycles=self.sqrt_cycles,
        )
        _require_not_negative(
            reserved_bytes=self.reserved_bytes,
            vector_launch_cycles=self.vector_launch_cycles,
            task_launch_cycles=self.task_launch_cycles,
        )
        if self.reserved_bytes >= self.sram_bytes:
            raise SpecError("reserved_bytes", f"is {self.reserved_bytes} of {self.sram_bytes} bytes; nothing is left")

    @property
    def usable_bytes(self) -> int:
        """Memory left for data, bytes."""
        return self.sram_bytes - self.reserved_bytes

    def fmac_per_cycle(self, precision: str) -> float:
        """Return the peak multiply-accumulates per cycle at *precision*, one of `PRECISIONS`.

        Raises:
            SpecError: an unknown precision.
        """
        require_choice("precision", precision, PRECISIONS)
        rates = (self.fmac_fp16_per_cycle, self.fmac_mixed_per_cycle, self.fmac_fp32_per_cycle)
        return dict(zip(PRECISIONS, rates, strict=True))[precision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """The mesh that joins the cores: one router each, a link to every neighbour, a ramp to the core."""

    wavelet_bytes: int
    """Payload of a wavelet, bytes."""
    link_wavelets_per_cycle: float
    """Wavelets a link or a ramp passes per cycle, each way."""
    hop_cycles: int
    """Cycles from one router to the next."""
    ramp_cycles: int
    """Cycles from a router to its core, and from a core to its router."""
    colors: int
    """Routes a program can tell apart (virtual channels)."""

    def __post_init__(self) -> None:
        require_positive(
            wavelet_bytes=self.wavelet_bytes,
            link_wavelets_per_cycle=self.link_wavelets_per_cycle,
            colors=self.colors,
        )
        _require_not_negative(hop_cycles=self.hop_cycles, ramp_cycles=self.ramp_cycles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wafer:
    """One system's wafer: the rectangle of cores a program can use, its edge and its power."""

    columns: int
    """Cores along x that a program can use."""
    rows: int
    """Cores along y that a program can use."""
    core: Core
    """Every core of the wafer."""
    fabric: Fabric
    """The mesh between them."""
    io_bytes_per_s: float
    """Bytes per second into the wafer, and as many out of it at the same time."""
    io_channels: int
    """Places on the west edge, and as many on the east edge, where data enters or leaves."""
    idle_power_w: float
    """Power of the whole system when no core computes, watts."""
    active_power_w: float
    """Power on top of that when every core computes, watts."""

    def __post_init__(self) -> None:
        require_positive(
            columns=self.columns, rows=self.rows, io_bytes_per_s=self.io_bytes_per_s, io_channels=self.io_channels
        )
        _require_not_negative(idle_power_w=self.idle_power_w, active_power_w=self.active_power_w)

    @property
    def cores(self) -> int:
        """Cores a program can use."""
        return self.columns * self.rows

    @property
    def sram_bytes(self) -> int:
        """Memory for data on the whole wafer, bytes."""
        return self.cores * self.core.usable_bytes

    def peak_flops(self, precision: str) -> float:
        """Return dense FLOP/s at *precision* with every usable core busy; a multiply-accumulate is two FLOPs.

        Raises:
            SpecError: an unknown precision.
        """
        return 2 * self.cores * self.core.fmac_per_cycle(precision) * self.core.clock_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryX:
    """The store outside the wafers: keeps weights and optimizer state, streams weights, applies gradients."""

    capacity_bytes: int
    """What it holds, bytes."""
    stream_bytes_per_s: float
    """Weights it can send, bytes per second; as many gradients come back at the same time."""
    update_bytes_per_s: float
    """Memory traffic the optimizer can cause, bytes per second."""
    latency_s: float
    """Time from a request to its first byte, seconds."""
    shard_bytes: int
    """Size of the pieces weights are streamed in, bytes."""
    load_bytes_per_s: float
    """What a checkpoint is read in at before the first step, bytes per second."""
    save_bytes_per_s: float
    """What a checkpoint is written at, bytes per second."""

    def __post_init__(self) -> None:
        require_positive(
            capacity_bytes=self.capacity_bytes, stream_bytes_per_s=self.stream_bytes_per_s,
            update_bytes_per_s=self.update_bytes_per_s, shard_bytes=self.shard_bytes,
            load_bytes_per_s=self.load_bytes_per_s, save_bytes_per_s=self.save_bytes_per_s,
        )  # fmt: skip
        _require_not_negative(latency_s=self.latency_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmX:
    """The tree between store and wafers: broadcasts weights down, sums gradients up."""

    fan_in: int
    """Children of a node of the tree."""
    link_bytes_per_s: float
    """Bytes per second on a link of the tree, each way."""
    hop_s: float
    """Latency of one level of the tree, seconds."""

    def __post_init__(self) -> None:
        require_positive(fan_in=self.fan_in, link_bytes_per_s=self.link_bytes_per_s)
        _require_not_negative(hop_s=self.hop_s)
        if self.fan_in < 2:
            raise SpecError("fan_in", "must be at least 2, or the tree never narrows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The server that feeds a system with tokens."""

    input_bytes_per_s: float
    """Tokens it can deliver to a system, bytes per second."""
    latency_s: float
    """Time from a request to its first byte, seconds."""
    upload_bytes_per_s: float
    """What it copies into cores' memory while a program waits, bytes per second."""
    upload_floor_s: float
    """Least time of such a copy, seconds."""
    download_bytes_per_s: float
    """What it copies out of cores' memory, bytes per second."""

    def __post_init__(self) -> None:
        require_positive(
            input_bytes_per_s=self.input_bytes_per_s,
            upload_bytes_per_s=self.upload_bytes_per_s,
            download_bytes_per_s=self.download_bytes_per_s,
        )
        _require_not_negative(latency_s=self.latency_s, upload_floor_s=self.upload_floor_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Choices and costs of the software, apart from the work itself."""

    kernel_launch_s: float
    """Time to start one kernel on the whole wafer: command, program switch, barrier; seconds."""
    step_s: float
    """Fixed work at each training step, seconds."""
    programming_s: float
    """Time to load a compiled program onto the systems, once a job, seconds."""
    partial_sum_bytes: int
    """Size of a partial sum of a linear layer on its way along the row, bytes."""
    attention_value_bytes: int
    """Size of a partial score or a probability on its way along the row, bytes."""
    weight_launch_cycles: int
    """Cycles an arriving weight costs beside the elements of its AXPY."""
    link_slowdown: float
    """Cycles of a streaming link on silicon over those of the fabric's design."""
    token_turn_s: float
    """Inference: time from the choice of a token to its embedding's arrival where the next pass begins, seconds."""
    element_loop_cycles: int
    """Inference: cycles of a scalar loop for each element of norms, rotary positions, softmax, activations and scores;
    0 where they are vector instructions."""

    def __post_init__(self) -> None:
        require_positive(
            partial_sum_bytes=self.partial_sum_bytes,
            attention_value_bytes=self.attention_value_bytes,
            link_slowdown=self.link_slowdown,
        )
        _require_not_negative(
            kernel_launch_s=self.kernel_launch_s, step_s=self.step_s, weight_launch_cycles=self.weight_launch_cycles,
            programming_s=self.programming_s, token_turn_s=self.token_turn_s,
            element_loop_cycles=self.element_loop_cycles,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Everything a run uses: equal systems, the tree and the store they share, hosts and software."""

    name: str
    """What people call the machine."""
    systems: int
    """Systems a run uses, each with one wafer."""
    max_systems: int
    """Systems the machine can have."""
    wafer: Wafer
    """The wafer in each system."""
    memoryx: MemoryX
    """The store that all systems share."""
    swarmx: SwarmX
    """The tree between the store and the systems."""
    host: Host
    """The server beside each system."""
    runtime: Runtime
    """Costs of the software."""

    def __post_init__(self) -> None:
        require_positive(systems=self.systems, max_systems=self.max_systems)
        if self.systems > self.max_systems:
            raise SpecError("systems", f"must be at most {self.max_systems} on {self.name}, got {self.systems}")


def _require_not_negative(**fields: float) -> None:
    for name, value in fields.items():
        if not 0 <= value < float("inf"):
            raise SpecError(name, f"must be zero or above, got {value}")
