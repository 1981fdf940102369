"""What every kernel's closed form needs and gives: a region of cores, and cycles by cause.

The layout all kernels share: features of a token lie along x, tokens along y.

          columns: features -->
        +------+------+------+------+
   rows | t0   | t0   | t0   | t0   |     a core holds `tokens_per_core` tokens
   |    | f0-1 | f2-3 | f4-5 | f6-7 |     times width / columns features of each
 tokens +------+------+------+------+
   |    | t1   | t1   | t1   | t1   |
   v    | f0-1 | f2-3 | f4-5 | f6-7 |
        +------+------+------+------+

Features divide over the columns without remainder here: a width of 1,088 on 750 columns counts as 1.45 a core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, fsum
from typing import NamedTuple

from wsesim.hardware import MAC_EVENTS, PORT_BYTES, Cluster, Core
from wsesim.kernels.collectives import link_cycles
from wsesim.kernels.counts import added
from wsesim.software import Training

MIXED_TRAFFIC_BYTES = {"fp16": (4, 2), "mixed": (6, 4), "bf16": (6, 4), "cb16": (6, 4), "fp32": (8, 4)}
"""SRAM bytes (read, written) by one multiply-accumulate of an AXPY: x and y in, y out, at their precisions."""


class Axpy(NamedTuple):
    """A vector times a number, added to another."""

    cycles: float
    sram_bytes: float
    """Read and written."""
    events: Mapping[str, float]
    """On the core, by kind (`hardware.Energy`)."""


def sustained_fmac(core: Core, precision: str) -> float:
    """Return the multiply-accumulates per cycle of an AXPY, its sums in SRAM: the datapath's, or what SRAM feeds.

    Reads and writes have ports of their own. Mixed precision reads 6 bytes a MAC, so that 16 bytes a cycle feed 2.67 of
    WSE-3's four lanes; in 16 bits a MAC reads 4 bytes, which feeds four of eight, as AXPYs there measure.
    """
    read, written = MIXED_TRAFFIC_BYTES[precision]
    fed = min(core.sram_read_bytes_per_cycle / read, core.sram_write_bytes_per_cycle / written)
    return min(core.fmac_per_cycle(precision), fed)


def mac_events(core: Core, precision: str, macs: float, *, kept: bool = True) -> dict[str, float]:
    """Return the events of so many multiply-accumulates, whose sums are read and written unless they are in a register.

    Each operand of an issue is an access, or as many as ports are wide. Sums count as lying beside the datapath if a
    core has memory for any there: with all of them in SRAM, training at its measured pace would draw 28 to 30 kW of a
    CS-2 that is made for 23. Assumed: how its programs lay them is not published.
    """
    read, written = MIXED_TRAFFIC_BYTES[precision]
    lanes = core.fmac_per_cycle(precision)
    issues = macs / lanes
    operands = {"sram": issues * _accesses(lanes * (read - written))}
    sums = {_sums_in(core): 2 * issues * _accesses(lanes * written)} if kept else {}
    return together({MAC_EVENTS[precision]: macs, "issue": issues}, operands, sums)


def passed_events(core: Core, sums: float) -> dict[str, float]:
    """Return the events of adding a core's own part to partial *sums* in 32 bits that pass it."""
    issues = sums / core.simd_fp32_per_cycle
    return {"mac_fp32": sums, "issue": issues, _sums_in(core): issues * _accesses(4 * core.simd_fp32_per_cycle)}


def _sums_in(core: Core) -> str:
    return "accumulator" if core.accumulator_bytes else "sram"


def element_events(core: Core, operations: float, cycles: float) -> dict[str, float]:
    """Return the events of vector operations on elements in 32 bits, in memory, and of all *cycles* at work."""
    issues = operations / core.simd_fp32_per_cycle
    return {"mac_fp32": operations, "issue": cycles, "sram": 3 * issues * _accesses(4 * core.simd_fp32_per_cycle)}


def _accesses(operand_bytes: float) -> float:
    return max(1.0, operand_bytes / PORT_BYTES)


def all_of(events: Mapping[str, float], times: float) -> dict[str, float]:
    """Return so many times the events."""
    return {event: times * count for event, count in events.items()}


def together(*parts: Mapping[str, float]) -> dict[str, float]:
    """Return the events of all *parts*."""
    found: dict[str, float] = {}
    for part in parts:
        for event, count in part.items():
            found[event] = found.get(event, 0.0) + count
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A rectangle of cores with the tokens of one micro-batch laid on it."""

    cluster: Cluster
    software: Training
    sequences: int
    """Sequences of the micro-batch on this wafer."""
    length: int
    """Tokens of a sequence."""
    precision: str
    """fp16 | mixed | fp32: of the linear layers."""

    @property
    def columns(self) -> int:
        """Cores along which features lie."""
        return self.cluster.wafer.columns

    @property
    def rows(self) -> int:
        """Cores along which tokens lie: as many rows of the wafer as hold any, each as many as it can."""
        return -(-self.sequences * self.length // self.tokens_per_core)

    @property
    def cores(self) -> int:
        """All cores of the rectangle."""
        return self.columns * self.rows

    @property
    def tokens_per_core(self) -> int:
        """Tokens on the fullest core."""
        return -(-self.sequences * self.length // self.cluster.wafer.rows)

    @property
    def wavelet_bytes(self) -> int:
        """Payload of a wavelet."""
        return self.cluster.wafer.fabric.wavelet_bytes

    def features_per_core(self, width: int) -> float:
        """Return the features of a token that one core holds."""
        return width / self.columns

    def features_of(self, width: int) -> tuple[int, ...]:
        """Return the first feature of each column, and at last their number: whole features, as even as they can be."""
        return tuple(column * width // self.columns for column in range(self.columns + 1))

    def tokens_of(self, tokens: int) -> tuple[int, ...]:
        """Return the first token of each row, and at last their number; of fewer than all each row has its share."""
        if tokens == self.sequences * self.length:
            return tuple(min(tokens, row * self.tokens_per_core) for row in range(self.rows + 1))
        return tuple(row * tokens // self.rows for row in range(self.rows + 1))

    def axpy(self, precision: str, tokens: float) -> Axpy:
        """Return an AXPY over *tokens* with the start of its weight, the faster of two ways.

        Sums are read and written in SRAM; or they stay in the memory beside the datapath, block by block where it
        does not hold them all, each block with a start of its own, and the other operand alone is read.
        """
        core, start = self.cluster.wafer.core, self.software.weight_launch_cycles
        read, written = MIXED_TRAFFIC_BYTES[precision]
        cycles = tokens / sustained_fmac(core, precision) + start
        events = mac_events(core, precision, tokens)
        in_sram = Axpy(cycles, tokens * (read + written), events)
        if not core.accumulator_bytes:
            return in_sram
        rate = min(core.fmac_per_cycle(precision), core.sram_read_bytes_per_cycle / (read - written))
        blocks = max(1.0, tokens * written / core.accumulator_bytes)
        beside = Axpy(tokens / rate + start * blocks, tokens * (read - written), events)
        return beside if beside.cycles < in_sram.cycles else in_sram

    def fed_axpy_cycles(self, wavelets: float) -> float:
        """Return the cycles of an AXPY, with the start of its weight, that takes or sends its sums as so many wavelets.

        The datapath takes one a cycle from the fabric, however many values it multiplies.
        """
        return wavelets / self.cluster.wafer.fabric.link_wavelets_per_cycle + self.software.weight_launch_cycles

    def link_wavelets_per_cycle(self) -> float:
        """Return the wavelets a link passes per cycle on silicon, where a stream has gaps that limit heat."""
        return self.cluster.wafer.fabric.link_wavelets_per_cycle / self.cluster.wafer.silicon.link_slowdown

    def chain_fill_cycles(self, cores: int) -> float:
        """Return the latency of a chain through *cores*: each hop leaves and enters a core (HPDC 2024 model)."""
        return link_cycles(self.cluster.wafer.fabric, 1) * max(0, cores - 1)

    def edge_wavelets_per_cycle(self) -> float:
        """Return the wavelets both edges together take in per cycle."""
        return 2 * self.cluster.wafer.io_channels * self.link_wavelets_per_cycle()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cycles of an op: resources that work at the same time, then what comes on top; costs add and scale."""

    overlapped: Mapping[str, float] = field(default_factory=dict)
    """Cycles each resource is busy; the largest counts. Empty where a program does one thing after the other."""
    serial: Mapping[str, float] = field(default_factory=dict)
    """Cycles that nothing hides, such as the fill of a pipeline."""
    macs: float = 0.0
    """Multiply-accumulates of the model, without those on padding."""
    fabric_bytes: float = 0.0
    """Payload over all links of the region."""
    sram_bytes: float = 0.0
    """Read and written by all cores of the region."""
    events: Mapping[str, float] = field(default_factory=dict)
    """Of all cores of a streamed op, by kind (`hardware.Energy`), but for wavelets; resident ops are counted from
    their bytes."""

    @property
    def bound(self) -> str:
        """The resource that sets the time; of a cost without overlap the largest cause."""
        busy = self.overlapped or self.serial
        return max(busy, key=lambda name: busy[name])

    @property
    def cycles(self) -> float:
        """Cycles from start to end. A kernel whose resources overlap is launched alone, so it ends on a whole cycle."""
        serial: float = added(self.serial.values())
        return ceil(max(self.overlapped.values()) + serial) if self.overlapped else serial

    def parts(self) -> dict[str, float]:
        """Return the cycles by cause; they sum to `cycles`.

        Arithmetic counts in full; the resource that holds it up counts only with what sticks out.
        """
        if not self.overlapped:
            return dict(self.serial)
        work, longest = _useful(self.overlapped), max(self.overlapped.values())
        parts = {work: self.overlapped[work]}
        if longest > self.overlapped[work]:
            parts[self.bound] = longest - self.overlapped[work]
        for name, cycles in self.serial.items():
            parts[name] = parts.get(name, 0.0) + cycles
        parts[work] += self.cycles - fsum(parts.values())
        return {name: cycles for name, cycles in parts.items() if cycles}

    def __add__(self, other: Cost) -> Cost:
        """Return this, then *other*."""
        return self.then(other)

    def then(self, *others: Cost) -> Cost:
        """Return this and *others*, one after the other."""
        costs = (self, *others)
        parts: dict[str, float] = {}
        for cost in costs:
            for cause, cycles in cost.parts().items():
                parts[cause] = parts.get(cause, 0.0) + cycles
        return Cost(
            serial=parts,
            macs=added(cost.macs for cost in costs),
            fabric_bytes=added(cost.fabric_bytes for cost in costs),
            sram_bytes=added(cost.sram_bytes for cost in costs),
            events=together(*(cost.events for cost in costs)),
        )

    def slowed(self, factor: float) -> Cost:
        """Return the same work in *factor* times the cycles."""
        return replace(
            self.times(factor), macs=self.macs, fabric_bytes=self.fabric_bytes, sram_bytes=self.sram_bytes,
            events=self.events,
        )  # fmt: skip

    def share(self, share: float) -> Cost:
        """Return the cost of a share of the work, which ends on a whole cycle as all of it does."""
        return Cost(
            overlapped={name: share * cycles for name, cycles in self.overlapped.items()},
            serial={name: share * cycles for name, cycles in self.serial.items()},
            macs=share * self.macs,
            fabric_bytes=share * self.fabric_bytes,
            sram_bytes=share * self.sram_bytes,
            events=all_of(self.events, share),
        )

    def times(self, count: float) -> Cost:
        """Return the same, *count* times in a row."""
        return Cost(
            serial={cause: count * cycles for cause, cycles in self.parts().items()},
            macs=count * self.macs,
            fabric_bytes=count * self.fabric_bytes,
            sram_bytes=count * self.sram_bytes,
            events=all_of(self.events, count),
        )


def _useful(overlapped: Mapping[str, float]) -> str:
    return next((name for name in ("fmac", "elementwise") if name in overlapped), next(iter(overlapped)))
